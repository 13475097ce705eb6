#include <algorithm>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/node_caches.h"

// The proofs that callers ask NearCache for. A proof (open_proof()) is a fetch whose request is a
// PING. Callers join it until its PING is sent, so one PING serves all callers that ask at about
// the same time.

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_memory{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool has no memory for a call that waits for a proof"};

}  // namespace

// Without tracking, or while the client closes, no entry is vouched for, so the proof is immediate
// (open_proof()).
Result<RequestId> NearCache::prove(Instant now, Instant deadline, Tag tag) {
  if (main_.state() == Session::State::closed) return main_.refusal();
  if (!has_room_to_wait()) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many requests are under way",
                 .value = servers_.in_flight() + waiters_count(),
                 .limit = main_.options().inflight_requests_limit};
  }
  const auto proof = servers_.cluster() != nullptr ? open_barrier(now) : open_proof(now);
  if (!proof) return proof.error();
  const RequestId id = fetches_.add(**proof, deadline, tag);
  servers_.note_waiters(waiters_count());
  return id == 0 ? Result<RequestId>(no_memory) : id;
}

Result<Fetches::Fetch*> NearCache::open_proof(Instant now) {
  if (proof_ != nullptr && !main_.was_exposed(proof_->request)) {
    proof_->ticket.began_at = std::max(proof_->ticket.began_at, now);
    proof_->ticket.mark = cache_.next_mark();
    return proof_;
  }
  cache::Cache::Ticket ticket;
  ticket.began_at = now;
  ticket.mark = cache_.next_mark();
  Fetches::Fetch* const proof = fetches_.open({}, Fetches::hash_of({}, ticket), ticket);
  if (proof == nullptr) return no_memory;
  if (!connection_.is_tracked()) {
    // The next connection may lead to a cache that has not heard of all this yet.
    note_side_delivery();
    if (resumption_) resumption_->want_proof(ticket.mark);
    proof->next_awaiting = std::exchange(asked_again_, proof);
    return proof;
  }
  const Result<RequestId> request =
      main_.submit(CommandView::from_encoded(encoded_ping), never, Fetches::tag_of(*proof));
  if (!request) {
    fetches_.close(*proof);
    return request.error();
  }
  proof->request = *request;
  proof->rounds_left = is_broadcast() ? 1 : 0;
  proof_ = proof;
  return proof;
}

// In a cluster: a proof of all nodes. It has no request of its own.
Result<Fetches::Fetch*> NearCache::open_barrier(Instant now) {
  cache::Cache::Ticket ticket;
  ticket.began_at = now;
  ticket.mark = cache_.next_mark();
  Fetches::Fetch* const barrier = fetches_.open({}, Fetches::hash_of({}, ticket), ticket);
  if (barrier == nullptr) return no_memory;
  servers_.cluster()->note_questions(now);
  nodes_->want_proof(ticket.mark, now);
  (barriers_ == nullptr ? barriers_ : last_barrier_->next_awaiting) = barrier;
  last_barrier_ = barrier;
  ++barriers_count_;
  return barrier;
}

// The marks of barriers ascend, so those that are proved are in front.
void NearCache::end_barriers() {
  while (barriers_ != nullptr && nodes_->has_proved(barriers_->ticket.mark)) {
    Fetches::Fetch& proved = *std::exchange(barriers_, barriers_->next_awaiting);
    proved.next_awaiting = std::exchange(asked_again_, &proved);
    --barriers_count_;
  }
}

// Returns nothing if there is no room to await a proof.
std::optional<RequestId> NearCache::await_proof(const commands::Question& question,
                                                std::uint64_t hash,
                                                const cache::Cache::Ticket& ticket,
                                                const CommandView& command, Instant now,
                                                Instant deadline, Tag tag) {
  const Result<Fetches::Fetch*> proof = open_proof(now);
  if (!proof) return std::nullopt;
  Fetches::Fetch* const fetch = fetches_.open(question, hash, ticket, &command);
  if (fetch == nullptr) return std::nullopt;
  fetches_.begin_wait(*fetch, **proof);
  const RequestId id = fetches_.add(*fetch, deadline, tag);
  if (id == 0) {
    fetches_.close(*fetch);
    return std::nullopt;
  }
  fetch->next_awaiting = std::exchange((*proof)->awaited_by, fetch);
  servers_.note_waiters(waiters_count());
  return id;
}

// If the connection was lost, its entries are out of reach, so there is nothing to prove and the
// proof succeeds. Those that come back are proved behind it (Resumption::want_proof()).
std::optional<Event> NearCache::complete_proof(const Event& event, Fetches::Fetch& proof) {
  follow_session();
  if (proof_ == &proof) proof_ = nullptr;
  outcome_ = Event{.kind = Event::Kind::completed, .tag = event.tag};
  if (!event.value) {
    if (connection_.is_tracked()) outcome_ = event;
  } else {
    connection_.handle_reply_to(proof.request);
    if (proof.rounds_left > 0 && connection_.is_tracked()) {
      --proof.rounds_left;
      const Result<RequestId> request =
          main_.submit(CommandView::from_encoded(encoded_ping), never, event.tag);
      if (request) {
        proof.request = *request;
        outcome_.reset();
        return poll_event();
      }
      error_ = request.error();
      outcome_ = Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &error_};
    } else {
      connection_.prove_until(staging_of(proof));
    }
  }
  note_barrier(proof);
  completed_ = &proof;
  return poll_event();
}

// What the primaries' connections vouch for is proved. What replicas vouch for is served again once
// they are proved to have what the primary had then: nobody waits for one that is
// behind.
void NearCache::note_barrier(const Fetches::Fetch& proof) {
  if (!servers_.reads_replicas() || proof.waiters == nullptr) return;
  barrier_ = std::max(barrier_.load(), proof.ticket.mark);
  side_delivery_ = std::max(side_delivery_.load(), proof.ticket.mark);
}

// All fetches that awaited this proof ask again, whatever its outcome was. They are put in front of
// the chain `asked_again_`, so that this walks only over the fetches of this proof.
void NearCache::end_proof(Fetches::Fetch& proof) {
  Fetches::Fetch* last = nullptr;
  for (auto* each = proof.awaited_by; each != nullptr; each = each->next_awaiting) {
    each->asks_again = true;
    last = each;
  }
  if (last == nullptr) return;
  last->next_awaiting = asked_again_;
  asked_again_ = std::exchange(proof.awaited_by, nullptr);
}

void NearCache::ask_again(Fetches::Fetch& fetch) {
  const bool is_proof = fetch.question.row == 0;
  if (!is_proof) fetches_.end_wait(fetch);
  if (fetch.waiters == nullptr) {
    fetches_.close(fetch);
    servers_.note_waiters(waiters_count());
    return;
  }
  if (is_proof) {
    note_barrier(fetch);
    outcome_ = Event{.kind = Event::Kind::completed};
  } else if (!take_from_cache(fetch)) {
    CommandView command = CommandView::from_encoded(fetch.command);
    command.effect = CommandView::Effect::read;
    fetch.asked.asks_proof = wants_proof({.after = fetch.ticket.mark});
    const Staged staged = TrackedConnection::about_to_stage(cache_, main_.now());
    const Result<RequestId> request = submit_fetch(fetch, command);
    if (request) return note_request(fetch, *request, staged);
    error_ = request.error();
    outcome_ = Event{.kind = Event::Kind::failed, .error = &error_};
  }
  completed_ = &fetch;
}

bool NearCache::take_from_cache(Fetches::Fetch& fetch) {
  cache::Cache::Reader wanted = reader({.after = fetch.ticket.mark});
  wanted.scratch = &replies_;
  wanted.is_counted = true;
  const bool found =
      cache_.visit(wanted, fetch.question, main_.now(), [this](std::string_view wire) {
        cached_ = Block::allocate(replies_, wire.size());
        if (cached_) copy_bytes(wire, static_cast<char*>(cached_.data()));
        return static_cast<bool>(cached_);
      });
  if (!found) return false;
  const Result<Value> value = cached_reader_.read(cached_reply());
  if (!value) {
    cached_.reset();  // otherwise keep_reply() would return these bytes as the next caller's reply
    return false;
  }
  outcome_ = Event{.kind = Event::Kind::completed, .value = *value};
  return true;
}

}  // namespace plimsoll::inline v0
