#include "plimsoll/core/client/cluster_nodes.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/node_caches.h"

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

// FNV-1a (Fowler, Noll, Vo), in 32 bits.
std::uint32_t hash_of(const NodeAddress& address) {
  std::uint32_t hash = 2166136261u ^ address.port();
  for (const char letter : address.host()) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
  }
  return hash;
}

}  // namespace

bool ask_node_id(Session& session) {
  constexpr std::string_view words[] = {"CLUSTER", "MYID"};
  CommandView question;
  question.args = words;
  return session.submit_internal(question, internal_node_id);
}

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

bool ClusterNodes::use_cache(NodeCaches& caches) {
  for (NodeNumber i = 0; i < end(); ++i) {
    if (has(i) && !caches.add_node(i)) return false;
  }
  caches_ = &caches;
  return true;
}

// Each MOVED and ASK calls this, and a view for each of its ranges.
std::optional<NodeNumber> ClusterNodes::find(const NodeAddress& address, const NodeId& id) {
  const std::uint32_t hash = hash_of(address);
  for (NodeNumber i = first_with(hash); i != no_node; i = nodes_[i].like_named) {
    if (nodes_[i].address_hash != hash || nodes_[i].address != address) continue;
    ClusterNode& node = nodes_[i];
    if (is_known(id) && node.id != id) {
      if (is_known(node.id)) leave(i, ClusterNode::is_another);
      node.id = id;
    }
    note_named(i);
    return i;
  }
  return std::nullopt;
}

void ClusterNodes::note_address(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  node.like_named = std::exchange(first_with(node.address_hash), number);
}

void ClusterNodes::forget_address(NodeNumber number) {
  NodeNumber* link = &first_with(nodes_[number].address_hash);
  while (*link != number) link = &nodes_[*link].like_named;
  *link = nodes_[number].like_named;
}

std::optional<NodeNumber> ClusterNodes::free_place() const {
  std::optional<NodeNumber> place;
  std::optional<NodeNumber> place_of_named;
  for (NodeNumber i = 0; i < end(); ++i) {
    if (!has(i)) return i;
    const ClusterNode& node = nodes_[i];
    const bool is_forgotten = node.slots == 0 && !node.session && !node.is_wanted &&
                              !node.replica && !node.primary && node.held_with == no_node &&
                              node.moved.empty();
    std::optional<NodeNumber>& found = node.is_named ? place_of_named : place;
    if (is_forgotten && !found) found = i;
  }
  if (!place && end() < cluster_nodes_max) return end();
  return place ? place : place_of_named;
}

std::optional<NodeNumber> ClusterNodes::find_or_add(const NodeAddress& address, const NodeId& id) {
  if (const std::optional<NodeNumber> found = find(address, id)) return found;
  const std::optional<NodeNumber> place = free_place();
  if (!place || (caches_ != nullptr && !caches_->add_node(*place))) return std::nullopt;
  const SessionOptions& options = main_.options();
  const std::uint32_t last_callers = has(*place) ? nodes_[*place].callers : 0;
  const std::uint64_t last_incarnation = has(*place) ? nodes_[*place].incarnation : 0;
  if (has(*place)) forget_address(*place);
  ClusterNode* const node =
      nodes_.make(*place, address, main_.accounts().requests, options.inflight_requests_limit,
                  options.random_seed + *place);
  if (node == nullptr) {
    // Who has had the place stays there, and has to be found again.
    if (has(*place)) note_address(*place);
    return std::nullopt;
  }
  callers_ -= last_callers;
  note_named(*place);
  node->id = id;
  node->address_hash = hash_of(address);
  note_address(*place);
  node->incarnation = last_incarnation;
  return place;
}

void ClusterNodes::want(NodeNumber number, Instant now) {
  ClusterNode& node = nodes_[number];
  node.is_wanted = true;
  wanted_.add(number);
  stir(number);
  if (node.retry_at == never || now >= node.retry_at) connect(number, now);
}

void ClusterNodes::forget_wants() {
  wanted_.for_each([this](NodeNumber number) {
    ClusterNode& node = nodes_[number];
    if (node.state != ClusterNode::State::ready) node.is_wanted = false;
    node.is_named = false;
    node.parked = 0;
    node.parked_bytes = 0;
    if (!node.is_wanted) wanted_.remove(number);
  });
}

void ClusterNodes::connect(NodeNumber number, Instant now) {
  ClusterNode& node = nodes_[number];
  if (node.session) return;
  node.retry_at = never;
  node.session = Box<Session>::make(main_.accounts().connections, 0,
                                    options_at_node(main_.options(), number), main_.accounts());
  if (!node.session) return handle_end(number, no_room_for_node, true, now);
  used_.add(number);
  note_input(number);
  // The numbers of incarnations come again. One whose requests are still in flight elsewhere has to
  // wait, so that they can be cancelled.
  for (std::uint64_t i = 0; i < incarnations_count; ++i) {
    take_incarnation(node);
    if (!node.moved.has_left(known_as(number, 0))) break;
  }
  node.state = ClusterNode::State::connecting;
  node.is_leaving = false;
  node.part_of = ClusterNode::no_request;
  node.hold_until = 0;
  node.has_small_share = false;
  node.session->set_log_parts(log_parts_);
  node.session->insist_on_cluster();
  node.session->connect(now);
}

// A number that no connection has had, and whose part in ids (packed_id.h) follows that of the
// node's connection before.
void ClusterNodes::take_incarnation(ClusterNode& node) {
  incarnations_ += 1 + (node.incarnation - incarnations_) % incarnations_count;
  node.incarnation = incarnations_;
}

void ClusterNodes::handle_end(NodeNumber number, const Error& reason, bool may_retry, Instant now) {
  ClusterNode& node = nodes_[number];
  const bool was_left = std::exchange(node.is_leaving, false);
  const bool was_ready = node.state == ClusterNode::State::ready;
  node.state = ClusterNode::State::lost;
  node.problem = was_left ? Error() : reason;
  node.retry_at = was_left || !may_retry ? never : after(now, node.backoff.next());
  stir(number);
  has_changed_ = true;
  // Each attempt at a replica that is gone would lead to a view.
  has_lost_ |= !was_left && (was_ready || !node.replica);
  if (!was_left) note_doubt(number);
}

// A user who may not ask has to trust the address.
void ClusterNodes::handle_identity(NodeNumber number, const Event& event) {
  ClusterNode& node = nodes_[number];
  if (node.state != ClusterNode::State::checking) return;
  const std::optional<NodeId> id = node_id_of(event);
  if (id && is_known(node.id) && *id != node.id) return leave(number, ClusterNode::is_another);
  if (id) node.id = *id;
  node.backoff.reset();
  node.state = ClusterNode::State::ready;
  node.is_wanted = false;
  note_change();
}

void ClusterNodes::leave(NodeNumber number, const Error& reason) {
  note_input(number);
  if (nodes_[number].session) nodes_[number].session->give_up(reason);
}

void ClusterNodes::forget_session(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  ended_ += node.session->counters();
  node.session = {};
  node.sent.clear();
  used_.remove(number);
  unsent_.remove(number);
  stir(number);
  has_changed_ = true;  // if requests wait for the node, it is connected again
}

// ---- Nodes that are waited for together: each names the next, in a ring.

bool ClusterNodes::others_have_answered(NodeNumber number) const {
  if (!has(number) || nodes_[number].held_with == no_node) return true;
  for (NodeNumber i = nodes_[number].held_with; i != number; i = nodes_[i].held_with) {
    if (!nodes_[i].has_answered()) return false;
  }
  return true;
}

void ClusterNodes::hold_together(NodeNumber first, NodeNumber second) {
  const auto next = [this](NodeNumber number) {
    const NodeNumber after = nodes_[number].held_with;
    return after == no_node ? number : after;
  };
  for (NodeNumber i = next(first); i != first; i = next(i)) {
    if (i == second) return;
  }
  if (first == second) return;
  const NodeNumber after_first = next(first);
  nodes_[first].held_with = next(second);
  nodes_[second].held_with = after_first;
  has_rings_ = true;
}

void ClusterNodes::forget_answered_rings() {
  if (!has_rings_) return;
  has_rings_ = false;
  for_each([this](NodeNumber number, ClusterNode& node) {
    if (node.held_with == no_node) return;
    has_rings_ = has_rings_ || !has_answered(number);
    if (!has_answered(number)) return;
    for (NodeNumber i = number; i != no_node;) i = std::exchange(nodes_[i].held_with, no_node);
  });
}

// ---- What the nodes that were used have to do.

Instant ClusterNodes::timeout_of(const ClusterNode& node) const {
  Instant next = node.session ? node.session->poll_timeout() : never;
  if (node.owes()) {
    const Instant suspect_at = after(node.quiet_since, ClusterNode::suspect_after);
    if (suspect_at > followed_until_) next = std::min(next, suspect_at);
  }
  if (node.primary) next = std::min(next, node.primary->rounds.due_at());
  if (node.replica) {
    next = std::min(next, node.replica->ask_again_at);
    if (node.session) next = std::min(next, node.replica->due.next(node.session->answered_until()));
  }
  return node.is_wanted && !node.session ? std::min(next, node.retry_at) : next;
}

void ClusterNodes::settle_stirred() {
  stirred_.for_each([this](NodeNumber number) {
    if (!has(number)) return;
    ClusterNode& node = nodes_[number];
    node.is_stirred = false;
    const std::size_t callers = node.session ? node.session->callers_in_flight() : 0;
    callers_ = callers_ - node.callers + callers;
    node.callers = static_cast<std::uint32_t>(callers);
    timeouts_.note(number, timeout_of(node));
    if (node.session && node.session->has_unsent()) unsent_.add(number);
  });
  stirred_.clear();
}

std::optional<NodeNumber> ClusterNodes::take_acting() {
  while (!acting_.empty()) {
    const NodeNumber number = acting_.first();
    acting_.remove(number);
    if (used_.has(number)) return number;
  }
  return std::nullopt;
}

std::optional<ConnectionId> ClusterNodes::take_unsent() {
  settle();
  while (!unsent_.empty()) {
    const NodeNumber number = unsent_.first();
    unsent_.remove(number);
    if (used_.has(number) && nodes_[number].session->has_unsent()) return connection_of(number);
  }
  return std::nullopt;
}

void ClusterNodes::follow_attempts(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  const bool is_first = node.state == ClusterNode::State::connecting;
  if (!is_first || node.session->counters().attempts_failed == 0) return;
  node.problem = node.session->last_problem();
  note_doubt(number);
}

bool ClusterNodes::has_doubtful(Instant now) {
  bool found = false;
  doubtful_.for_each([&](NodeNumber number) {
    const bool is_in_doubt = has(number) && nodes_[number].is_doubtful(now);
    if (!is_in_doubt) doubtful_.remove(number);
    found = found || (is_in_doubt && nodes_[number].slots > 0);
  });
  return found;
}

void ClusterNodes::set_log_parts(std::uint32_t parts) {
  log_parts_ = parts;
  for_each_session([this, parts](NodeNumber number, Session& session) {
    if (!nodes_[number].has_small_share) session.set_log_parts(parts);
  });
}

SessionCounters ClusterNodes::counters() const {
  SessionCounters sum = ended_;
  for_each_session([&sum](NodeNumber, const Session& session) { sum += session.counters(); });
  return sum;
}

void ClusterNodes::validate() const {
  for (NodeNumber i = 0; i < end(); ++i) {
    const bool has_session = has(i) && nodes_[i].session;
    PLIMSOLL_CHECK(has_session == used_.has(i));
    PLIMSOLL_CHECK(!has(i) || stirred_.has(i) ||
                   timeouts_.next_of_group(i) <= timeout_of(nodes_[i]));
    if (!has_session) continue;
    Session& session = *nodes_[i].session;
    session.validate();
    PLIMSOLL_CHECK(!session.hands_back());
    PLIMSOLL_CHECK(stirred_.has(i) || nodes_[i].callers == session.callers_in_flight());
  }
}

}  // namespace plimsoll::inline v0
