#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/memory_retry.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// The requests that wait for room: for a place in a pipeline and memory for their bytes. Once
/// there is room for the first, it is admitted, and the room is kept for it until the caller
/// submits or cancels it.
class RoomWaiters {
 public:
  /// `requests` pays, and must outlive this object.
  RoomWaiters(Account& requests, std::size_t waiters_max) : queue_(requests, waiters_max) {}

  const Admission& queue() const { return queue_; }
  /// For join(), for the choice of the first waiter, and for lanes.
  Admission& queue() { return queue_; }
  bool empty() const { return queue_.empty(); }

  /// Call this before one joins.
  void handle_join(Instant now) {
    now_ = now;
    if (empty()) retry_.forget();
  }
  /// Returns whether the waiter was admitted: then its room has to be released.
  bool cancel(RequestId id);
  void handle_timeout(Instant now);
  Instant poll_timeout() const { return std::min(queue_.next_deadline(), retry_.at()); }

  /// Who is admitted; null if nobody is.
  const Admission::Waiter* admitted() { return is_admitted_ ? &queue_.first() : nullptr; }
  /// Removes the waiter that is admitted.
  Admission::Waiter take_admitted();

  /// Returns the next waiter that has ended. If `is_over`, the client has ended, and so have all.
  std::optional<Ended> next_ended(bool is_over);
  /// Whether to look for room for the first. `progress`: see MemoryRetry.
  bool wants_room(std::uint64_t progress) const {
    return !empty() && !retry_.is_too_soon(progress);
  }
  /// Room was looked for: if there is any, the first is admitted.
  std::optional<Event> handle_room(Pipeline::Room room, Instant now, std::uint64_t progress);
  /// Tells the account that pays how many wait for memory: all do, if the first does.
  void report_waiting(Account& requests);

 private:
  Admission queue_;
  MemoryRetry retry_;
  Instant now_ = Instant::min();
  std::uint32_t reported_ = 0;  // to the account, as waiting for memory
  bool is_admitted_ = false;    // the first is
};

}  // namespace plimsoll::inline v0
