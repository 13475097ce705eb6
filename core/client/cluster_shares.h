#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/admission.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/client/waiter_lanes.h"
#include "plimsoll/core/cluster/node_set.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// What each node may have of inflight_requests_limit and of the requests pool (node_share()), and
/// where those wait whose node has its share.
///
/// - A node's requests are those that it has been sent, and those that are parked for it. The slots
///   without an owner count as one node in doubt; the main connection, as a node.
/// - While a node is in doubt, requests for several slots or nodes have half of
///   inflight_requests_limit together, with all their parts: each may wait for that node. They are
///   never in a lane, and wait until nobody is, with all that comes behind them: they may be for
///   any slot.
/// - What is submitted already is never refused: parts of a request, and what a node hands back.
///
/// Invariant: all who stand in lanes for the same slot stand in one lane, in their order. When a
/// slot has got another owner, choose() puts all of them back first, and until then no new request
/// goes before them.
class ClusterShares {
 public:
  /// All must outlive this object.
  ClusterShares(Session& main, ClusterNodes& nodes, const ClusterSlots& slots)
      : main_(main),
        nodes_(nodes),
        slots_(slots),
        requests_max_(main.options().inflight_requests_limit),
        requests_max_in_doubt_(requests_max_) {}

  /// What Admission::Waiter::slot is for a request without a key. For one that is for several slots
  /// or nodes it is no_slot.
  static constexpr Slot keyless = no_slot - 1;

  /// With fewer requests in flight than this, no node has its share, and nobody waits for one.
  std::size_t least_requests() const {
    return lanes_.empty() && lacking_.empty() ? requests_max_in_doubt_ : 0;
  }
  /// Whether the node, which has a session, may get one more request at once. Its bytes are for its
  /// log to bound.
  bool may_take(NodeNumber number) const {
    return is_below_share(nodes_[number]) && !others_wait_for(number);
  }

  /// Whether somebody waits who has to come before a new request to the node; or may have to,
  /// because slots have got other owners since.
  bool others_wait_for(NodeNumber target) const {
    if (lanes_.empty()) return lacks_memory(target);
    return has_changed() || lanes_.find(target) != 0 || lacks_memory(target);
  }

  /// Follows the number of nodes that own slots. Returns whether it has changed.
  bool follow_nodes();
  /// The node has become suspect, or has given a sign of life since: it may take fewer bytes, or as
  /// many as others again.
  void set_doubt(NodeNumber number, bool is_in_doubt);

  // ---- What is parked. Between begin_recount() and the next one each request is noted once.

  void begin_recount() {
    without_owner_ = {};
    lacking_.clear();
  }
  /// `target`: no_node, if the request's slot has no owner.
  void note_parked(NodeNumber target, std::size_t bytes);
  /// There is no memory to send the node a request that is parked for it. Until there is, others
  /// are not sent there either: they could take all that becomes free.
  void note_lack(NodeNumber target) { lacking_.add(target); }

  // ---- Requests that are submitted.

  /// Fails with rejected_by_limit, if who the request is for has its share. `slot`: may be
  /// `keyless`.
  Status check(Slot slot, const CommandView& command, Instant now);
  /// The same for a request for several slots or nodes. `places`: what those take that are under
  /// way.
  Status check_scattered(std::size_t places, Instant now);

  // ---- Requests that wait.

  WaiterLanes& lanes() { return lanes_; }
  /// Admission::join(): in a lane at once, if nobody stands outside of the lanes, and the request's
  /// node has its share.
  struct Newcomer {
    std::size_t bytes;
    Instant deadline;
    Tag tag;
  };
  Result<RequestId> join(Admission& waiters, const CommandView& command, const Newcomer& newcomer,
                         const Admission::Size& other, Instant now);
  /// Chooses the waiter who is admitted next, if there is room. Returns false if there is none.
  /// `places`: see check_scattered().
  bool choose(Admission& waiters, std::size_t places, Instant now);

  /// How often a request met a node, or requests for several nodes, with its share.
  std::uint64_t reached() const { return reached_; }

 private:
  // Of the main connection, as if it were a node's.
  static constexpr NodeNumber main_number = no_node - 1;
  static_assert(main_number > cluster_nodes_max);

  struct Parked {
    std::size_t requests = 0;
    std::size_t bytes = 0;
  };
  // What one has now, and may have.
  struct Load {
    std::size_t requests = 0;
    std::size_t bytes = 0;
    std::size_t requests_max = 0;
    std::size_t bytes_max = 0;
    std::size_t bytes_free = 0;  // in memory that it has, for requests that are sent at once
  };

  NodeNumber target_of(Slot slot) const {
    return slot == keyless ? main_number : slots_.table().at(slot).owner();
  }
  std::uint8_t lane_for(Slot slot, std::size_t bytes, const Admission& waiters, Instant now);
  bool is_below_share(const ClusterNode& node) const {
    const std::size_t most = node.has_small_share ? requests_max_in_doubt_ : requests_max_;
    return node.parked + node.session->callers_in_flight() < most;
  }
  bool lacks_memory(NodeNumber target) const {
    return !lacking_.empty() && nodes_.has(target) && lacking_.has(target);
  }
  bool is_in_doubt(NodeNumber target, Instant now) const;
  Load load_of(NodeNumber target, Instant now) const;
  bool is_at_share(NodeNumber target, std::size_t bytes, Instant now) const;
  bool may_scatter(std::size_t places, Instant now);
  std::uint8_t oldest_lane(Admission& waiters, Instant now);
  bool has_changed() const { return changes_seen_ != slots_.owner_changes(); }

  Session& main_;
  ClusterNodes& nodes_;
  const ClusterSlots& slots_;
  WaiterLanes lanes_;
  Parked without_owner_;
  NodeSet lacking_;
  std::size_t nodes_count_ = 0;  // that own slots
  std::size_t requests_max_;     // that one node may have; it follows nodes_count_
  std::size_t requests_max_in_doubt_;
  std::uint32_t changes_seen_ = 0;  // of owners
  std::uint64_t reached_ = 0;
};

}  // namespace plimsoll::inline v0
