#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_node.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/connection_id.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// The id in the answer to CLUSTER MYID; nothing if there is none.
std::optional<NodeId> node_id_of(const Event& event);

/// The nodes of a cluster that a client knows, and its connections to them: at most one to each,
/// opened when it is first needed. Passes no events on, and decides about no request.
class ClusterNodes {
 public:
  /// `main` must outlive this object; the nodes' sessions have its options and accounts.
  explicit ClusterNodes(Session& main) : main_(main) {}
  ClusterNodes(const ClusterNodes&) = delete;
  ClusterNodes& operator=(const ClusterNodes&) = delete;

  bool has(NodeNumber number) const { return number < cluster_nodes_max && nodes_[number]; }
  ClusterNode& operator[](NodeNumber number) { return *nodes_[number]; }
  const ClusterNode& operator[](NodeNumber number) const { return *nodes_[number]; }

  /// Calls `visit(NodeNumber, ClusterNode&)` for each node.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (NodeNumber i = 0; i < cluster_nodes_max; ++i) {
      if (nodes_[i]) visit(i, *nodes_[i]);
    }
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (NodeNumber i = 0; i < cluster_nodes_max; ++i) {
      if (nodes_[i]) visit(i, std::as_const(*nodes_[i]));
    }
  }
  /// Calls `visit(NodeNumber, Session&)` for each session.
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto number = static_cast<NodeNumber>(std::countr_zero(left));
      visit(number, *nodes_[number]->session);
    }
  }

  /// The node at this address; a new one, if there is none, in a free place or in that of a node
  /// that nothing is remembered of. `id`: who is there, if that is known; if somebody else was
  /// there until now, the connection to that one is left. Returns nothing if there is no place, or
  /// no memory.
  std::optional<NodeNumber> find_or_add(const NodeAddress& address, const NodeId& id);

  /// Whether requests may be sent to the node now. Its connection may have ended just now, and
  /// nobody has asked for the events yet.
  bool may_send_to(NodeNumber number) const {
    const ClusterNode& node = *nodes_[number];
    return node.state == ClusterNode::State::ready && !node.is_leaving &&
           !node.session->is_closed();
  }

  /// Requests wait for the node: connects to it, at once or once its wait is over.
  void want(NodeNumber number, Instant now);
  void connect(NodeNumber number, Instant now);
  /// The node's connection is over, for `reason`. With `may_retry` there may be another.
  void handle_end(NodeNumber number, const Error& reason, bool may_retry, Instant now);
  /// Handles the answer to CLUSTER MYID: the node is ready, or another one than it should be.
  void handle_identity(NodeNumber number, const Event& event);
  /// Ends the connection. What the node owes is in doubt; what it has not got whole is handed back.
  void leave(NodeNumber number, const Error& reason);
  /// The node's session is over: forgets it.
  void forget_session(NodeNumber number);

  /// ClusterNode::has_answered() of the node, and of those that were added by hold_also().
  bool has_answered(NodeNumber number) const { return have_answered(bit(number), 0); }
  /// The same without the first one.
  bool others_have_answered(NodeNumber number) const {
    return have_answered(nodes_[number]->hold_also, bit(number));
  }
  /// From now on, who waits for `first` waits for `second` as well.
  void hold_also(NodeNumber first, NodeNumber second);
  /// Forgets what hold_also() has added to nodes that have answered.
  void forget_answered_chains();

  static bool owns(ConnectionId connection) {
    const auto place = static_cast<std::uint32_t>(connection);
    return place >= first_place && place < first_place + cluster_nodes_max;
  }
  static ConnectionId connection_of(NodeNumber number) {
    return ConnectionId{first_place + std::uint32_t{number}};
  }
  static NodeNumber number_of(ConnectionId connection) {
    return static_cast<NodeNumber>(static_cast<std::uint32_t>(connection) - first_place);
  }
  /// The node of a request that lies in its session, by the id that callers know.
  static NodeNumber number_of_request(RequestId id) {
    return static_cast<NodeNumber>(request_ids::connection_of(id) - first_place);
  }
  RequestId known_as(NodeNumber number, RequestId id) const {
    return request_ids::on_side(first_place + std::uint32_t{number}, nodes_[number]->incarnation,
                                id);
  }
  /// The session that has this request; null if its connection is over.
  Session* session_of_request(RequestId id) const {
    const NodeNumber number = number_of_request(id);
    const bool is_here = has(number) && nodes_[number]->session &&
                         request_ids::incarnation_of(id) ==
                             nodes_[number]->incarnation % request_ids::Incarnation::values_count;
    return is_here ? nodes_[number]->session.get() : nullptr;
  }

  /// Call this with each call of a session: it may have events.
  void note_input(NodeNumber number) { heard_ |= bit(number); }
  void note_input_of_all() { heard_ |= used_; }
  bool may_have_events() const { return heard_ != 0; }
  /// A node that may have events.
  NodeNumber first_heard() const { return static_cast<NodeNumber>(std::countr_zero(heard_)); }
  void note_heard_all(NodeNumber number) { heard_ &= ~bit(number); }

  /// Whether the end of a connection, or a node that is ready, may let requests go on.
  bool take_change() { return std::exchange(has_changed_, false); }
  void note_change() { has_changed_ = true; }
  /// Whether a connection was lost.
  bool take_loss() { return std::exchange(has_lost_, false); }

  /// A bit for each connection that may have bytes to send.
  std::uint64_t unsent() const;

  /// What all connections together have done so far, also those that are over.
  SessionCounters counters() const;

  void validate() const;

 private:
  static constexpr std::uint32_t first_place = connections_max - cluster_nodes_max;
  static_assert(cluster_nodes_max <= slot_table_nodes_max && cluster_nodes_max <= 32);

  static constexpr std::uint64_t bit(NodeNumber number) { return std::uint64_t{1} << number; }

  std::optional<NodeNumber> find(const NodeAddress& address, const NodeId& id);
  std::optional<NodeNumber> free_place() const;
  bool have_answered(std::uint64_t numbers, std::uint64_t without) const;

  Session& main_;
  std::array<Box<ClusterNode>, cluster_nodes_max> nodes_;
  bool has_changed_ = false;
  bool has_lost_ = false;
  std::uint64_t used_ = 0;   // a bit for each node that has a session
  std::uint64_t heard_ = 0;  // a bit for each node whose session may have events
  std::uint64_t incarnations_ = 0;
  SessionCounters ended_;  // of the connections that are over
};

}  // namespace plimsoll::inline v0
