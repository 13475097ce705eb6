#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/slot_table.h"

namespace plimsoll::inline v0 {

/// When each node of a cluster has something to do. It keeps the earliest time of each 64 nodes, in
/// 136 bytes: a node that is due is found by a look at 64 of them, and not at a thousand.
class NodeTimes {
 public:
  /// The node has something to do at that time. An earlier one that was noted before counts until
  /// visit_due() has found that it does not hold any more.
  void note(NodeNumber number, Instant at) {
    Instant& earliest = earliest_[number / group_size];
    earliest = std::min(earliest, at);
    next_ = std::min(next_, at);
  }

  /// No node has anything to do before.
  Instant next() const { return next_; }
  Instant next_of_group(NodeNumber number) const { return earliest_[number / group_size]; }

  /// Calls `visit(NodeNumber)` for each number below `end` that may be due, and for some others. It
  /// does what is due, and returns when the node has something to do next; never, if that will be
  /// noted.
  template <class Visit>
  void visit_due(Instant now, std::size_t end, Visit&& visit) {
    if (now < next_) return;
    for (std::size_t first = 0; first < end; first += group_size) {
      Instant& earliest = earliest_[first / group_size];
      if (now < earliest) continue;
      earliest = never;
      for (std::size_t number = first; number < std::min(end, first + group_size); ++number) {
        const Instant next = visit(static_cast<NodeNumber>(number));
        earliest = std::min(earliest, next);
      }
    }
    next_ = *std::min_element(earliest_.begin(), earliest_.end());
  }

 private:
  static constexpr std::size_t group_size = 64;
  static constexpr std::size_t groups_count = slot_table_nodes_max / group_size + 1;
  static constexpr std::array<Instant, groups_count> nothing_to_do() {
    std::array<Instant, groups_count> times{};
    times.fill(never);
    return times;
  }

  Instant next_ = never;
  std::array<Instant, groups_count> earliest_ = nothing_to_do();
};

}  // namespace plimsoll::inline v0
