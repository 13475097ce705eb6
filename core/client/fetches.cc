#include "plimsoll/core/client/fetches.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

using Fetch = Fetches::Fetch;
using Waiter = Fetches::Waiter;
using cache::Cache;
using commands::Question;
using Ticket = Cache::Ticket;

std::size_t text_bytes(const Question& question) {
  std::size_t bytes = question.key.size();
  for (std::string_view word : question.rest) bytes += word.size();
  return bytes;
}

std::size_t fetch_bytes(const Question& question, const Ticket& ticket, std::size_t kept_bytes) {
  return sizeof(Fetch) + ticket.keys.size_bytes() +
         question.rest.size() * sizeof(std::string_view) + text_bytes(question) + kept_bytes;
}

// Copies the ticket's keys to the memory right behind the fetch.
std::span<Ticket::Seen> copy_seen(std::span<const Ticket::Seen> from, Fetch* fetch) {
  static_assert(alignof(Ticket::Seen) <= alignof(Fetch));
  auto* const seen = reinterpret_cast<Ticket::Seen*>(fetch + 1);
  std::uninitialized_copy(from.begin(), from.end(), seen);
  return {seen, from.size()};
}

// Copies the question; its words and texts are stored behind the ticket's keys.
Question copy_question(const Question& from, const Fetch& fetch) {
  const std::span<Ticket::Seen> seen = fetch.ticket.keys;
  static_assert(sizeof(Ticket::Seen) % alignof(std::string_view) == 0);
  auto* const words = reinterpret_cast<std::string_view*>(seen.data() + seen.size());
  char* text = reinterpret_cast<char*>(words + from.rest.size());
  const auto copy = [&text](std::string_view word) {
    if (!word.empty()) std::memcpy(text, word.data(), word.size());
    return std::string_view(std::exchange(text, text + word.size()), word.size());
  };
  Question question = from;
  question.key = copy(from.key);
  for (std::size_t i = 0; i < from.rest.size(); ++i) {
    new (words + i) std::string_view(copy(from.rest[i]));
  }
  question.rest = {words, from.rest.size()};
  if (!from.more_keys.empty()) {
    const auto first = static_cast<std::size_t>(from.more_keys.data() - from.rest.data());
    question.more_keys = question.rest.subspan(first, from.more_keys.size());
  }
  return question;
}

// Whether the fetch, or one that awaits it, has a waiter.
bool is_wanted(const Fetch& fetch) { return fetch.waiters != nullptr || fetch.awaiting_wanted > 0; }

bool is_of_one_key(const Ticket& ticket) { return ticket.keys.size() == 1; }

bool is_same(const Question& a, const Question& b) {
  return a.row == b.row && a.key == b.key &&
         std::equal(a.rest.begin(), a.rest.end(), b.rest.begin(), b.rest.end());
}

}  // namespace

// Different reads of one key must not share a chain, so the hash includes the words behind the key
// (FNV-1a).
std::uint64_t Fetches::hash_of(const Question& question, const Ticket& ticket) {
  constexpr std::uint64_t prime = 1099511628211u;
  std::uint64_t hash = ticket.hash.low ^ question.row;
  for (std::string_view word : question.rest) {
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
    hash = (hash ^ 0x100) * prime;
  }
  return hash ^ hash >> 32;
}

Fetches::~Fetches() {
  by_id_.for_each([](Waiter& waiter) { const Block taken = std::move(waiter.block); });
  by_question_.for_each([](Fetch& fetch) { release(fetch); });
}

Fetch* Fetches::open(const Question& question, std::uint64_t hash, const Ticket& ticket,
                     const CommandView* kept) {
  const std::size_t kept_bytes = kept == nullptr ? 0 : encoded_size(*kept);
  const std::size_t bytes = fetch_bytes(question, ticket, kept_bytes);
  Block block = Block::allocate(account_, bytes);
  if (!block) return nullptr;
  auto* const fetch = new (block.data()) Fetch{.ticket = ticket, .question = {}};
  if (kept != nullptr) {
    char* const command = static_cast<char*>(block.data()) + bytes - kept_bytes;
    encode(*kept, command);
    fetch->command = {command, kept_bytes};
  }
  fetch->block = std::move(block);
  fetch->ticket.keys = copy_seen(ticket.keys, fetch);
  fetch->question = copy_question(question, *fetch);
  fetch->question_hash = hash;
  by_question_.add(*fetch);
  if (is_of_one_key(ticket)) {
    fetch->cell = ticket.keys.front().cell;
    by_cell_.add(*fetch);
  } else {
    ByCell::push(several_, *fetch);
  }
  return fetch;
}

void Fetches::close(Fetch& fetch) {
  PLIMSOLL_CHECK(fetch.waiters == nullptr);
  by_question_.remove(fetch);
  is_of_one_key(fetch.ticket) ? by_cell_.remove(fetch) : ByCell::unlink(fetch);
  release(fetch);
}

void Fetches::release(Fetch& fetch) { const Block taken = std::move(fetch.block); }

Fetch* Fetches::newest(const Question& question, std::uint64_t hash, const Ticket& ticket) {
  Fetch* fetch = by_question_.first(hash);
  for (; fetch != nullptr; fetch = ByQuestion::next(*fetch)) {
    ++steps_;
    if (fetch->ticket.hash.low != ticket.hash.low) continue;
    if (is_same(fetch->question, question)) break;
  }
  return fetch;
}

void Fetches::seal() {
  by_question_.for_each([](Fetch& fetch) { fetch.is_sealed = true; });
}

RequestId Fetches::add(Fetch& fetch, Instant deadline, Tag tag) {
  Block block = Block::allocate(account_, sizeof(Waiter));
  if (!block) return 0;
  auto* const waiter = new (block.data()) Waiter{.previous = fetch.last_waiter,
                                                 .fetch = &fetch,
                                                 .tag = tag,
                                                 .deadline = deadline,
                                                 .id = last_id_ + 1};
  if (deadline != never && !deadlines_.add(*waiter)) {
    block.discard();
    return 0;
  }
  waiter->block = std::move(block);
  ++last_id_;
  by_id_.add(*waiter);
  if (fetch.waiters == nullptr) note_wanted(fetch);
  (fetch.waiters == nullptr ? fetch.waiters : fetch.last_waiter->next) = waiter;
  fetch.last_waiter = waiter;
  return waiter->id;
}

// A fetch that awaits a proof has no request of its own: it needs the request of the proof.
void Fetches::note_wanted(Fetch& fetch) {
  ++(fetch.awaited == nullptr ? wanted_count_ : fetch.awaited->awaiting_wanted);
}

void Fetches::note_unwanted(Fetch& fetch) {
  --(fetch.awaited == nullptr ? wanted_count_ : fetch.awaited->awaiting_wanted);
}

void Fetches::begin_wait(Fetch& fetch, Fetch& proof) {
  PLIMSOLL_CHECK(fetch.waiters == nullptr && fetch.awaited == nullptr);
  fetch.awaited = &proof;
}

// The proof may be freed already, so this must not read it.
void Fetches::end_wait(Fetch& fetch) {
  fetch.awaited = nullptr;
  fetch.asks_again = false;
  if (fetch.waiters != nullptr) ++wanted_count_;
}

void Fetches::remove(Waiter& waiter) {
  Fetch& fetch = *waiter.fetch;
  (waiter.previous == nullptr ? fetch.waiters : waiter.previous->next) = waiter.next;
  (waiter.next == nullptr ? fetch.last_waiter : waiter.next->previous) = waiter.previous;
  if (fetch.waiters == nullptr) note_unwanted(fetch);
  if (waiter.state != Waiter::State::waiting) take_from_ended(waiter);
  if (waiter.place != DeadlineHeap<Waiter>::nowhere) deadlines_.remove(waiter);
  by_id_.remove(waiter);
  const Block taken = std::move(waiter.block);
}

void Fetches::let_go(Waiter& waiter, Waiter::State why) {
  ++steps_;
  waiter.state = why;
  waiter.previous_ended = last_ended_;
  (last_ended_ == nullptr ? first_ended_ : last_ended_->next_ended) = &waiter;
  last_ended_ = &waiter;
}

void Fetches::take_from_ended(Waiter& waiter) {
  Waiter* const next = waiter.next_ended;
  Waiter* const previous = waiter.previous_ended;
  (previous == nullptr ? first_ended_ : previous->next_ended) = next;
  (next == nullptr ? last_ended_ : next->previous_ended) = previous;
}

// Once a fetch is completed, its outcome is delivered to all its waiters: cancel() comes too late.
void Fetches::cancel(RequestId id) {
  Waiter* waiter = by_id_.first(id);
  for (; waiter != nullptr && waiter->id != id; waiter = ById::next(*waiter)) ++steps_;
  if (waiter == nullptr || waiter->fetch->is_completed) return;
  if (waiter->state == Waiter::State::waiting) let_go(*waiter, Waiter::State::cancelled);
}

void Fetches::handle_timeout(Instant now) {
  for (Waiter* waiter; (waiter = deadlines_.first()) != nullptr && waiter->deadline <= now;) {
    deadlines_.remove(*waiter);
    if (waiter->fetch->is_completed || waiter->state != Waiter::State::waiting) continue;
    let_go(*waiter, Waiter::State::timed_out);
  }
}

std::optional<Fetches::EndedWaiter> Fetches::next_ended() {
  Waiter* waiter = first_ended_;
  for (; waiter != nullptr && waiter->fetch->is_completed; waiter = waiter->next_ended) ++steps_;
  if (waiter == nullptr) return std::nullopt;
  ++steps_;
  Fetch& fetch = *waiter->fetch;
  EndedWaiter ended{.tag = waiter->tag,
                    .why = waiter->state,
                    .fetch = fetch.awaited == nullptr ? &fetch : fetch.awaited,
                    .was_last = false};
  remove(*waiter);
  ended.was_last = !is_wanted(*ended.fetch);
  return ended;
}

std::optional<Tag> Fetches::take_waiter(Fetch& fetch) {
  fetch.is_completed = true;
  if (fetch.waiters == nullptr) return std::nullopt;
  const Tag tag = fetch.waiters->tag;
  remove(*fetch.waiters);
  return tag;
}

// If CLIENT CACHING fails, the read is not tracked, so its reply is not stored. PTTL returns the
// milliseconds that are left, -1 if the key does not expire, -2 if it does not exist, or an error
// if the user may not call PTTL or the server does not know it. Unless it is a time, only entry_ttl
// limits the entry.
void Fetches::take_part(const Event& event) {
  Fetch& fetch = fetch_of(event.tag);
  if (event.answers_owed >= fetch.asked.answers()) return;  // to ASKING
  const std::optional<std::size_t> number = fetch.asked.expiry_asked(event.answers_owed);
  if (!number) {
    if (event.error != nullptr) fetch.ticket.is_storable = false;
    return;
  }
  cache::Cache::Ticket::Seen& key = fetch.ticket.keys[*number];
  key.has_expiry = true;
  const Result<std::int64_t> left = event.value->as_integer();
  if (!left || *left < 0) return;
  // Counts from the time before PTTL was sent, so that the entry expires too early rather than too
  // late.
  const auto left_max = std::chrono::duration_cast<std::chrono::milliseconds>(Duration::max());
  const auto time = std::chrono::milliseconds(std::min<std::int64_t>(*left, left_max.count()));
  key.expires_at = after(fetch.ticket.began_at, time);
}

void Fetches::update_tickets(const Cache& cache, const Cache::Change& change, NodeNumber node) {
  if (empty()) return;
  if (change.of_all) {
    by_question_.for_each([&](Fetch& fetch) { cache.update(fetch.ticket, change); });
    return;
  }
  for (Fetch* first : {by_cell_.first(change.cell), several_}) {
    for (Fetch* fetch = first; fetch != nullptr; fetch = ByCell::next(*fetch)) {
      ++steps_;
      // Some of the nodes may have answered such an MGET before the change.
      const bool is_behind = fetch->node == node && !fetch->is_scattered;
      if (is_behind) cache.update(fetch->ticket, change);
    }
  }
}

void Fetches::forbid_storing() {
  by_question_.for_each([](Fetch& fetch) { fetch.ticket.is_storable = false; });
}

void Fetches::validate() const {
  std::size_t wanted = 0;
  std::size_t waiters = 0;
  by_question_.for_each([&](const Fetch& fetch) {
    if (fetch.waiters != nullptr && fetch.awaited == nullptr) ++wanted;
    const Waiter* previous = nullptr;
    for (const Waiter* at = fetch.waiters; at != nullptr; previous = at, at = at->next) {
      PLIMSOLL_CHECK(at->previous == previous && at->fetch == &fetch);
      ++waiters;
    }
    PLIMSOLL_CHECK(fetch.waiters == nullptr || fetch.last_waiter == previous);
  });
  PLIMSOLL_CHECK(wanted == wanted_count_ && waiters == by_id_.size());
}

}  // namespace plimsoll::inline v0
