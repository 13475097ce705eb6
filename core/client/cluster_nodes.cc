#include "plimsoll/core/client/cluster_nodes.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error no_room_for_node{
    .code = ErrorCode::out_of_memory,
    .what = "the connections pool has no room for a connection to a node of the cluster"};

SessionOptions options_at_node(const SessionOptions& of_main, NodeNumber number) {
  SessionOptions options = of_main;
  options.seeds_count = 1;
  // A node that is lost is tried again from here, and what it has not run may go elsewhere.
  options.reconnect_attempts_max = 0;
  options.hands_back = options.hands_back_redirections = true;
  options.read_resends_max = std::max<std::uint8_t>(of_main.read_resends_max, 1);
  options.random_seed += 1 + std::uint64_t{number};
  return options;
}

}  // namespace

std::optional<NodeId> node_id_of(const Event& event) {
  if (event.kind != Event::Kind::completed || !event.value) return std::nullopt;
  const auto text = event.value->as_bytes();
  if (!text || text->size() != std::tuple_size_v<NodeId>) return std::nullopt;
  NodeId words;
  std::size_t size = 0;
  text->for_each_piece([&](std::string_view piece) {
    std::copy(piece.begin(), piece.end(), words.data() + size);
    size += piece.size();
  });
  return read_node_id({words.data(), words.size()});
}

std::optional<NodeNumber> ClusterNodes::find(const NodeAddress& address, const NodeId& id) {
  for (NodeNumber i = 0; i < cluster_nodes_max; ++i) {
    if (!nodes_[i] || nodes_[i]->address != address) continue;
    ClusterNode& node = *nodes_[i];
    if (is_known(id) && node.id != id) {
      if (is_known(node.id)) leave(i, ClusterNode::is_another);
      node.id = id;
    }
    return i;
  }
  return std::nullopt;
}

std::optional<NodeNumber> ClusterNodes::free_place() const {
  std::optional<NodeNumber> place;
  for (NodeNumber i = 0; i < cluster_nodes_max; ++i) {
    if (!nodes_[i]) return i;
    const ClusterNode& node = *nodes_[i];
    const bool is_forgotten = node.slots == 0 && !node.session && !node.is_wanted &&
                              node.hold_also == 0 && node.moved.empty();
    if (is_forgotten && !place) place = i;
  }
  return place;
}

std::optional<NodeNumber> ClusterNodes::find_or_add(const NodeAddress& address, const NodeId& id) {
  if (const std::optional<NodeNumber> found = find(address, id)) return found;
  const std::optional<NodeNumber> place = free_place();
  if (!place) return std::nullopt;
  const SessionOptions& options = main_.options();
  nodes_[*place] =
      Box<ClusterNode>::make(main_.accounts().connections, 0, address, main_.accounts().requests,
                             options.inflight_requests_limit, options.random_seed + *place);
  if (!nodes_[*place]) return std::nullopt;
  nodes_[*place]->id = id;
  return place;
}

void ClusterNodes::want(NodeNumber number, Instant now) {
  ClusterNode& node = *nodes_[number];
  node.is_wanted = true;
  if (node.retry_at == never || now >= node.retry_at) connect(number, now);
}

void ClusterNodes::connect(NodeNumber number, Instant now) {
  ClusterNode& node = *nodes_[number];
  if (node.session) return;
  node.retry_at = never;
  node.session = Box<Session>::make(main_.accounts().connections, 0,
                                    options_at_node(main_.options(), number), main_.accounts());
  if (!node.session) return handle_end(number, no_room_for_node, true, now);
  used_ |= bit(number);
  heard_ |= bit(number);
  // The numbers of connections come again. One whose requests are still in flight elsewhere has to
  // wait, so that they can be cancelled.
  for (std::uint64_t i = 0; i < request_ids::Incarnation::values_count; ++i) {
    node.incarnation = ++incarnations_;
    if (!node.moved.has_left(node.incarnation)) break;
  }
  node.state = ClusterNode::State::connecting;
  node.is_leaving = false;
  node.part_of = ClusterNode::no_request;
  node.hold_until = 0;
  node.session->insist_on_cluster();
  node.session->connect(now);
}

void ClusterNodes::handle_end(NodeNumber number, const Error& reason, bool may_retry, Instant now) {
  ClusterNode& node = *nodes_[number];
  const bool was_left = std::exchange(node.is_leaving, false);
  node.state = ClusterNode::State::lost;
  node.problem = was_left ? Error() : reason;
  node.retry_at = was_left || !may_retry ? never : after(now, node.backoff.next());
  has_changed_ = true;
  has_lost_ |= !was_left;
}

// A user who may not ask has to trust the address.
void ClusterNodes::handle_identity(NodeNumber number, const Event& event) {
  ClusterNode& node = *nodes_[number];
  if (node.state != ClusterNode::State::checking) return;
  const std::optional<NodeId> id = node_id_of(event);
  if (id && is_known(node.id) && *id != node.id) return leave(number, ClusterNode::is_another);
  if (id) node.id = *id;
  node.backoff.reset();
  node.state = ClusterNode::State::ready;
  node.is_wanted = false;
  note_change();
}

std::uint64_t ClusterNodes::unsent() const {
  std::uint64_t mask = 0;
  for_each_session([&mask](NodeNumber number, const Session& session) {
    const auto place = static_cast<std::uint32_t>(connection_of(number));
    if (session.has_unsent()) mask |= std::uint64_t{1} << place;
  });
  return mask;
}

void ClusterNodes::leave(NodeNumber number, const Error& reason) {
  heard_ |= bit(number);
  if (nodes_[number]->session) nodes_[number]->session->give_up(reason);
}

void ClusterNodes::forget_session(NodeNumber number) {
  ended_ += nodes_[number]->session->counters();
  nodes_[number]->session = {};
  nodes_[number]->sent.clear();
  used_ &= ~bit(number);
  has_changed_ = true;  // if requests wait for the node, it is connected again
}

// Those that wait for one of these nodes wait also for the ones that were added to it, and to them.
bool ClusterNodes::have_answered(std::uint64_t numbers, std::uint64_t without) const {
  std::uint64_t seen = without;
  while ((numbers & ~seen) != 0) {
    const auto number = static_cast<NodeNumber>(std::countr_zero(numbers & ~seen));
    seen |= bit(number);
    if (!has(number)) continue;
    if (!nodes_[number]->has_answered()) return false;
    numbers |= nodes_[number]->hold_also;
  }
  return true;
}

void ClusterNodes::hold_also(NodeNumber first, NodeNumber second) {
  nodes_[first]->hold_also |= static_cast<std::uint32_t>(bit(second));
}

void ClusterNodes::forget_answered_chains() {
  for_each([this](NodeNumber number, ClusterNode& node) {
    if (has_answered(number)) node.hold_also = 0;
  });
}

SessionCounters ClusterNodes::counters() const {
  SessionCounters sum = ended_;
  for_each_session([&sum](NodeNumber, const Session& session) { sum += session.counters(); });
  return sum;
}

void ClusterNodes::validate() const {
  for (NodeNumber i = 0; i < cluster_nodes_max; ++i) {
    const bool has_session = nodes_[i] && nodes_[i]->session;
    PLIMSOLL_CHECK(has_session == ((used_ & bit(i)) != 0));
    if (!has_session) continue;
    nodes_[i]->session->validate();
    PLIMSOLL_CHECK(!nodes_[i]->session->hands_back());
  }
}

}  // namespace plimsoll::inline v0
