#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/pipeline.h"

// The line of requests that wait for a place in the pipeline, or for memory for their bytes, and
// the line of commands that wait for a connection to block on: first come, first served. A line
// knows how many bytes each waiter needs, and until when; the commands stay with the callers. Both
// lines together are bounded by a count and by the bytes that they wait for. They are charged to
// the requests account, and cost nothing while nobody waits.
//
// The states of a waiter:
//
//    join()             cancel(), deadline              next_ended()
//   --------> waiting --------------------> cancelled, ------------> told ----> out of the line
//                |                          timed_out
//                +-- first() is admitted: leave() -----------------------------> out of the line
//
// What always holds:
//  - Waiters are in the order of their ids, and ids only go up.
//  - A waiter in state `told` leaves when it is at either end of the line, or when half of the line
//    is in that state.
//  - No waiter is admitted before all that have ended are told.
//
// Unless its comment says otherwise, the cost of a call does not depend on the number of waiters;
// cancel() takes as many steps as that number has binary digits.

namespace plimsoll {

class Admission {
 public:
  /// What there is a line for: the main connection's room, or a connection beside it.
  enum class Of : std::uint8_t { room, connections };

  Admission(Account& requests, std::size_t waiters_max, Of of = Of::room)
      : line_(requests, 2 * waiters_max),
        last_id_(of == Of::room ? request_ids::in_line_for_room
                                : request_ids::in_line_for_connection) {}

  /// Nobody is in the line, and there is nothing to tell.
  bool empty() const { return line_.empty(); }

  /// How many wait, have waited in all, and were sent away from a full line.
  std::size_t waiting_count() const { return waiting_count_; }
  std::uint64_t waited_count() const { return request_ids::number_in_line(last_id_); }
  std::uint64_t refused_count() const { return refused_count_; }

  /// What of it counts in a bound.
  struct Size {
    std::size_t waiters = 0;
    std::size_t bytes = 0;
  };
  Size size() const { return {.waiters = line_.size() - told_count_, .bytes = waiting_bytes_}; }

  /// Whether an id is a waiter's. No request that was submitted has such an id.
  static bool is_waiter_id(RequestId id) { return request_ids::is_in_line(id); }
  /// The same for a line for connections alone.
  static bool is_for_connection(RequestId id) { return request_ids::is_in_line_for_connection(id); }

  /// Gets in line, for `bytes` encoded bytes. rejected_by_limit: waiters_max, too many bytes, or no
  /// memory for one more. Who waits in the line `beside` counts in these bounds, too.
  Result<RequestId> join(std::size_t bytes, Instant deadline, Tag tag, const Size& beside);

  /// Lets one of them go, unless it has ended: next_ended() will say so, and walks from the first
  /// to the last who was let go since it has told all.
  void cancel(RequestId id);

  /// Lets those go whose deadline is not after `now`: next_ended() will say so. As long as those
  /// who come later have later deadlines, if any, that looks at each of them once or twice; where
  /// they have not, it walks over all.
  void handle_timeout(Instant now);

  /// Not after the earliest deadline.
  Instant next_deadline() const { return next_deadline_; }

  /// One more who was let go. Once that is nobody, those who are left all wait.
  std::optional<Ended> next_ended();

  /// The end: takes one after the other out, until nobody is left.
  std::optional<Ended> take_closed();

  struct Waiter {
    Tag tag;
    Instant deadline;
    RequestId id;
    std::uint32_t bytes;
    enum class State : std::uint8_t { waiting, cancelled, timed_out, told } state;
  };
  static_assert(sizeof(Waiter) == 32);

  /// Who is next. Only where next_ended() has told all, and somebody is there.
  const Waiter& first() { return line_.front(); }

  /// No waiter has a lower id, and each one that joins later has a higher id.
  RequestId first_id() { return empty() ? last_id_ + 1 : line_.front().id; }

  /// Takes first() out: it was admitted.
  void leave();

  /// CHECKs all that must hold between calls. Walks over everyone.
  void validate();

  /// Those who were looked at so far, for tests of what calls cost.
  std::uint32_t steps() const { return steps_; }

 private:
  bool is_searching() const { return ended_count_ > 0; }
  bool is_sorted() const { return sorted_until_ != unsorted; }
  bool is_later(const Waiter& waiter);
  void look_at_new_deadlines();
  void let_go_in_order(Instant now);
  void let_go_of_all(Instant now);
  void let_go(Waiter& waiter, Waiter::State why);
  void trim_told();
  void erase_told();
  Error refuse(const char* what, std::uint64_t value, std::uint64_t limit);

  static constexpr RequestId unsorted = 0;

  Queue<Waiter> line_;  // in the order of their ids; twice as many as may wait, with those told
  RequestId last_id_;
  std::uint32_t waiting_count_ = 0;
  std::uint32_t ended_count_ = 0;  // who were let go, and are to be told
  std::uint32_t told_count_ = 0;   // ... and were
  std::uint32_t steps_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t refused_count_ = 0;
  Instant next_deadline_ = never;
  RequestId ended_from_ = UINT64_MAX;  // none of those who are to be told is before this
  RequestId due_from_ = 0;             // nor is any who may become due
  // Later ones have later deadlines, before this.
  RequestId sorted_until_ = request_ids::in_line_for_room;
  Instant sorted_deadline_ = Instant::min();  // the latest of those
};

}  // namespace plimsoll
