#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// At which node of a cluster the main connection is, and when it has to leave it. It may lead to
/// any node, primary or replica, and takes the requests that have no key.
///
/// It leaves a node that the others do not name any more, for some time or while it says nothing,
/// and one that says nothing while others take over its slots. Silence alone is no reason: a
/// request may take long.
class ClusterMain {
 public:
  /// Both must outlive this object.
  ClusterMain(Session& session, ClusterNodes& nodes) : session_(session), nodes_(nodes) {}

  Session& session() const { return session_; }
  bool is_ready() const { return session_.state() == Session::State::ready; }

  /// Returns whether there is a new connection since the last call, and asks its node who it is.
  bool follow(Instant now);

  /// What is known of the node of the connection after the answer to CLUSTER MYID.
  enum class Identity : std::uint8_t {
    unchanged,  ///< it is the one that it was, or has not said who it is
    in_view,    ///< it is another one than before, which the last view names
    not_in_view
  };
  Identity handle_identity(const Event& event);

  // ---- Views: name() for each range of slots of one.

  void begin_view();
  void name(std::span<const SlotsNode> nodes);
  /// `is_from_main`: the view came over the main connection. A node without slots is not in its own
  /// view. Returns whether another view has to show if the others still name the node.
  [[nodiscard]] bool end_view(bool is_from_main, Instant now);

  /// The others may leave a node out for so long without having removed it: one that has handed its
  /// slots over is in no view until it has caught up with its new primary, for some seconds.
  static constexpr Duration unnamed_max = std::chrono::seconds(5);

  // ---- Silence.

  /// Call this before a request is submitted to the session.
  void note_request(Instant now) {
    if (session_.in_flight() == 0) owes_since_ = now;
  }
  /// Whether its node owes answers, and has said nothing for ClusterNode::suspect_after.
  bool is_silent(Instant now) const { return now >= silent_at(); }
  /// When that will be so; never, if nothing is owed.
  Instant silent_at() const {
    const bool is_owed = is_ready() && session_.in_flight() > 0;
    return is_owed ? after(heard_at(), ClusterNode::suspect_after) : never;
  }
  /// The node's number, if it owns slots; or else no_node.
  NodeNumber owner() const;
  bool is_at(const ClusterNode& node) const { return is_known(id_) && node.id == id_; }
  /// The node has lost its last slot. If the connection leads there and owes nothing, follow() asks
  /// for a sign of life.
  void handle_last_slot(const ClusterNode& node) {
    if (is_at(node)) heard_when_replaced_ = session_.counters().bytes_read;
  }
  /// Leaves the node if others have its slots, and it has not said anything since.
  void leave_if_replaced(Instant now);

  // ---- The next connection.

  /// The connection is about to be opened: returns to which node; null for the address that its
  /// session has chosen. `has_view`: nodes are known.
  const NodeAddress* next(bool has_view, Instant now);
  /// The address of the connection; null likewise.
  const NodeAddress* address() const { return address_.empty() ? nullptr : &address_; }
  std::string_view host(std::span<const std::string_view> seed_hosts) const {
    return address_.empty() ? seed_hosts[static_cast<std::size_t>(session_.seed())]
                            : address_.host();
  }

  /// Why the node was left, for one of the reasons above, since the last call; null: it was not.
  const Error* take_departure() { return std::exchange(left_for_, nullptr); }

 private:
  void ask_who_it_is(Instant now);
  // Whether its node has said nothing since it lost its last slot.
  bool is_replaced() const { return heard_when_replaced_ == session_.counters().bytes_read; }
  bool is_spare(const NodeId& id) const;
  Instant heard_at() const { return std::max(owes_since_, session_.quiet_since()); }
  void leave(const Error& reason);

  Session& session_;
  ClusterNodes& nodes_;
  std::uint64_t connection_ = 0;  // session_.counters().connections, as last seen
  std::uint64_t attempts_ = 0;
  NodeAddress address_{};  // empty: the one that the session has chosen
  NodeId id_{};
  std::array<SlotsNode, 8> spares_;  // replicas
  std::uint32_t spares_count_ = 0;
  Instant owes_since_ = Instant::min();
  static constexpr std::uint64_t was_not_replaced = UINT64_MAX;
  // How many bytes the session had read when its node lost its last slot.
  std::uint64_t heard_when_replaced_ = was_not_replaced;
  Instant unnamed_since_ = never;  // views have left its node out since then
  bool was_in_view_ = false;
  bool is_in_view_ = false;          // of the view under way
  const Error* left_for_ = nullptr;  // it lives for ever
};

}  // namespace plimsoll::inline v0
