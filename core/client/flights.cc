#include "plimsoll/core/client/flights.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "plimsoll/core/base/check.h"

namespace plimsoll {
namespace {

using Flight = Flights::Flight;
using Waiter = Flights::Waiter;
using cache::Cache;
using commands::Question;
using Ticket = Cache::Ticket;

std::size_t text_bytes(const Question& question) {
  std::size_t bytes = question.key.size();
  for (std::string_view word : question.rest) bytes += word.size();
  return bytes;
}

std::size_t flight_bytes(const Question& question, const Ticket& ticket, std::size_t kept_bytes) {
  return sizeof(Flight) + ticket.keys.size_bytes() +
         question.rest.size() * sizeof(std::string_view) + text_bytes(question) + kept_bytes;
}

// A copy of what a ticket has seen of its keys, right behind the flight.
std::span<Ticket::Seen> copy_seen(std::span<const Ticket::Seen> from, Flight* flight) {
  static_assert(alignof(Ticket::Seen) <= alignof(Flight));
  auto* const seen = reinterpret_cast<Ticket::Seen*>(flight + 1);
  std::uninitialized_copy(from.begin(), from.end(), seen);
  return {seen, from.size()};
}

// A copy of the question, whose words and texts lie behind that.
Question copy_question(const Question& from, const Flight& flight) {
  const std::span<Ticket::Seen> seen = flight.ticket.keys;
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

// Whether anybody waits for the flight, or for one that awaits it.
bool is_wanted(const Flight& flight) {
  return flight.waiters != nullptr || flight.awaiting_wanted > 0;
}

bool is_of_one_key(const Ticket& ticket) { return ticket.keys.size() == 1; }

bool is_same(const Question& a, const Question& b) {
  return a.row == b.row && a.key == b.key &&
         std::equal(a.rest.begin(), a.rest.end(), b.rest.begin(), b.rest.end());
}

}  // namespace

// Reads of one key that differ must not lie on one chain: FNV-1a of the words behind it.
std::uint64_t Flights::hash_of(const Question& question, const Ticket& ticket) {
  constexpr std::uint64_t prime = 1099511628211u;
  std::uint64_t hash = ticket.hash.low ^ question.row;
  for (std::string_view word : question.rest) {
    for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * prime;
    hash = (hash ^ 0x100) * prime;
  }
  return hash ^ hash >> 32;
}

Flights::~Flights() {
  by_id_.for_each([](Waiter& waiter) { const Block taken = std::move(waiter.block); });
  by_question_.for_each([](Flight& flight) { release(flight); });
}

Flight* Flights::open(const Question& question, std::uint64_t hash, const Ticket& ticket,
                      const CommandView* kept) {
  const std::size_t kept_bytes = kept == nullptr ? 0 : encoded_size(*kept);
  const std::size_t bytes = flight_bytes(question, ticket, kept_bytes);
  Block block = Block::allocate(account_, bytes);
  if (!block) return nullptr;
  auto* const flight = new (block.data()) Flight{.ticket = ticket, .question = {}};
  if (kept != nullptr) {
    char* const command = static_cast<char*>(block.data()) + bytes - kept_bytes;
    encode(*kept, command);
    flight->command = {command, kept_bytes};
  }
  flight->block = std::move(block);
  flight->ticket.keys = copy_seen(ticket.keys, flight);
  flight->question = copy_question(question, *flight);
  flight->question_hash = hash;
  by_question_.add(*flight);
  if (is_of_one_key(ticket)) {
    flight->cell = ticket.keys.front().cell;
    by_cell_.add(*flight);
  } else {
    ByCell::push(several_, *flight);
  }
  return flight;
}

void Flights::close(Flight& flight) {
  PLIMSOLL_CHECK(flight.waiters == nullptr);
  by_question_.remove(flight);
  is_of_one_key(flight.ticket) ? by_cell_.remove(flight) : ByCell::unlink(flight);
  release(flight);
}

void Flights::release(Flight& flight) { const Block taken = std::move(flight.block); }

Flight* Flights::newest(const Question& question, std::uint64_t hash, const Ticket& ticket) {
  Flight* flight = by_question_.first(hash);
  for (; flight != nullptr; flight = ByQuestion::next(*flight)) {
    ++steps_;
    if (flight->ticket.hash.low != ticket.hash.low) continue;
    if (is_same(flight->question, question)) break;
  }
  return flight;
}

void Flights::seal() {
  by_question_.for_each([](Flight& flight) { flight.is_sealed = true; });
}

RequestId Flights::add(Flight& flight, Instant deadline, Tag tag) {
  Block block = Block::allocate(account_, sizeof(Waiter));
  if (!block) return 0;
  auto* const waiter = new (block.data()) Waiter{.previous = flight.last_waiter,
                                                 .flight = &flight,
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
  if (flight.waiters == nullptr) note_wanted(flight);
  (flight.waiters == nullptr ? flight.waiters : flight.last_waiter->next) = waiter;
  flight.last_waiter = waiter;
  return waiter->id;
}

// A flight that awaits a proof has no request of its own: it needs the request of the proof.
void Flights::note_wanted(Flight& flight) {
  ++(flight.awaited == nullptr ? flying_count_ : flight.awaited->awaiting_wanted);
}

void Flights::note_unwanted(Flight& flight) {
  --(flight.awaited == nullptr ? flying_count_ : flight.awaited->awaiting_wanted);
}

void Flights::begin_wait(Flight& flight, Flight& proof) {
  PLIMSOLL_CHECK(flight.waiters == nullptr && flight.awaited == nullptr);
  flight.awaited = &proof;
}

// The proof may be gone.
void Flights::end_wait(Flight& flight) {
  flight.awaited = nullptr;
  flight.asks_again = false;
  if (flight.waiters != nullptr) ++flying_count_;
}

void Flights::remove(Waiter& waiter) {
  Flight& flight = *waiter.flight;
  (waiter.previous == nullptr ? flight.waiters : waiter.previous->next) = waiter.next;
  (waiter.next == nullptr ? flight.last_waiter : waiter.next->previous) = waiter.previous;
  if (flight.waiters == nullptr) note_unwanted(flight);
  if (waiter.state != Waiter::State::waiting) take_from_ended(waiter);
  if (waiter.place != DeadlineHeap<Waiter>::nowhere) deadlines_.remove(waiter);
  by_id_.remove(waiter);
  const Block taken = std::move(waiter.block);
}

void Flights::let_go(Waiter& waiter, Waiter::State why) {
  ++steps_;
  waiter.state = why;
  waiter.previous_ended = last_ended_;
  (last_ended_ == nullptr ? first_ended_ : last_ended_->next_ended) = &waiter;
  last_ended_ = &waiter;
}

void Flights::take_from_ended(Waiter& waiter) {
  Waiter* const next = waiter.next_ended;
  Waiter* const previous = waiter.previous_ended;
  (previous == nullptr ? first_ended_ : previous->next_ended) = next;
  (next == nullptr ? last_ended_ : next->previous_ended) = previous;
}

// The waiters of a completed flight are told its outcome, not their own end.
void Flights::cancel(RequestId id) {
  Waiter* waiter = by_id_.first(id);
  for (; waiter != nullptr && waiter->id != id; waiter = ById::next(*waiter)) ++steps_;
  if (waiter == nullptr || waiter->flight->is_completed) return;
  if (waiter->state == Waiter::State::waiting) let_go(*waiter, Waiter::State::cancelled);
}

void Flights::handle_timeout(Instant now) {
  for (Waiter* waiter; (waiter = deadlines_.first()) != nullptr && waiter->deadline <= now;) {
    deadlines_.remove(*waiter);
    if (waiter->flight->is_completed || waiter->state != Waiter::State::waiting) continue;
    let_go(*waiter, Waiter::State::timed_out);
  }
}

std::optional<Flights::EndedWaiter> Flights::next_ended() {
  Waiter* waiter = first_ended_;
  for (; waiter != nullptr && waiter->flight->is_completed; waiter = waiter->next_ended) ++steps_;
  if (waiter == nullptr) return std::nullopt;
  ++steps_;
  Flight& flight = *waiter->flight;
  EndedWaiter ended{.tag = waiter->tag,
                    .why = waiter->state,
                    .flight = flight.awaited == nullptr ? &flight : flight.awaited,
                    .was_last = false};
  remove(*waiter);
  ended.was_last = !is_wanted(*ended.flight);
  return ended;
}

std::optional<Tag> Flights::take_waiter(Flight& flight) {
  flight.is_completed = true;
  if (flight.waiters == nullptr) return std::nullopt;
  const Tag tag = flight.waiters->tag;
  remove(*flight.waiters);
  return tag;
}

void Flights::update_tickets(const Cache& cache, const Cache::Change& change) {
  if (empty()) return;
  if (change.of_all) {
    by_question_.for_each([&](Flight& flight) { cache.update(flight.ticket, change); });
    return;
  }
  for (Flight* first : {by_cell_.first(change.cell), several_}) {
    for (Flight* flight = first; flight != nullptr; flight = ByCell::next(*flight)) {
      ++steps_;
      cache.update(flight->ticket, change);
    }
  }
}

void Flights::validate() const {
  std::size_t flying = 0;
  std::size_t waiters = 0;
  by_question_.for_each([&](const Flight& flight) {
    if (flight.waiters != nullptr && flight.awaited == nullptr) ++flying;
    const Waiter* previous = nullptr;
    for (const Waiter* at = flight.waiters; at != nullptr; previous = at, at = at->next) {
      PLIMSOLL_CHECK(at->previous == previous && at->flight == &flight);
      ++waiters;
    }
    PLIMSOLL_CHECK(flight.waiters == nullptr || flight.last_waiter == previous);
  });
  PLIMSOLL_CHECK(flying == flying_count_ && waiters == by_id_.size());
}

}  // namespace plimsoll
