#pragma once

#include <cstdint>

#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/client/cluster_verdicts.h"
#include "plimsoll/core/cluster/routing.h"

namespace plimsoll::inline v0 {

/// What a client's side connections ask of its cluster: at which node a slot is served, and whether
/// a connection to that one can be opened.
class SlotOwners {
 public:
  /// All must outlive this object.
  SlotOwners(ClusterNodes& nodes, ClusterSlots& slots, ClusterVerdicts& verdicts)
      : nodes_(nodes), slots_(slots), verdicts_(verdicts) {}

  /// The slot of all keys of a command; no_slot, if it has none. Errors: invalid_argument, if its
  /// keys are in several slots; refused_command, if it concerns every node.
  static Result<Slot> slot_of(const CommandView& command);

  /// The node that has the slot, as far as is known; no_node, if nobody has.
  NodeNumber owner_of(Slot slot) const { return slots_.table().at(slot).owner(); }

  /// ClusterNode::may_be_awaited().
  bool may_await(NodeNumber number, Instant now) const {
    return nodes_.has(number) && nodes_[number].may_be_awaited(now);
  }

  /// The node at which requests for the slot are to be run now: `asked`, if there is such a node
  /// and it is well, or else the owner. Returns no_node if it cannot be reached yet, and asks for
  /// what is missing.
  NodeNumber find(Slot slot, NodeNumber asked, Instant now);

  /// Identifies the client's own connection to a node, among those of all time; 0 if none is ready.
  std::uint64_t connection_to(NodeNumber number) const {
    return nodes_.has(number) && nodes_.may_send_to(number) ? nodes_[number].incarnation : 0;
  }
  /// That connection. Call it only if connection_to() is not 0.
  Session& session_of(NodeNumber number) { return *nodes_[number].session; }
  /// Session::submit_internal() there.
  bool ask(NodeNumber number, const CommandView& command, Tag tag, Instant now);

  const NodeAddress& address_of(NodeNumber number) const { return nodes_[number].address; }

  /// What becomes of a request that the node has not run. See ClusterVerdicts.
  ClusterNode::Verdict judge(NodeNumber number, const Event& event, bool may_resend,
                             const Journey& journey, Instant now);
  /// The same for what nobody waits for, and must not be given up, after too many redirections.
  ClusterNode::Verdict again_later(Instant now) {
    slots_.want_view(now, ViewSchedule::Need::normal);
    return {.kind = ClusterNode::Verdict::Kind::goes_on, .wait = std::chrono::milliseconds(500)};
  }

 private:
  ClusterNodes& nodes_;
  ClusterSlots& slots_;
  ClusterVerdicts& verdicts_;
};

}  // namespace plimsoll::inline v0
