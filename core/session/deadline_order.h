#pragma once

#include <cstddef>

#include "plimsoll/core/base/time.h"

// Whether the deadlines of requests ascend in the order in which the requests came. If all calls of
// a program have the same time limit, they do, and the requests that are due are the first. If
// calls have limits of their own, all requests have to be visited to find those that are due. So
// many may wait for a server that is frozen that a visit of all for each deadline that passes would
// take a processor: after a walk over more than `exact_max` requests, the next one waits for a
// while.

namespace plimsoll::inline v0 {

class DeadlineOrder {
 public:
  /// The most requests of which each ends once its deadline has passed, whatever their order.
  static constexpr std::size_t exact_max = 1024;
  /// How long the next walk waits for each request that a walk has visited, also for those that
  /// have ended and are still in the queue. A deadline is missed by this time at most: by 3.2 ms
  /// for each 100,000. To visit a request takes some 3 ns, so walks take a tenth of a processor.
  static constexpr Duration rest_each{32};

  /// Whether the deadlines that were seen ascend.
  bool ascends() const { return latest_ != never; }

  /// Sees the deadline of the next request.
  void see(Instant deadline) {
    if (deadline == never || !ascends()) return;
    latest_ = deadline < latest_ ? never : deadline;
  }

  /// Before this, no walk over all requests may begin.
  Instant rests_until() const { return rests_until_; }

  /// A walk over all requests begins, which will see the deadline of each.
  void begin_walk() { latest_ = Instant::min(); }

  /// The walk, which began at `now`, has visited `count` requests.
  void end_walk(Instant now, std::size_t count) {
    const Duration rest = rest_each * static_cast<Duration::rep>(count);
    rests_until_ = count > exact_max ? after(now, rest) : Instant::min();
  }

 private:
  Instant latest_ = Instant::min();  // of those seen; never: one of them was before another
  Instant rests_until_ = Instant::min();
};

}  // namespace plimsoll::inline v0
