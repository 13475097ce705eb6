#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_node.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/connection_id.h"
#include "plimsoll/core/client/exclusive_handles.h"
#include "plimsoll/core/cluster/node_set.h"
#include "plimsoll/core/cluster/node_times.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/memory/box_table.h"
#include "plimsoll/core/session/request_log.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

class NodeCaches;

/// Asks the node of a session who it is (CLUSTER MYID), with the tag internal_node_id. Returns
/// false if there is no room, or no connection.
bool ask_node_id(Session& session);
/// The id in the answer; nothing if there is none.
std::optional<NodeId> node_id_of(const Event& event);

/// The nodes of a cluster that a client knows, and its connections to them: at most one to each,
/// opened when it is first needed. Passes no events on, and decides about no request.
///
/// There may be a thousand of them, so that nothing that happens once a request walks over all:
/// a node whose session was used is stirred, and only such nodes are looked at.
class ClusterNodes {
 public:
  /// `main` must outlive this object; the nodes' sessions have its options and accounts.
  explicit ClusterNodes(Session& main) : main_(main), nodes_(main.accounts().connections) {}
  ClusterNodes(const ClusterNodes&) = delete;
  ClusterNodes& operator=(const ClusterNodes&) = delete;

  /// Tells `caches`, which must outlive this object, of each new node.
  bool use_cache(NodeCaches& caches);

  /// All numbers are below this.
  NodeNumber end() const { return static_cast<NodeNumber>(nodes_.end()); }
  bool has(NodeNumber number) const { return nodes_.has(number); }
  ClusterNode& operator[](NodeNumber number) { return nodes_[number]; }
  const ClusterNode& operator[](NodeNumber number) const { return nodes_[number]; }

  /// Calls `visit(NodeNumber, ClusterNode&)` for each node.
  template <class Visit>
  void for_each(Visit&& visit) {
    for (NodeNumber i = 0; i < end(); ++i) {
      if (has(i)) visit(i, nodes_[i]);
    }
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (NodeNumber i = 0; i < end(); ++i) {
      if (has(i)) visit(i, std::as_const(nodes_[i]));
    }
  }
  /// Calls `visit(NodeNumber, Session&)` for each session.
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    used_.for_each([&](NodeNumber number) { visit(number, *nodes_[number].session); });
  }

  /// The node at this address; a new one, if there is none, in a free place or in that of a node
  /// that nothing is remembered of. `id`: who is there, if that is known; if somebody else was
  /// there until now, the connection to that one is left. Returns nothing if there is no place, or
  /// no memory.
  std::optional<NodeNumber> find_or_add(const NodeAddress& address, const NodeId& id);
  /// The same, but adds none.
  std::optional<NodeNumber> find(const NodeAddress& address, const NodeId& id);

  /// Whether requests may be sent to the node now. Its connection may have ended just now, and
  /// nobody has asked for the events yet.
  bool may_send_to(NodeNumber number) const {
    const ClusterNode& node = nodes_[number];
    return node.state == ClusterNode::State::ready && !node.is_leaving &&
           !node.session->is_closed();
  }

  /// Requests wait for the node: connects to it, at once or once its wait is over.
  void want(NodeNumber number, Instant now);
  /// Parked requests may be on their way to the node, so that it keeps its place.
  void note_named(NodeNumber number) {
    nodes_[number].is_named = true;
    wanted_.add(number);
  }
  /// One more request is parked for the node.
  void note_parked(NodeNumber number, std::size_t bytes) {
    ++nodes_[number].parked;
    nodes_[number].parked_bytes += bytes;
    wanted_.add(number);
  }
  /// Forgets which nodes that are not ready are waited for, which nodes are named, and what is
  /// parked for them. Who still waits, or is on the way, says so again: want(), note_named(),
  /// note_parked().
  void forget_wants();
  /// Requests of the node have gone on (ClusterNode::moved).
  void note_moved(NodeNumber number) { moved_.add(number); }
  /// Calls `visit(ClusterNode&)` for each node without a connection whose requests have gone on.
  template <class Visit>
  void for_each_moved(Visit&& visit) {
    moved_.for_each([&](NodeNumber number) {
      if (!has(number) || nodes_[number].session) return;
      visit(nodes_[number]);
      if (nodes_[number].moved.empty()) moved_.remove(number);
    });
  }
  void connect(NodeNumber number, Instant now);
  /// The node's connection is over, for `reason`. With `may_retry` there may be another.
  void handle_end(NodeNumber number, const Error& reason, bool may_retry, Instant now);
  /// Handles the answer to CLUSTER MYID: the node is ready, or another one than it should be.
  void handle_identity(NodeNumber number, const Event& event);
  /// Ends the connection. What the node owes is in doubt; what it has not got whole is handed back.
  void leave(NodeNumber number, const Error& reason);
  /// The node's session is over: forgets it.
  void forget_session(NodeNumber number);

  /// ClusterNode::has_answered() of the node, and of those that are waited for together with it.
  bool has_answered(NodeNumber number) const {
    return !has(number) || (nodes_[number].has_answered() && others_have_answered(number));
  }
  /// The same without the first one.
  bool others_have_answered(NodeNumber number) const;
  /// From now on, who waits for one of the two waits for the other as well.
  void hold_together(NodeNumber first, NodeNumber second);
  /// Nodes that are waited for together and have all answered are on their own again.
  void forget_answered_rings();

  static bool owns(ConnectionId connection) {
    const auto number = static_cast<std::uint32_t>(connection);
    return number >= first_number && number < first_number + cluster_nodes_max;
  }
  static ConnectionId connection_of(NodeNumber number) {
    return ConnectionId{first_number + std::uint32_t{number}};
  }
  static NodeNumber number_of(ConnectionId connection) {
    return static_cast<NodeNumber>(static_cast<std::uint32_t>(connection) - first_number);
  }
  /// The node of a request that lies in its session, by the id that callers know.
  static NodeNumber number_of_request(RequestId id) {
    return static_cast<NodeNumber>(request_ids::node_of(id));
  }
  RequestId known_as(NodeNumber number, RequestId id) const {
    return request_ids::at_node(number, nodes_[number].incarnation, id);
  }
  /// The session that has this request; null if its connection is over.
  Session* session_of_request(RequestId id) const {
    const NodeNumber number = number_of_request(id);
    const bool is_here =
        has(number) && nodes_[number].session &&
        request_ids::node_incarnation_of(id) == nodes_[number].incarnation % incarnations_count;
    return is_here ? nodes_[number].session.get() : nullptr;
  }

  /// Call this with each call of a session: it may have events, and want a connection opened or
  /// closed.
  void note_input(NodeNumber number) {
    heard_.add(number);
    note_use(number);
  }
  void note_input_of_all() {
    used_.for_each([this](NodeNumber number) { note_input(number); });
  }
  /// The same for a call that leads to no further event, as the question for events does.
  void note_use(NodeNumber number) {
    acting_.add(number);
    if (has(number)) stir(number);
  }
  bool may_have_events() const { return !heard_.empty(); }
  /// A node that may have events.
  NodeNumber first_heard() const { return heard_.first(); }
  void note_heard_all(NodeNumber number) { heard_.remove(number); }

  /// Call this with each use of a session, or of what is known of the node, that note_input() does
  /// not tell of: the calls below look at such nodes only.
  void stir(NodeNumber number) { stir(nodes_[number], number); }
  void stir(ClusterNode& node, NodeNumber number) {
    if (!std::exchange(node.is_stirred, true)) stirred_.add(number);
  }
  /// The requests and tombstones of callers in all sessions.
  std::size_t callers_in_flight() {
    settle();
    return callers_;
  }
  /// When visit_due() has to be called at the latest. May be too early once a request that was the
  /// first to time out is answered: visit_due() finds that out.
  Instant next_timeout() {
    settle();
    return timeouts_.next();
  }
  /// Calls `visit(NodeNumber, ClusterNode&)` for each node that has something to do.
  template <class Visit>
  void visit_due(Instant now, Visit&& visit) {
    if (now < next_timeout()) return;
    timeouts_.visit_due(now, nodes_.end(), [&](NodeNumber number) {
      if (!has(number)) return never;
      const Instant at = timeout_of(nodes_[number]);
      if (now < at) return at;
      visit(number, nodes_[number]);
      note_input(number);
      return never;  // settle() will find out
    });
    followed_until_ = now;
  }
  /// A connection that may have something to do (Session::poll_action()); each once.
  std::optional<NodeNumber> take_acting();
  /// A connection that may have bytes to send; each once, until its session is used again.
  std::optional<ConnectionId> take_unsent();

  /// Whether the end of a connection, or a node that is ready, may let requests go on.
  bool take_change() { return std::exchange(has_changed_, false); }
  void note_change() { has_changed_ = true; }
  /// Whether a connection was lost.
  bool take_loss() { return std::exchange(has_lost_, false); }

  /// A session that was never ready tries again by itself, and reports only its end: notes why it
  /// could not.
  void follow_attempts(NodeNumber number);
  /// The node may be in doubt now: it is suspect, or its connection has failed.
  void note_doubt(NodeNumber number) { doubtful_.add(number); }
  /// Whether a node that owns slots is in doubt.
  bool has_doubtful(Instant now);

  /// The node has one slot more, or one less.
  void add_slot(NodeNumber number) { owners_count_ += nodes_[number].slots++ == 0 ? 1 : 0; }
  void remove_slot(NodeNumber number) { owners_count_ -= --nodes_[number].slots == 0 ? 1 : 0; }
  /// How many nodes own slots.
  std::size_t owners_count() const { return owners_count_; }

  /// Session::set_log_parts() of all connections, and of those that will be opened.
  void set_log_parts(std::uint32_t parts);

  /// What all connections together have done so far, also those that are over.
  SessionCounters counters() const;

  void validate() const;

 private:
  // Behind the numbers of other connections, and of exclusive users.
  static constexpr std::uint32_t first_number = ExclusiveHandles::ids_max;
  static_assert(cluster_nodes_max <= slot_table_nodes_max);
  static_assert(cluster_nodes_max <= request_ids::Node::values_count);
  static constexpr std::uint64_t incarnations_count = request_ids::NodeIncarnation::values_count;

  static constexpr std::array<NodeNumber, 256> no_addresses() {
    std::array<NodeNumber, 256> all{};
    all.fill(no_node);
    return all;
  }

  NodeNumber& first_with(std::uint32_t address_hash) {
    return by_address_[address_hash % by_address_.size()];
  }
  void note_address(NodeNumber number);
  void forget_address(NodeNumber number);
  std::optional<NodeNumber> free_place() const;
  void settle() {
    if (!stirred_.empty()) settle_stirred();
  }
  void settle_stirred();
  void take_incarnation(ClusterNode& node);
  Instant timeout_of(const ClusterNode& node) const;

  Session& main_;
  BoxTable<ClusterNode> nodes_;
  NodeCaches* caches_ = nullptr;  // null without a near cache
  bool has_changed_ = false;
  bool has_lost_ = false;
  bool has_rings_ = false;  // some nodes are waited for together
  NodeSet used_;            // nodes that have a session
  NodeSet heard_;           // their sessions may have events
  NodeSet stirred_;         // they were used since settle()
  NodeSet wanted_;          // perhaps is_wanted or is_named
  NodeSet moved_;           // perhaps with requests in `moved`
  NodeSet acting_;          // see take_acting()
  NodeSet unsent_;          // see take_unsent()
  NodeSet doubtful_;        // perhaps in doubt: see note_doubt()
  // By the hash of the address, the first of those that have it in common: see `like_named`.
  std::array<NodeNumber, 256> by_address_ = no_addresses();
  std::size_t callers_ = 0;
  std::size_t owners_count_ = 0;  // nodes with slots
  std::uint32_t log_parts_ = RequestLog::parts_count;
  NodeTimes timeouts_;
  Instant followed_until_ = Instant::min();  // nodes that were suspect then are known to be
  std::uint64_t incarnations_ = 0;
  SessionCounters ended_;  // of the connections that are over
};

}  // namespace plimsoll::inline v0
