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
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/session/session.h"

// The fetches of one client: reads that were sent to the server because the cache had no reply. A
// later read with the same question joins the fetch that is under way, unless one of its keys is
// known to have changed since. So one request can have any number of waiters, each with its own
// deadline and its own end. The request is cancelled when its last waiter has ended. The requests
// account pays for fetches and waiters.
//
// The states of a fetch:
//
//   (open)      its request is sent              -> sent
//               begin_wait() for a proof         -> awaiting
//   awaiting    the proof has ended              -> asks again
//   asks again  the cache has the reply          -> completed
//               its request is sent              -> sent
//   sent        outcome of the request           -> completed
//   completed   its outcome is delivered         -> closed
//
// Invariants:
//  - A fetch that is sent or awaiting has a waiter, or its last waiter has ended and the request
//    is cancelled.
//  - No read joins a fetch that is completed or sealed.
//  - A waiter ends exactly once: by the fetch's outcome, by cancel() or by its deadline.
//
// The cost of a call does not depend on the numbers of fetches and of waiters, n, unless its
// comment says otherwise. But add() and the end of a waiter take O(log n), and a change of a key
// visits all fetches of its cell (cache/fences.h) and all fetches of several keys.

namespace plimsoll::inline v0 {

class Fetches {
 public:
  struct Fetch;

  /// The node of a fetch that a replica has not answered, and that has gone on.
  static constexpr NodeNumber elsewhere = no_node - 1;

  struct Waiter {
    enum class State : std::uint8_t { waiting, cancelled, timed_out };
    Waiter* next = nullptr;  // the fetch's waiters, in the order of joining
    Waiter* previous = nullptr;
    Fetch* fetch = nullptr;
    Tag tag = 0;
    Instant deadline = never;
    RequestId id = 0;
    State state = State::waiting;
    std::size_t place = DeadlineHeap<Waiter>::nowhere;
    ChainHook<Waiter> of_id{};
    Waiter* next_ended = nullptr;  // the ended waiters, in the order of their ends
    Waiter* previous_ended = nullptr;
    Block block{};  // the memory of this waiter
  };

  struct Fetch {
    ChainHook<Fetch> of_question{};
    ChainHook<Fetch> of_cell{};
    std::uint64_t question_hash = 0;
    std::uint64_t cell = 0;  // of its key; unused if there are several keys
    cache::Cache::Ticket ticket;
    commands::Question question;  // its words are stored behind this object, as are the ticket's
                                  // keys
    FetchRequest asked{};         // the commands that `request` consists of
    RequestId request = 0;
    std::uint32_t bytes_in_front = 0;  // of the commands that `request` has in front of the read
    // In a cluster: the node that was asked, and no other. With replicas: the one that was asked;
    // no_node is the primary.
    NodeNumber node = no_node;
    bool is_at_replica = false;  // it was sent to a replica, and to no other server since
    Slot slot = 0;               // in a cluster: of all its keys
    Waiter* waiters = nullptr;   // in the order of joining
    Waiter* last_waiter = nullptr;
    bool is_completed = false;    // its outcome is being delivered
    bool is_sealed = false;       // reads may no longer join it
    bool is_scattered = false;    // in a cluster: an MGET that several nodes answer
    std::uint32_t ends_seen = 0;  // of such an MGET: Generations::ends_count() when it began

    // A proof (NearCache::open_proof()) is a fetch without a question (row 0). The fetches that
    // await a proof form a chain, and keep their encoded command, because they may have to send it
    // later.
    std::uint8_t rounds_left = 0;  // of a proof: round trips left after this one
    Fetch* awaited_by = nullptr;
    Fetch* next_awaiting = nullptr;
    Fetch* awaited = nullptr;         // the proof that this one awaits
    bool asks_again = false;          // its proof has ended, and may be freed already
    std::size_t awaiting_wanted = 0;  // of a proof: how many fetches that await it have waiters
    std::string_view command{};

    Block block{};  // the memory of this fetch, its keys and words
  };

  explicit Fetches(Account& requests)
      : account_(requests),
        by_question_(requests),
        by_cell_(requests),
        by_id_(requests),
        deadlines_(requests) {}
  ~Fetches();
  Fetches(const Fetches&) = delete;
  Fetches& operator=(const Fetches&) = delete;

  bool empty() const { return by_question_.size() == 0; }

  /// The number of waiters beyond the first of each request. The pipeline does not count these.
  std::size_t joined_count() const { return by_id_.size() - wanted_count_; }

  /// The hash by which fetches of a question are found. Takes a step for each byte of the
  /// question's words except the key.
  static std::uint64_t hash_of(const commands::Question& question,
                               const cache::Cache::Ticket& ticket);

  /// Opens a fetch of this question; the caller adds its first waiter. Returns null if there is no
  /// memory. `kept` is the command, for a fetch that is to be sent later.
  Fetch* open(const commands::Question& question, std::uint64_t hash,
              const cache::Cache::Ticket& ticket, const CommandView* kept = nullptr);
  /// Frees the fetch, which must have no waiters.
  void close(Fetch& fetch);

  /// Returns the newest fetch of this question, or null; after the table has grown perhaps an older
  /// one, which costs at most one more fetch. A read that may not join the newest fetch may not
  /// join an older one. `ticket` is the ticket of a fetch that would begin now.
  Fetch* newest(const commands::Question& question, std::uint64_t hash,
                const cache::Cache::Ticket& ticket);

  /// Seals all fetches: later reads do not join them. Walks over all fetches.
  void seal();

  /// Adds a waiter. Returns its id, or 0 if there is no memory.
  RequestId add(Fetch& fetch, Instant deadline, Tag tag);

  /// Handles an answer to a fetch's request that comes before the reply itself.
  static void take_part(const Event& event);

  static Tag tag_of(const Fetch& fetch) {
    return tags::of_fetch(reinterpret_cast<std::uintptr_t>(&fetch));
  }
  static Fetch& fetch_of(Tag tag) {
    return *reinterpret_cast<Fetch*>(static_cast<std::uintptr_t>(tags::address_of_fetch(tag)));
  }

  /// Whether `id` belongs to a waiter, past or present.
  static bool is_waiter_id(RequestId id) { return request_ids::is_wait_for_fetch(id); }

  /// begin_wait(): `fetch`, which has no waiters yet, awaits `proof` from now on. end_wait():
  /// `fetch` no longer awaits its proof.
  void begin_wait(Fetch& fetch, Fetch& proof);
  void end_wait(Fetch& fetch);

  /// Cancels a waiter, unless it has ended already. next_ended() reports it.
  void cancel(RequestId id);
  /// Ends the waiters whose deadline is not after `now`. next_ended() reports them.
  void handle_timeout(Instant now);
  /// The earliest deadline; `never` if there is none.
  Instant next_deadline() const {
    const Waiter* const first = deadlines_.first();
    return first == nullptr ? never : first->deadline;
  }

  struct EndedWaiter {
    Tag tag;
    Waiter::State why;
    Fetch* fetch;
    bool was_last;  // the fetch has no waiters left, so its request can be cancelled
  };
  std::optional<EndedWaiter> next_ended();

  /// Removes a waiter of a completed fetch, and returns its tag. Returns nothing if no waiter is
  /// left: the fetch can be closed.
  std::optional<Tag> take_waiter(Fetch& fetch);

  /// Handles a change that a connection reported, in a cluster that of `node`. The replies to
  /// fetches under way there are newer than the change, because they arrive after it. Of those that
  /// come from other nodes nobody can tell.
  void update_tickets(const cache::Cache& cache, const cache::Cache::Change& change,
                      NodeNumber node = no_node);

  /// No reply to a fetch under way is stored. Walks over all fetches.
  void forbid_storing();

  /// CHECKs the invariants. Walks over all fetches and waiters.
  void validate() const;

  /// The number of fetches, waiters and deadlines looked at so far. Tests use it to measure the
  /// cost of calls.
  std::uint64_t steps() const { return steps_ + deadlines_.steps(); }

 private:
  static void release(Fetch& fetch);
  void note_wanted(Fetch& fetch);
  void note_unwanted(Fetch& fetch);
  void let_go(Waiter& waiter, Waiter::State why);
  void take_from_ended(Waiter& waiter);
  void remove(Waiter& waiter);

  using ByQuestion = Chains<Fetch, &Fetch::of_question, &Fetch::question_hash>;
  using ByCell = Chains<Fetch, &Fetch::of_cell, &Fetch::cell>;
  using ById = Chains<Waiter, &Waiter::of_id, &Waiter::id>;

  Account& account_;
  ByQuestion by_question_;  // all fetches
  ByCell by_cell_;          // fetches of one key
  Fetch* several_ = nullptr;
  ById by_id_;  // all waiters
  DeadlineHeap<Waiter> deadlines_;
  Waiter* first_ended_ = nullptr;  // cancelled and timed-out waiters
  Waiter* last_ended_ = nullptr;
  std::size_t wanted_count_ = 0;  // fetches with waiters and a request of their own
  RequestId last_id_ = request_ids::first_wait;
  std::uint64_t steps_ = 0;
};

}  // namespace plimsoll::inline v0
