#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/waiter_lanes.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/deadline_order.h"
#include "plimsoll/core/session/pipeline.h"

// A queue of waiters, first come, first served. A client has two: one for requests that wait for a
// place in the pipeline or for memory for their bytes, one for commands that wait for a connection
// to block on. A queue stores how many bytes each waiter needs, and its deadline; the callers keep
// the commands. Two limits, on waiters and on bytes, bound both queues together. The requests
// account pays for the queues. An empty queue costs nothing.
//
// A client of a cluster has lanes, too (WaiterLanes): a request that waits for one node stands in
// that node's lane, in the order of the queue, and requests outside of lanes do not wait for it.
// Each lane looks at each waiter of the queue once at most.
//
// The states of a waiter:
//
//    join()             cancel(), deadline              next_ended()
//   --------> waiting --------------------> cancelled, ------------> delivered ---> removed
//                |                          timed_out
//                +-- first() is admitted: leave() -------------------------------> removed, or
//                                                            from a lane: delivered ---> removed
//
// Invariants:
//  - Waiters are in the order of their ids, and ids only grow.
//  - A waiter in state `delivered` is removed when it is at either end of the queue, or when half
//    of the queue is in that state.
//  - No waiter is admitted before the ends of all cancelled and timed-out waiters are delivered.
//
// Unless its comment says otherwise, the cost of a call does not depend on the number n of waiters;
// cancel() takes O(log n).

namespace plimsoll::inline v0 {

class Admission {
 public:
  /// What the waiters wait for: room on the main connection, or a side connection.
  enum class Of : std::uint8_t { room, connections };

  Admission(Account& requests, std::size_t waiters_max, Of of = Of::room)
      : waiters_(requests, 2 * waiters_max),
        last_id_(of == Of::room ? request_ids::room_waiters : request_ids::connection_waiters) {}

  /// From now on waiters may stand in `lanes`, which must outlive this object.
  void use_lanes(WaiterLanes& lanes) { lanes_ = &lanes; }

  /// True if there are no waiters, and no end of a waiter has to be delivered.
  bool empty() const { return waiters_.empty(); }
  /// Whether all who wait stand in lanes, and none of them has been chosen and lacks only room:
  /// that one must come before what is submitted next.
  bool are_all_aside() const {
    return lanes_ != nullptr && lanes_->chosen == 0 && waiting_count_ == lanes_->waiters();
  }

  /// How many wait now, how many have waited so far, and how many could not become waiters.
  std::size_t waiting_count() const { return waiting_count_; }
  std::uint64_t waited_count() const { return request_ids::waiter_number(last_id_); }
  std::uint64_t refused_count() const { return refused_count_; }

  /// What counts towards the limits that both queues share.
  struct Size {
    std::size_t waiters = 0;
    std::size_t bytes = 0;
  };
  Size size() const {
    return {.waiters = waiters_.size() - delivered_count_, .bytes = waiting_bytes_};
  }

  /// Whether an id belongs to a waiter. Submitted requests never have such an id.
  static bool is_waiter_id(RequestId id) { return request_ids::is_waiter(id); }
  /// Whether an id belongs to a waiter for a side connection.
  static bool is_for_connection(RequestId id) { return request_ids::is_waiter_for_connection(id); }

  /// Where a waiter of a cluster's client stands.
  struct Place {
    Slot slot = no_slot;      ///< for which a connection is needed, or the request is; what else it
                              ///< may be is the caller's business
    std::uint8_t lane = 0;    ///< in which it stands from the start, if are_all_aside()
    bool is_bounded = false;  ///< those in the lane are a quarter of all who may wait, and have a
                              ///< quarter of their bytes
  };

  /// Adds a waiter for a request of `bytes` encoded bytes. Fails with rejected_by_limit if there
  /// are waiters_max waiters, if they wait for too many bytes, or if there is no memory for one
  /// more. `other` is the size of the client's other queue, which shares these limits.
  /// `place`: in a cluster.
  Result<RequestId> join(std::size_t bytes, Instant deadline, Tag tag, const Size& other,
                         const Place& place);
  Result<RequestId> join(std::size_t bytes, Instant deadline, Tag tag, const Size& other) {
    return join(bytes, deadline, tag, other, Place());
  }

  /// Cancels a waiter, unless it has ended already. next_ended() reports it. The search in
  /// next_ended() covers the waiters from the first to the last that ended since it last returned
  /// nothing.
  void cancel(RequestId id);

  /// Ends the waiters whose deadline is not after `now`; next_ended() reports them. If deadlines
  /// ascend in the order of the queue, this looks at each waiter once or twice in its life.
  /// Otherwise it walks over all waiters; if they are more than DeadlineOrder::exact_max, it does
  /// so now and then, so that some end a little later.
  void handle_timeout(Instant now);

  /// When to call handle_timeout(): not after the earliest deadline, or when the next walk may
  /// begin, if that is later.
  Instant next_deadline() const { return next_deadline_; }

  /// Returns the next waiter that was cancelled or has timed out. Once it returns nothing, all
  /// remaining waiters are waiting.
  std::optional<Ended> next_ended();

  /// For a client that closes: removes and returns one waiter per call, until none is left.
  std::optional<Ended> take_closed();

  /// Why a waiter has ended. `closed`: why the client is over, if it is.
  Error error_of(const Ended& ended, const Error& closed) const;

  struct Waiter {
    Tag tag;
    Instant deadline;
    RequestId id;
    std::uint32_t bytes;
    Slot slot;
    enum class State : std::uint8_t { waiting, cancelled, timed_out, delivered } state;
    std::uint8_t lane;  // 0: none
  };
  static_assert(sizeof(Waiter) == 32);

  /// The waiter that is admitted next. Call it only after next_ended() has returned nothing, and if
  /// there is a waiter; with lanes, only after choose().
  const Waiter& first() { return chosen(); }

  /// Chooses the first waiter in the lane, or the first that stands in none (0), to be first().
  /// Returns false, and chooses nobody, if there is none.
  bool choose(std::uint8_t lane);
  /// Nobody is chosen any more.
  void choose_nobody() { lanes_->chosen = 0; }
  /// Puts first(), which stands in no lane, into one. Somebody else has to be chosen then.
  void set_aside(std::uint8_t lane);
  /// Nobody stands in a lane any more. Walks over all waiters.
  void put_back();

  /// A lower bound for the ids of all waiters, present and future.
  RequestId first_id() { return empty() ? last_id_ + 1 : waiters_.front().id; }

  /// Removes first() after it was admitted.
  void leave();

  /// CHECKs the invariants. Walks over all waiters.
  void validate();

  /// The number of waiters looked at so far. Tests use it to measure the cost of calls.
  std::uint32_t steps() const { return steps_; }

 private:
  bool is_searching() const { return ended_count_ > 0; }
  void look_at_new_deadlines();
  void let_go_in_order(Instant now);
  void let_go_of_all(Instant now);
  void let_go(Waiter& waiter, Waiter::State why);
  void note_gone(const Waiter& waiter);
  Waiter& chosen();
  void trim_delivered();
  void erase_delivered();
  Error refuse(const char* what, std::uint64_t value, std::uint64_t limit);

  Queue<Waiter> waiters_;  // in the order of their ids; room for twice as many as may wait
  RequestId last_id_;
  std::uint32_t waiting_count_ = 0;
  std::uint32_t ended_count_ = 0;      // cancelled or timed out, and not delivered yet
  std::uint32_t delivered_count_ = 0;  // in state `delivered`, and not removed yet
  std::uint32_t steps_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t refused_count_ = 0;
  Instant next_deadline_ = never;
  RequestId ended_from_ = UINT64_MAX;  // no waiter before this id has ended undelivered
  RequestId due_from_ = 0;             // no waiter before this id may become due
  RequestId seen_until_ =
      request_ids::room_waiters;  // order_ has seen the deadlines before this id
  DeadlineOrder order_;
  WaiterLanes* lanes_ = nullptr;
};

}  // namespace plimsoll::inline v0
