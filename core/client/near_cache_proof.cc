#include <algorithm>
#include <utility>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/core/client/near_cache.h"

// Until when a connection has brought all that it has to say. Its replies prove that by the way,
// one PING in half a lease does where there are none, and one PING for all who ask at a time does
// where somebody wants to know: a flight that asks nothing. It is joined as long as it has not
// left.

namespace plimsoll {
namespace {

constexpr std::string_view encoded_ping = "*1\r\n$4\r\nPING\r\n";

constexpr Error no_memory{.code = ErrorCode::rejected_by_limit,
                          .what = "the requests pool has no memory for one who waits for a proof"};

CommandView ping() { return CommandView::from_encoded(encoded_ping); }

}  // namespace

bool NearCache::is_broadcast() const {
  return main_.options().tracking.method == TrackingOptions::Method::broadcast;
}

void NearCache::prove_until(const Staged& staged) {
  if (tracked_) cache_.generations().prove(slot_, staged.at, staged.mark);
}

void NearCache::note_request(RequestId id, const Staged& staged) {
  if (!tracked_ || probe_) return;
  probe_ = id;
  probe_staged_ = staged;
}

// All that was said before the probe was staged has been heard. Broadcasts come behind all replies
// of the server's turn: there, one more answer must have come.
void NearCache::handle_reply_to(RequestId id) {
  if (!probe_ || id < *probe_) return;
  probe_.reset();
  const Staged before = std::exchange(proved_before_, probe_staged_);
  prove_until(is_broadcast() ? before : probe_staged_);
}

void NearCache::ask_for_proof(Instant now) {
  asked_at_ = now;
  const RequestId next = main_.staged_until();
  const Staged staged = about_to_stage(now);
  if (!main_.submit_own(ping(), own_proof)) return;
  probe_ = next;
  probe_staged_ = staged;
}

// A probe without a reply proves nothing. The lease may have come due while the probe was under
// way: unless a PING is sent now, poll_timeout() would stay in the past.
void NearCache::give_up_probe() {
  probe_.reset();
  if (main_.now() >= next_proof()) ask_for_proof(main_.now());
}

// In time before the lease ends; but not all the time, where there is no room for a PING.
Instant NearCache::next_proof() const {
  if (!tracked_ || probe_) return never;
  const Duration half = cache_.options().coherence_lease / 2;
  return after(std::max(cache_.generations().proved_at(slot_), asked_at_), half);
}

bool NearCache::has_room_to_wait() const {
  const std::size_t places = main_.options().inflight_requests_limit;
  return main_.in_flight() + flights_.joined_count() < places;
}

// Without tracking nothing is vouched for that would want proof; nor is it by a client that closes.
Result<RequestId> NearCache::prove(Instant now, Instant deadline, Tag tag) {
  if (main_.state() == Session::State::closed) return main_.refusal();
  if (!has_room_to_wait()) {
    return Error{.code = ErrorCode::rejected_by_limit,
                 .what = "too many requests are under way",
                 .value = main_.in_flight() + flights_.joined_count(),
                 .limit = main_.options().inflight_requests_limit};
  }
  const Result<Flights::Flight*> proof = open_proof(now);
  if (!proof) return proof.error();
  const RequestId id = flights_.add(**proof, deadline, tag);
  main_.take_places(flights_.joined_count());
  return id == 0 ? Result<RequestId>(no_memory) : id;
}

Result<Flights::Flight*> NearCache::open_proof(Instant now) {
  if (proof_ != nullptr && !main_.was_exposed(proof_->request)) {
    proof_->ticket.began_at = std::max(proof_->ticket.began_at, now);
    proof_->ticket.mark = cache_.next_mark();
    return proof_;
  }
  cache::Cache::Ticket ticket;
  ticket.began_at = now;
  ticket.mark = cache_.next_mark();
  Flights::Flight* const proof = flights_.open({}, Flights::hash_of({}, ticket), ticket);
  if (proof == nullptr) return no_memory;
  if (!tracked_) {
    proof->next_awaiting = std::exchange(asked_again_, proof);
    return proof;
  }
  const Result<RequestId> request = main_.submit(ping(), never, Flights::tag_of(*proof));
  if (!request) {
    flights_.close(*proof);
    return request.error();
  }
  proof->request = *request;
  proof->rounds_left = is_broadcast() ? 1 : 0;
  proof_ = proof;
  return proof;
}

// None where there is no room for that.
std::optional<RequestId> NearCache::await_proof(const commands::Question& question,
                                                std::uint64_t hash,
                                                const cache::Cache::Ticket& ticket,
                                                const CommandView& command, Instant now,
                                                Instant deadline, Tag tag) {
  const Result<Flights::Flight*> proof = open_proof(now);
  if (!proof) return std::nullopt;
  Flights::Flight* const flight = flights_.open(question, hash, ticket, &command);
  if (flight == nullptr) return std::nullopt;
  flights_.begin_wait(*flight, **proof);
  const RequestId id = flights_.add(*flight, deadline, tag);
  if (id == 0) {
    flights_.close(*flight);
    return std::nullopt;
  }
  flight->next_awaiting = std::exchange((*proof)->awaited_by, flight);
  main_.take_places(flights_.joined_count());
  return id;
}

// What the connection said is over when the connection is: then there is nothing left to prove.
std::optional<Event> NearCache::land_proof(const Event& event, Flights::Flight& proof) {
  follow_session();
  if (proof_ == &proof) proof_ = nullptr;
  landing_ = Event{.kind = Event::Kind::completed, .tag = event.tag};
  if (!event.value) {
    if (tracked_) landing_ = event;
  } else {
    handle_reply_to(proof.request);
    if (proof.rounds_left > 0 && tracked_) {
      --proof.rounds_left;
      const Result<RequestId> request = main_.submit(ping(), never, event.tag);
      if (request) {
        proof.request = *request;
        landing_.reset();
        return poll_event();
      }
      error_ = request.error();
      landing_ = Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &error_};
    } else {
      prove_until(staging_of(proof));
    }
  }
  landed_ = &proof;
  return poll_event();
}

// Those who waited for it ask once more, whatever came of it: before those who do so already, over
// whom no flight that lands has to walk then.
void NearCache::end_proof(Flights::Flight& proof) {
  Flights::Flight* last = nullptr;
  for (auto* each = proof.awaited_by; each != nullptr; each = each->next_awaiting) {
    each->asks_again = true;
    last = each;
  }
  if (last == nullptr) return;
  last->next_awaiting = asked_again_;
  asked_again_ = std::exchange(proof.awaited_by, nullptr);
}

void NearCache::ask_again(Flights::Flight& flight) {
  const bool is_proof = flight.question.row == 0;
  if (!is_proof) flights_.end_wait(flight);
  if (flight.waiters == nullptr) {
    flights_.close(flight);
    main_.take_places(flights_.joined_count());
    return;
  }
  if (is_proof) {
    landing_ = Event{.kind = Event::Kind::completed};
  } else if (!take_from_cache(flight)) {
    CommandView command = CommandView::from_encoded(flight.command);
    command.effect = CommandView::Effect::read;
    const Staged staged = about_to_stage(main_.now());
    const Result<RequestId> request = submit_flight(flight, command);
    if (request) {
      flight.request = *request;
      return note_request(*request, staged);
    }
    error_ = request.error();
    landing_ = Event{.kind = Event::Kind::failed, .error = &error_};
  }
  landed_ = &flight;
}

bool NearCache::take_from_cache(Flights::Flight& flight) {
  cache::Cache::Reader wanted = reader({.after = flight.ticket.mark});
  wanted.scratch = &replies_;
  wanted.is_counted = true;
  const bool found =
      cache_.visit(wanted, flight.question, main_.now(), [this](std::string_view wire) {
        cached_ = Block::allocate(replies_, wire.size());
        if (cached_) copy_bytes(wire, static_cast<char*>(cached_.data()));
        return static_cast<bool>(cached_);
      });
  if (!found) return false;
  const Result<Value> value = cached_reader_.read(cached_reply());
  if (!value) {
    cached_.reset();  // or whoever is told next would be given it as his reply
    return false;
  }
  landing_ = Event{.kind = Event::Kind::completed, .value = *value};
  return true;
}

}  // namespace plimsoll
