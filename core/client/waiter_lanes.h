#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/session/pipeline.h"

namespace plimsoll::inline v0 {

/// The lanes of a client of a cluster: those who wait (Admission) for one node that has its share
/// stand in a lane, so that the others do not wait behind them. A lane is open while somebody
/// stands in it. Lanes have numbers from 1 on; who stands in none has 0.
class WaiterLanes {
 public:
  /// Where more nodes than these have their share, the first who would need one more lane holds
  /// back all behind it. Four nodes in doubt with a share each take all of
  /// inflight_requests_limit.
  static constexpr std::size_t count_max = 8;

  struct Lane {
    NodeNumber node = no_node;
    std::uint32_t waiters = 0;
    std::size_t bytes = 0;
    RequestId from = 0;  ///< see from()
  };

  bool empty() const { return waiters_ == 0; }
  std::size_t waiters() const { return waiters_; }
  bool is_open(std::uint8_t lane) const { return (*this)[lane].waiters > 0; }
  const Lane& operator[](std::uint8_t lane) const { return lanes_[lane - 1u]; }
  Lane& operator[](std::uint8_t lane) { return lanes_[lane - 1u]; }

  /// The open lane of a node; 0, if it has none.
  std::uint8_t find(NodeNumber node) const {
    for (std::uint8_t i = 1; i <= count_max; ++i) {
      if (is_open(i) && (*this)[i].node == node) return i;
    }
    return 0;
  }
  /// The same; if it has none, a lane that is free, for this node. 0, if none is.
  std::uint8_t find_or_take(NodeNumber node) {
    if (const std::uint8_t found = find(node); found != 0) return found;
    for (std::uint8_t i = 1; i <= count_max; ++i) {
      if (is_open(i)) continue;
      (*this)[i] = {.node = node};
      return i;
    }
    return 0;
  }

  void add(std::uint8_t lane, RequestId id, std::size_t bytes) {
    Lane& to = (*this)[lane];
    if (to.waiters++ == 0) to.from = id;
    to.bytes += bytes;
    ++waiters_;
  }
  void remove(std::uint8_t lane, std::size_t bytes) {
    Lane& from = (*this)[lane];
    PLIMSOLL_CHECK(from.waiters > 0 && from.bytes >= bytes);
    --from.waiters;
    from.bytes -= bytes;
    --waiters_;
  }
  void clear() { *this = {}; }

  /// Nobody before this id stands in the lane (0: in none).
  RequestId& from(std::uint8_t lane) { return lane == 0 ? in_none_from_ : (*this)[lane].from; }

  /// For Admission: the waiter that was chosen; 0: none.
  RequestId chosen = 0;

 private:
  std::array<Lane, count_max> lanes_{};
  std::size_t waiters_ = 0;  // in all lanes
  RequestId in_none_from_ = 0;
};

}  // namespace plimsoll::inline v0
