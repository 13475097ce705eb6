#include "plimsoll/core/client/cluster_main.h"

#include <algorithm>
#include <optional>

namespace plimsoll::inline v0 {
namespace {

constexpr Error is_named_no_more{
    .code = ErrorCode::connection_lost,
    .what = "the other nodes of the cluster do not name this one any more"};

}  // namespace

bool ClusterMain::follow(Instant now) {
  if (!is_ready()) return false;
  const std::uint64_t connection = session_.counters().connections;
  if (std::exchange(connection_, connection) == connection) {
    if (is_replaced() && session_.in_flight() == 0) ask_who_it_is(now);
    return false;
  }
  id_ = {};
  was_in_view_ = false;
  unnamed_since_ = never;
  heard_when_replaced_ = was_not_replaced;
  ask_who_it_is(now);
  return true;
}

void ClusterMain::ask_who_it_is(Instant now) {
  note_request(now);
  ask_node_id(session_);
}

ClusterMain::Identity ClusterMain::handle_identity(const Event& event) {
  const std::optional<NodeId> id = node_id_of(event);
  if (!id || *id == id_) return Identity::unchanged;
  id_ = *id;
  was_in_view_ = owner() != no_node || is_spare(id_);
  return was_in_view_ ? Identity::in_view : Identity::not_in_view;
}

void ClusterMain::begin_view() {
  spares_count_ = 0;
  is_in_view_ = false;
}

void ClusterMain::name(std::span<const SlotsNode> nodes) {
  for (const SlotsNode& node : nodes) {
    is_in_view_ |= is_known(id_) && node.id == id_;
    const bool may_be_spare = &node != nodes.data() && !node.address.empty();
    if (!may_be_spare || spares_count_ == spares_.size()) continue;
    // A primary with several ranges of slots names its replicas with each.
    if (!is_known(node.id) || !is_spare(node.id)) spares_[spares_count_++] = node;
  }
}

bool ClusterMain::end_view(bool is_from_main, Instant now) {
  const bool was_in_view = std::exchange(was_in_view_, is_in_view_);
  if (is_in_view_ || !is_known(id_)) {
    unnamed_since_ = never;
    return false;
  }
  if (was_in_view || !is_from_main) unnamed_since_ = std::min(unnamed_since_, now);
  if (unnamed_since_ == never) return false;
  if (now - unnamed_since_ < unnamed_max && !is_silent(now)) return true;
  leave(is_named_no_more);
  return false;
}

bool ClusterMain::is_spare(const NodeId& id) const {
  const std::span known = std::span(spares_).first(spares_count_);
  return std::any_of(known.begin(), known.end(),
                     [&](const SlotsNode& each) { return each.id == id; });
}

NodeNumber ClusterMain::owner() const {
  NodeNumber found = no_node;
  std::as_const(nodes_).for_each([&](NodeNumber number, const ClusterNode& node) {
    if (is_at(node) && node.slots > 0) found = number;
  });
  return found;
}

void ClusterMain::leave_if_replaced(Instant now) {
  if (is_replaced() && is_silent(now) && owner() == no_node) leave(ClusterNode::is_replaced);
}

void ClusterMain::leave(const Error& reason) {
  left_for_ = &reason;
  attempts_ += attempts_ % 2;  // the next address is one that the cluster has told
  session_.leave(reason);
}

// In turn an address that the cluster has told, and one that the session has chosen: of the
// addresses that the user gave, none may be left.
const NodeAddress* ClusterMain::next(bool has_view, Instant now) {
  address_ = {};
  if (!has_view || attempts_++ % 2 == 1) return nullptr;
  const std::uint32_t count = nodes_.end() + spares_count_;
  if (count == 0) return nullptr;
  const auto first = static_cast<std::uint32_t>(attempts_ / 2 % count);
  for (std::uint32_t i = 0; i < count && address_.empty(); ++i) {
    const std::uint32_t at = (first + i) % count;
    const auto number = static_cast<NodeNumber>(at);
    if (at >= nodes_.end()) {
      address_ = spares_[at - nodes_.end()].address;
    } else if (nodes_.has(number) && nodes_[number].slots > 0 && !nodes_[number].is_doubtful(now)) {
      address_ = nodes_[number].address;
    }
  }
  return address();
}

}  // namespace plimsoll::inline v0
