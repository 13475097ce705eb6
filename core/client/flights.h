#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/fetch_request.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/session/session.h"

// The reads of one client that are being fetched for its cache. A later read of the same waits for
// the reply of the one that is under way, as long as nothing is known to have changed meanwhile:
// one request, any number of waiters, each with its own deadline and its own end. The request lives
// as long as anybody waits for it. What a flight and its waiters take is charged to the requests
// account.

namespace plimsoll {

/// Tags of flights are their addresses behind this; no user's tag is so large.
inline constexpr Tag flight_tag_first = parts_told_first;

class Flights {
 public:
  struct Waiter {
    enum class State : std::uint8_t { waiting, cancelled, timed_out };
    Waiter* next = nullptr;
    Tag tag = 0;
    Instant deadline = never;
    RequestId id = 0;
    State state = State::waiting;
    Block block{};  // that this lies in
  };

  struct Flight {
    Flight* next = nullptr;  // in its bucket
    cache::Cache::Ticket ticket;
    commands::Question question;  // of words that lie behind this, as the ticket's keys do
    FetchRequest asked{};         // what `request` is made of
    RequestId request = 0;
    Waiter* waiters = nullptr;  // in the order of coming
    Waiter* last_waiter = nullptr;
    bool has_landed = false;  // its outcome is being told

    // A proof (near_cache_proof.cc) is a flight that asks nothing: of row 0. Others may wait for it
    // rather than for a reply of their own, as a chain, and have their command kept encoded.
    std::uint8_t rounds_left = 0;  // of a proof: round trips after this one
    Flight* awaited_by = nullptr;
    Flight* next_awaiting = nullptr;
    bool awaits_proof = false;
    std::string_view command{};

    Block block{};  // that this lies in
  };

  explicit Flights(Account& requests) : account_(requests) {}
  ~Flights();
  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;

  bool empty() const { return count_ == 0; }

  /// Waiters beyond the first of each request: those that the pipeline does not know.
  std::size_t joined_count() const { return waiters_count_ - flying_count_; }

  /// A flight of this question, with one waiter still to be added; null: no memory. `kept`: its
  /// command, where it is not sent yet.
  Flight* open(const commands::Question& question, const cache::Cache::Ticket& ticket,
               const CommandView* kept = nullptr);
  /// Of one that nobody waits for.
  void close(Flight& flight);

  /// The flight that a read of this, which would have that ticket, may join: under way, not
  /// overtaken, and one that `suits(flight)`.
  template <class Suits>
  Flight* find(const commands::Question& question, const cache::Cache::Ticket& ticket,
               const cache::Cache& cache, Suits&& suits) {
    Flight* flight = buckets_[bucket_of(ticket)];
    while (flight != nullptr && !(answers(*flight, question, ticket, cache) && suits(*flight))) {
      flight = flight->next;
    }
    return flight;
  }

  /// One more who waits; 0: no memory.
  RequestId add(Flight& flight, Instant deadline, Tag tag);

  static Tag tag_of(const Flight& flight) {
    return flight_tag_first | static_cast<Tag>(reinterpret_cast<std::uintptr_t>(&flight));
  }
  static Flight& flight_of(Tag tag) {
    return *reinterpret_cast<Flight*>(static_cast<std::uintptr_t>(tag & ~flight_tag_first));
  }

  /// Whether somebody who waits, or waited, is called so.
  static bool has(RequestId id) { return (id >> waiter_shift) == 1; }

  /// One that awaited a proof goes on by itself.
  void end_wait(Flight& flight);

  /// Lets one go, unless it has ended: next_ended() will say so.
  void cancel(RequestId id);
  /// Lets those go whose deadline is not after `now`: likewise.
  void handle_timeout(Instant now);
  /// Not after the earliest deadline.
  Instant next_deadline() const { return next_deadline_; }

  struct EndedWaiter {
    Tag tag;
    Waiter::State why;
    Flight* flight;
    bool was_last;  // nobody waits for the flight any more
  };
  std::optional<EndedWaiter> next_ended();

  /// Takes the next one who waits for a flight that has landed; none: it can be closed.
  std::optional<Tag> take_waiter(Flight& flight);

  /// The news of this connection's own: the replies to what is under way come behind it.
  void update_tickets(const cache::Cache& cache, const cache::Cache::Change& change);

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate() const;

 private:
  static constexpr std::size_t several = 128;  // the bucket behind the others
  static constexpr int waiter_shift = 55;

  static std::size_t bucket_of(const cache::Cache::Ticket& ticket);
  static bool answers(const Flight& flight, const commands::Question& question,
                      const cache::Cache::Ticket& ticket, const cache::Cache& cache);
  static void release(Flight& flight);
  void remove(Flight& flight, Waiter*& link);
  template <class Visit>
  void for_each(Visit&& visit) const;

  Account& account_;
  std::array<Flight*, several + 1> buckets_{};
  std::size_t count_ = 0;         // flights
  std::size_t flying_count_ = 0;  // those that somebody waits for, with requests of their own
  std::size_t waiters_count_ = 0;
  RequestId last_id_ = RequestId{1} << waiter_shift;
  Instant next_deadline_ = never;
  bool searching_ = false;  // some were let go
};

}  // namespace plimsoll
