#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/chains.h"
#include "plimsoll/core/client/deadline_heap.h"
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
//
// The states of a flight:
//
//   (open)      its request is sent              -> flying
//               begin_wait() for a proof         -> awaiting
//   awaiting    the proof has ended              -> asks again
//   asks again  the cache has the reply          -> completed
//               its request is sent              -> flying
//   flying      outcome of the request           -> completed
//   completed   all waiters are told             -> closed
//
// What always holds:
//  - A flight that is flying or awaiting has a waiter, or its last waiter has ended and the request
//    is cancelled.
//  - No read joins a flight that is completed or sealed.
//  - A waiter ends once: by the flight's outcome, by cancel() or by its deadline.
//
// The cost of a call does not depend on the number of flights and waiters, with two exceptions:
// add() and the end of a waiter take as many steps as that number has binary digits; and news of a
// key is told to all flights of its cell (cache/fences.h), and to all flights of several keys.

namespace plimsoll {

class Flights {
 public:
  struct Flight;

  struct Waiter {
    enum class State : std::uint8_t { waiting, cancelled, timed_out };
    Waiter* next = nullptr;  // of the flight, in the order of coming
    Waiter* previous = nullptr;
    Flight* flight = nullptr;
    Tag tag = 0;
    Instant deadline = never;
    RequestId id = 0;
    State state = State::waiting;
    std::size_t place = DeadlineHeap<Waiter>::nowhere;
    ChainHook<Waiter> of_id{};
    Waiter* next_ended = nullptr;  // where it was let go, in that order
    Waiter* previous_ended = nullptr;
    Block block{};  // that this lies in
  };

  struct Flight {
    ChainHook<Flight> of_question{};
    ChainHook<Flight> of_cell{};
    std::uint64_t question_hash = 0;
    std::uint64_t cell = 0;  // of its key; of several keys: none
    cache::Cache::Ticket ticket;
    commands::Question question;  // of words that lie behind this, as the ticket's keys do
    FetchRequest asked{};         // what `request` is made of
    RequestId request = 0;
    Waiter* waiters = nullptr;  // in the order of coming
    Waiter* last_waiter = nullptr;
    bool is_completed = false;  // its outcome is being told
    bool is_sealed = false;     // nobody joins it any more

    // A proof (NearCache::open_proof()) is a flight that asks nothing: of row 0. Others may wait
    // for it rather than for a reply of their own, as a chain, and have their command kept encoded.
    std::uint8_t rounds_left = 0;  // of a proof: round trips after this one
    Flight* awaited_by = nullptr;
    Flight* next_awaiting = nullptr;
    Flight* awaited = nullptr;        // the proof that this one awaits
    bool asks_again = false;          // that has landed, and may be gone
    std::size_t awaiting_wanted = 0;  // of a proof: those for which somebody waits
    std::string_view command{};

    Block block{};  // that this lies in
  };

  explicit Flights(Account& requests)
      : account_(requests),
        by_question_(requests),
        by_cell_(requests),
        by_id_(requests),
        deadlines_(requests) {}
  ~Flights();
  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;

  bool empty() const { return by_question_.size() == 0; }

  /// Waiters beyond the first of each request: those that the pipeline does not know.
  std::size_t joined_count() const { return by_id_.size() - flying_count_; }

  /// By which flights of a question are found. A step for each byte of its words but the key.
  static std::uint64_t hash_of(const commands::Question& question,
                               const cache::Cache::Ticket& ticket);

  /// A flight of this question, with one waiter still to be added; null: no memory. `kept`: its
  /// command, where it is not sent yet.
  Flight* open(const commands::Question& question, std::uint64_t hash,
               const cache::Cache::Ticket& ticket, const CommandView* kept = nullptr);
  /// The flight must have no waiters.
  void close(Flight& flight);

  /// The flight that was opened last, mostly, of those of this question: where a read may not join
  /// that one, it may join none before. A read of it would have that ticket. Null: there is none.
  Flight* newest(const commands::Question& question, std::uint64_t hash,
                 const cache::Cache::Ticket& ticket);

  /// Nobody joins those that there are now. Walks over all of them.
  void seal();

  /// One more who waits; 0: no memory.
  RequestId add(Flight& flight, Instant deadline, Tag tag);

  static Tag tag_of(const Flight& flight) {
    return tags::of_fetch(reinterpret_cast<std::uintptr_t>(&flight));
  }
  static Flight& flight_of(Tag tag) {
    return *reinterpret_cast<Flight*>(static_cast<std::uintptr_t>(tags::address_of_fetch(tag)));
  }

  /// Whether somebody who waits, or waited, is called so.
  static bool is_waiter_id(RequestId id) { return request_ids::is_wait_for_fetch(id); }

  /// One that nobody waits for yet awaits this proof; one that did goes on by itself.
  void begin_wait(Flight& flight, Flight& proof);
  void end_wait(Flight& flight);

  /// Lets one go, unless it has ended: next_ended() will say so.
  void cancel(RequestId id);
  /// Lets those go whose deadline is not after `now`: likewise.
  void handle_timeout(Instant now);
  /// The earliest deadline.
  Instant next_deadline() const {
    const Waiter* const first = deadlines_.first();
    return first == nullptr ? never : first->deadline;
  }

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

  /// Flights, waiters and places of deadlines that were looked at so far, for tests of what calls
  /// cost.
  std::uint64_t steps() const { return steps_ + deadlines_.steps(); }

 private:
  static void release(Flight& flight);
  void note_wanted(Flight& flight);
  void note_unwanted(Flight& flight);
  void let_go(Waiter& waiter, Waiter::State why);
  void take_from_ended(Waiter& waiter);
  void remove(Waiter& waiter);

  using ByQuestion = Chains<Flight, &Flight::of_question, &Flight::question_hash>;
  using ByCell = Chains<Flight, &Flight::of_cell, &Flight::cell>;
  using ById = Chains<Waiter, &Waiter::of_id, &Waiter::id>;

  Account& account_;
  ByQuestion by_question_;  // all flights
  ByCell by_cell_;          // those of one key
  Flight* several_ = nullptr;
  ById by_id_;  // all waiters
  DeadlineHeap<Waiter> deadlines_;
  Waiter* first_ended_ = nullptr;  // those that were let go
  Waiter* last_ended_ = nullptr;
  std::size_t flying_count_ = 0;  // those that somebody waits for, with requests of their own
  RequestId last_id_ = request_ids::first_wait;
  std::uint64_t steps_ = 0;
};

}  // namespace plimsoll
