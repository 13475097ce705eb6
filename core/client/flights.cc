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

bool awaits(const Flight& flight, const Flight& proof) {
  const Flight* each = proof.awaited_by;
  while (each != nullptr && each != &flight) each = each->next_awaiting;
  return each != nullptr;
}

// Whether anybody waits for it, or for what awaits it.
bool is_wanted(const Flight& flight) {
  const Flight* each = flight.awaited_by;
  while (each != nullptr && each->waiters == nullptr) each = each->next_awaiting;
  return flight.waiters != nullptr || each != nullptr;
}

bool is_same(const Question& a, const Question& b) {
  return a.row == b.row && a.key == b.key &&
         std::equal(a.rest.begin(), a.rest.end(), b.rest.begin(), b.rest.end());
}

}  // namespace

Flights::~Flights() {
  for (Flight* flight : buckets_) {
    while (flight != nullptr) {
      Flight* const next = flight->next;
      while (take_waiter(*flight)) {
      }
      release(*flight);
      flight = next;
    }
  }
}

// By the cell, so that news of a key finds the flights that it concerns; what is of several keys
// lies apart.
std::size_t Flights::bucket_of(const Ticket& ticket) {
  return ticket.keys.size() == 1 ? ticket.keys.front().cell % several : several;
}

template <class Visit>
void Flights::for_each(Visit&& visit) const {
  for (Flight* first : buckets_) {
    for (Flight* flight = first; flight != nullptr; flight = flight->next) visit(*flight);
  }
}

Flight* Flights::open(const Question& question, const Ticket& ticket, const CommandView* kept) {
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
  Flight*& bucket = buckets_[bucket_of(ticket)];
  flight->next = std::exchange(bucket, flight);
  ++count_;
  return flight;
}

void Flights::close(Flight& flight) {
  PLIMSOLL_CHECK(flight.waiters == nullptr);
  Flight** link = &buckets_[bucket_of(flight.ticket)];
  while (*link != &flight) link = &(*link)->next;
  *link = flight.next;
  --count_;
  release(flight);
}

void Flights::release(Flight& flight) { const Block taken = std::move(flight.block); }

bool Flights::answers(const Flight& flight, const Question& question, const Ticket& ticket,
                      const Cache& cache) {
  if (flight.ticket.hash.low != ticket.hash.low) return false;
  if (flight.waiters == nullptr || flight.has_landed) return false;
  return is_same(flight.question, question) && cache.is_current(flight.ticket);
}

RequestId Flights::add(Flight& flight, Instant deadline, Tag tag) {
  Block block = Block::allocate(account_, sizeof(Waiter));
  if (!block) return 0;
  auto* const waiter =
      new (block.data()) Waiter{.tag = tag, .deadline = deadline, .id = ++last_id_};
  waiter->block = std::move(block);
  if (flight.waiters == nullptr && !flight.awaits_proof) ++flying_count_;
  (flight.waiters == nullptr ? flight.waiters : flight.last_waiter->next) = waiter;
  flight.last_waiter = waiter;
  ++waiters_count_;
  next_deadline_ = std::min(next_deadline_, deadline);
  return waiter->id;
}

void Flights::end_wait(Flight& flight) {
  flight.awaits_proof = false;
  if (flight.waiters != nullptr) ++flying_count_;
}

void Flights::remove(Flight& flight, Waiter*& link) {
  Waiter* const gone = std::exchange(link, link->next);
  if (--waiters_count_ == 0) next_deadline_ = never;
  if (flight.waiters == nullptr && !flight.awaits_proof) --flying_count_;
  if (flight.last_waiter == gone) {
    flight.last_waiter = flight.waiters;
    for (Waiter* at = flight.waiters; at != nullptr; at = at->next) flight.last_waiter = at;
  }
  const Block taken = std::move(gone->block);
}

void Flights::cancel(RequestId id) {
  for_each([&](Flight& flight) {
    if (flight.has_landed) return;
    for (Waiter* waiter = flight.waiters; waiter != nullptr; waiter = waiter->next) {
      if (waiter->id != id || waiter->state != Waiter::State::waiting) continue;
      waiter->state = Waiter::State::cancelled;
      searching_ = true;
    }
  });
}

void Flights::handle_timeout(Instant now) {
  if (now < next_deadline_) return;
  next_deadline_ = never;
  for_each([&](Flight& flight) {
    if (flight.has_landed) return;
    for (Waiter* waiter = flight.waiters; waiter != nullptr; waiter = waiter->next) {
      if (waiter->state != Waiter::State::waiting) continue;
      if (waiter->deadline > now) {
        next_deadline_ = std::min(next_deadline_, waiter->deadline);
        continue;
      }
      waiter->state = Waiter::State::timed_out;
      searching_ = true;
    }
  });
}

// What awaits a proof has no request of its own: that of the proof is given up with the last of
// all.
std::optional<Flights::EndedWaiter> Flights::next_ended() {
  if (!searching_) return std::nullopt;
  std::optional<EndedWaiter> ended;
  for_each([&](Flight& flight) {
    if (ended || flight.has_landed) return;
    for (Waiter** link = &flight.waiters; *link != nullptr; link = &(*link)->next) {
      if ((*link)->state == Waiter::State::waiting) continue;
      ended = {.tag = (*link)->tag, .why = (*link)->state, .flight = &flight, .was_last = false};
      remove(flight, *link);
      if (flight.awaits_proof) {
        Flight* proof = buckets_[several];
        while (proof != nullptr && !awaits(flight, *proof)) proof = proof->next;
        PLIMSOLL_CHECK(proof != nullptr);
        ended->flight = proof;
      }
      ended->was_last = !is_wanted(*ended->flight);
      return;
    }
  });
  searching_ = ended.has_value();
  return ended;
}

std::optional<Tag> Flights::take_waiter(Flight& flight) {
  flight.has_landed = true;
  if (flight.waiters == nullptr) return std::nullopt;
  const Tag tag = flight.waiters->tag;
  remove(flight, flight.waiters);
  return tag;
}

void Flights::update_tickets(const Cache& cache, const Cache::Change& change) {
  if (empty()) return;
  if (change.of_all) {
    for_each([&](Flight& flight) { cache.update(flight.ticket, change); });
    return;
  }
  for (const std::size_t bucket : {change.cell % several, several}) {
    for (Flight* flight = buckets_[bucket]; flight != nullptr; flight = flight->next) {
      cache.update(flight->ticket, change);
    }
  }
}

void Flights::validate() const {
  std::size_t flights = 0;
  std::size_t flying = 0;
  std::size_t waiters = 0;
  for_each([&](const Flight& flight) {
    ++flights;
    if (flight.waiters != nullptr && !flight.awaits_proof) ++flying;
    for (const Waiter* at = flight.waiters; at != nullptr; at = at->next) ++waiters;
  });
  PLIMSOLL_CHECK(flights == count_ && flying == flying_count_ && waiters == waiters_count_);
}

}  // namespace plimsoll
