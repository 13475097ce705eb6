#pragma once

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/client/scattered_requests.h"
#include "plimsoll/core/cluster/slot_table.h"

namespace plimsoll::inline v0 {

/// Where a parked request of a client of a cluster goes, and whether it may go now.
class ParkedRoutes {
 public:
  /// All must outlive this object.
  ParkedRoutes(ClusterNodes& nodes, ClusterSlots& slots, ScatteredRequests& scattered)
      : nodes_(nodes), slots_(slots), scattered_(scattered) {}

  /// The node for which it is; no_node, if its slot has no owner. After ASK, a node that cannot be
  /// reached is given up: the owner is asked again. What is for one node waits for it as long as it
  /// owns slots, and then goes to the owner of one that it had.
  NodeNumber target_of(const ParkedRequests::Request& request, Instant now) const;

  /// Whether a part for one node cannot be sent any more: the node owns nothing, and its successor
  /// has a part of the same request.
  bool is_for_no_node(const ParkedRequests::Request& request, Tag tag, Instant now);

  /// Whether it may go now, as far as its slot and its node are concerned. If not, asks for what it
  /// lacks, and lowers `again_at` if it may go at some time without another reason.
  bool may_go(const ParkedRequests::Request& request, Instant now, Instant& again_at);

  /// Requests wait for the node.
  void want_node(NodeNumber number, Instant now);

 private:
  ClusterNodes& nodes_;
  ClusterSlots& slots_;
  ScatteredRequests& scattered_;
};

}  // namespace plimsoll::inline v0
