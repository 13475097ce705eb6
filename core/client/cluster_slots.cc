#include "plimsoll/core/client/cluster_slots.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/node_caches.h"

namespace plimsoll::inline v0 {
namespace {

constexpr Error knows_no_slots{.code = ErrorCode::cluster_down,
                               .what = "the server knows of no slot that any node serves",
                               .expected = "a node of a cluster whose slots have owners"};

constexpr Error is_no_node{
    .code = ErrorCode::invalid_option,
    .what = "no node of a cluster listens at this address, but a server",
    .expected = "the address of a node of a cluster; or valkey:// for a server"};

constexpr Error is_no_view{.code = ErrorCode::protocol_error,
                           .what = "the server's answer to CLUSTER SLOTS is not understood",
                           .expected = "ranges of slots with their nodes"};

constexpr Error is_another_cluster{
    .code = ErrorCode::connect_failed,
    .what = "the server names no node of the cluster that the client knows"};

constexpr Error has_no_slots{.code = ErrorCode::connection_lost,
                             .what = "the node has no slot any more, and the client has left it"};

constexpr Error slots_not_in_time{
    .code = ErrorCode::connect_failed,
    .what = "connect_timeout has passed, and no server has said who owns the cluster's slots"};

constexpr Error has_no_such_node{
    .code = ErrorCode::invalid_argument,
    .what = "no primary of the cluster has this address",
    .expected = "the address of a primary with slots, as topology() has it"};

constexpr std::string_view ask_slots[] = {"CLUSTER", "SLOTS"};

}  // namespace

void ClusterSlots::learn(Slot slot, NodeNumber owner) {
  set_owner(slot, owner);
  table_->note_learnt(slot);
}

void ClusterSlots::set_owner(Slot slot, NodeNumber owner) {
  const NodeNumber before = table_->at(slot).owner();
  if (before == owner) return;
  table_->set_owner(slot, owner);
  ++owner_changes_;
  nodes_.note_change();
  if (listener_ != nullptr) listener_->handle_owner(slot, before, owner);
  if (owner != no_node) {
    nodes_.add_slot(owner);
    nodes_[owner].last_slot = slot;
  }
  if (before == no_node) return;
  if (caches_ != nullptr) caches_->handle_departure(before, slot);
  nodes_.remove_slot(before);
  if (nodes_[before].slots == 0) main_.handle_last_slot(nodes_[before]);
  if (nodes_[before].owes()) hold_until_answered(slot, before);
}

Slot ClusterSlots::slot_of(NodeNumber number) {
  Slot& slot = nodes_[number].last_slot;
  for (std::uint32_t i = 0; i < slots_count && table_->at(slot).owner() != number; ++i) {
    slot = static_cast<Slot>(i);
  }
  return slot;
}

Result<Slot> ClusterSlots::slot_at(const NodeChoice& where) {
  if (where.kind == NodeChoice::Kind::owner) return where.slot;
  const bool is_named = where.kind == NodeChoice::Kind::address;
  const NodeNumber end = nodes_.end();
  for (NodeNumber i = 0; i < end; ++i) {
    const auto number = static_cast<NodeNumber>((last_in_turn_ + 1u + i) % end);
    if (!nodes_.has(number) || nodes_[number].slots == 0) continue;
    std::array<char, NodeAddress::text_bytes_max> text;
    if (is_named && nodes_[number].address.write(text) != where.address) continue;
    if (!is_named) last_in_turn_ = number;
    return slot_of(number);
  }
  return is_named ? has_no_such_node : has_no_primary;
}

void ClusterSlots::hold_until_answered(Slot slot, NodeNumber number) {
  nodes_[number].hold_until = nodes_[number].session->staged_until();
  NodeNumber before = table_->predecessor(slot);
  if (before == no_node || before == number || nodes_.has_answered(before)) {
    if (table_->set_predecessor(slot, number)) return;
    table_->forget_predecessors([this](NodeNumber each) { return nodes_.has_answered(each); });
    if (table_->set_predecessor(slot, number)) return;
    before = table_->share_predecessor(slot, number);
  }
  // The slot moves again before its last move is over, or there are too many predecessors: all
  // slots that wait for `before` wait for this node as well.
  nodes_.hold_together(before, number);
}

bool ClusterSlots::is_at_rest(Slot slot, NodeNumber target) {
  const NodeNumber before = table_->predecessor(slot);
  if (before == no_node || nodes_.has_answered(before)) {
    table_->forget_predecessor(slot);
    return true;
  }
  return before == target && nodes_.others_have_answered(before);
}

// Of a slot that was learnt since the last view, others may not have heard yet: one of them would
// name its former owner. While a view is under way, it says more.
void ClusterSlots::want_owner(Slot slot, Instant now) {
  if (schedule_.is_asking()) return;
  const bool may_ask = knows_learnt_ && question_.may_ask(now) && !table_->is_learnt(slot);
  if (!may_ask) return want_view(now, ViewSchedule::Need::urgent);
  question_.want(slot, table_->at(slot).owner(), now);
}

void ClusterSlots::want_successor(NodeNumber number, Instant now) {
  // Who waits says so in each turn, and to draw a slot is a walk over all.
  if (schedule_.is_asking() || question_.is_taken()) return;
  const Slot noted = question_.noted_slot();
  const bool is_of_node = noted != no_slot && table_->at(noted).owner() == number;
  is_of_node ? want_owner(noted, now) : want_owner_of_any(number, now);
}

// Draws one of the node's slots, of those that it had when the last view was asked for.
void ClusterSlots::want_owner_of_any(NodeNumber number, Instant now) {
  Slot drawn = no_slot;
  std::uint32_t left = random_.next() % std::max(nodes_[number].slots, 1U);
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    const auto each = static_cast<Slot>(slot);
    if (table_->at(each).owner() != number || table_->is_learnt(each)) continue;
    drawn = each;
    if (left-- == 0) break;
  }
  drawn == no_slot ? want_view(now, ViewSchedule::Need::urgent) : want_owner(drawn, now);
}

// So that a node that never gets a successor does not keep those of others from being found.
void ClusterSlots::want_next_successor(Instant now) {
  const NodeNumber end = nodes_.end();
  const NodeNumber of_main = main_.is_silent(now) ? main_.owner() : no_node;
  for (std::uint32_t i = 1; i <= end; ++i) {
    const auto number = static_cast<NodeNumber>((doubted_last_ + i) % end);
    // Who has waited for a node that has a successor goes on before anything else is asked.
    const bool is_wanted = nodes_.has(number) && nodes_[number].slots > 0;
    if (!is_wanted || (number != of_main && !nodes_[number].needs_view(now))) continue;
    doubted_last_ = number;
    return want_successor(number, now);
  }
}

// A primary that is replaced leaves all its slots to one replica. Should some be elsewhere,
// requests for them are redirected, and a view says so some time later. What a silent node owes is
// lost with its last slot, so two of its slots have to be there: one may have moved just now.
void ClusterSlots::handle_owner(const OwnerQuestion::Answer& answer, Instant now) {
  if (!question_.may_ask(now)) want_view(now, ViewSchedule::Need::urgent);
  const NodeNumber before = table_->at(answer.slot).owner();
  // A connection that was used for reads serves what the node's primary owns.
  const bool may_be_read = answer.owner == answer.asked && listener_ != nullptr;
  const bool is_news = answer.owner && *answer.owner != before && !may_be_read &&
                       nodes_[*answer.owner].may_be_awaited(now);
  if (!is_news) {
    found_ = {};
    return want_next_successor(now);
  }
  learn(answer.slot, *answer.owner);
  schedule_.handle_successor(now);
  if (before == no_node || !is_in_doubt(before, now) || !knows_learnt_) return;
  const Found found{.slot = answer.slot, .before = before, .now_at = *answer.owner};
  const Found last = std::exchange(found_, found);
  // The first one was perhaps chosen because a request waits for it: others have been moved for the
  // same reason.
  if (owes(before) && !found.confirms(last) && nodes_[before].slots > 0) {
    return want_owner_of_any(before, now);
  }
  for (std::uint32_t slot = 0; slot < slots_count && nodes_[before].slots > 0; ++slot) {
    const auto each = static_cast<Slot>(slot);
    const bool is_behind = table_->at(each).owner() == before && !table_->is_learnt(each);
    if (is_behind) set_owner(each, *answer.owner);
  }
  leave_if_silent(before, now);
  main_.leave_if_replaced(now);
  want_next_successor(now);
}

// Whether the node is in doubt, by the main connection or by another one.
bool ClusterSlots::is_in_doubt(NodeNumber number, Instant now) const {
  const ClusterNode& node = nodes_[number];
  return node.is_doubtful(now) || (main_.is_at(node) && main_.is_silent(now));
}

bool ClusterSlots::owes(NodeNumber number) const {
  const ClusterNode& node = nodes_[number];
  return node.owes() || (main_.is_at(node) && main_.session().in_flight() > 0);
}

// If its node owns nothing, as a replica does, only a view can say that it was replaced.
void ClusterSlots::follow_silent_main(Instant now) {
  main_.leave_if_replaced(now);
  if (!main_.is_silent(now)) return;
  const NodeNumber number = main_.owner();
  number == no_node ? schedule_.want_some_time(now) : want_successor(number, now);
}

// Returns whether it was silent, and owns nothing any more.
bool ClusterSlots::leave_if_silent(NodeNumber number, Instant now) {
  const ClusterNode& node = nodes_[number];
  const bool is_silent =
      node.slots == 0 && node.session && node.is_suspect(now) && node.is_waited_for();
  if (is_silent) nodes_.leave(number, ClusterNode::is_replaced);
  return is_silent;
}

void ClusterSlots::handle_timeout(Instant now) {
  followed_until_ = now;
  follow_main(now);
  follow_silent_main(now);
  if (question_.is_due(now)) {
    if (question_.is_asking()) {
      question_.forget();
      want_next_successor(now);
    } else if (!question_.ask(now)) {
      want_view(now, ViewSchedule::Need::urgent);
    }
  }
  if (schedule_.is_unanswered(now)) {
    forget_question(now);
    open_another(now);
  }
  if (schedule_.is_due(now)) begin_view(now);
  if (!has_view_ && now >= start_by_) {
    give_up_start(*problem_.what == '\0' ? slots_not_in_time : problem_);
  }
}

Instant ClusterSlots::poll_timeout() const {
  Instant next = std::min(schedule_.next(), question_.next());
  const Instant silent_at = main_.silent_at();
  if (silent_at > followed_until_) next = std::min(next, silent_at);
  return has_view_ ? next : std::min(next, start_by_);
}

void ClusterSlots::forget_question(Instant now) {
  asked_ = nobody;
  schedule_.handle_failure(now);
}

void ClusterSlots::handle_end(NodeNumber number, Instant now) {
  if (asked_ == number) forget_question(now);
  question_.handle_end(number);
}

void ClusterSlots::follow_main(Instant now) {
  if (!main_.follow(now)) return;
  if (start_by_ == never) start_by_ = after(now, main_.session().options().connect_timeout);
  if (asked_ == main_place) forget_question(now);
  // The last connection was lost, so that the cluster may not be what it was.
  if (has_view_) return schedule_.want_some_time(now);
  want_view(now, ViewSchedule::Need::urgent);
  if (!schedule_.is_asking()) begin_view(now);
}

void ClusterSlots::begin_view(Instant now) {
  const NodeNumber number = choose_whom_to_ask(now);
  CommandView command;
  command.args = ask_slots;
  bool is_asked = false;
  if (number == main_place) {
    main_.note_request(now);
    is_asked = main_.session().submit_internal(command, internal_slots);
  } else if (number != nobody) {
    ClusterNode& node = nodes_[number];
    if (!node.owes()) node.quiet_since = now;
    is_asked = node.session->submit_internal(command, internal_slots);
    nodes_.stir(number);
    asked_incarnation_ = node.incarnation;
    asked_last_ = number;
  }
  if (!is_asked) {
    open_another(now);
    return schedule_.handle_failure(now);
  }
  asked_ = number;
  schedule_.begin(now);
  table_->forget_learnt();
  knows_learnt_ = false;
}

NodeNumber ClusterSlots::choose_whom_to_ask(Instant now) {
  const auto may_be_asked = [&](NodeNumber number) {
    return nodes_.has(number) && nodes_[number].state == ClusterNode::State::ready &&
           !nodes_[number].is_suspect(now);
  };
  const NodeNumber preferred = std::exchange(prefer_asking_, nobody);
  if (may_be_asked(preferred)) return preferred;
  // One that owns nothing may be one that was replaced and has not heard of it.
  NodeNumber without_slots = nobody;
  for (std::uint32_t i = 1; i <= nodes_.end(); ++i) {
    const auto number = static_cast<NodeNumber>((asked_last_ + i) % nodes_.end());
    if (!may_be_asked(number)) continue;
    if (nodes_[number].slots > 0) return number;
    if (without_slots == nobody) without_slots = number;
  }
  if (without_slots != nobody) return without_slots;
  return main_.is_ready() ? main_place : nobody;
}

// If all nodes to which there is a connection are silent, one more is needed to ask.
void ClusterSlots::open_another(Instant now) {
  for (NodeNumber i = 0; i < nodes_.end(); ++i) {
    const bool may_help =
        nodes_.has(i) && nodes_[i].slots > 0 && !nodes_[i].session && !nodes_[i].is_doubtful(now);
    if (may_help) return nodes_.connect(i, now);
  }
}

void ClusterSlots::handle_main(const Event& event, Instant now) {
  if (event.tag == internal_slots) return handle_answer(main_place, event, now);
  const bool is_unknown = main_.handle_identity(event) == ClusterMain::Identity::not_in_view;
  if (has_view_ && is_unknown) want_view(now, ViewSchedule::Need::urgent);
}

void ClusterSlots::handle_node(NodeNumber number, const Event& event, Instant now) {
  if (event.tag == internal_owner) {
    if (const auto answer = question_.handle_outcome(number, event, now))
      handle_owner(*answer, now);
  } else if (event.tag == internal_slots && asked_incarnation_ == nodes_[number].incarnation) {
    handle_answer(number, event, now);
  }
}

void ClusterSlots::handle_answer(NodeNumber from, const Event& event, Instant now) {
  if (asked_ != from) return;  // it comes too late
  asked_ = nobody;
  if (event.kind != Event::Kind::completed || !event.value) {
    const Error& reason = event.error == nullptr ? is_no_view : *event.error;
    // "ERR This instance has cluster support disabled".
    return refuse(from, reason.code == ErrorCode::server_error ? is_no_node : reason, now);
  }
  const Result<SlotsReply> reply = SlotsReply::read(*event.value, host_of(from));
  if (!reply) return refuse(from, reply.error(), now);
  // A node that was reset, or is not part of the cluster any more, knows of none.
  if (reply->empty()) return refuse(from, knows_no_slots, now);
  if (is_of_another_cluster(*reply, now)) return refuse(from, is_another_cluster, now);
  apply(from, *reply, now);
}

// A seed's address may be that of another cluster's node by now. But if nobody else has answered
// for a while, the cluster was made anew.
bool ClusterSlots::is_of_another_cluster(const SlotsReply& reply, Instant now) {
  bool is_ours = !has_view_;
  reply.for_each([&](Slot, Slot, std::span<const SlotsNode> named) {
    if (is_ours) return;
    for (const SlotsNode& each : named) {
      is_ours |= !is_known(each.id);
      nodes_.for_each([&](NodeNumber, const ClusterNode& node) { is_ours |= node.id == each.id; });
    }
  });
  if (is_ours) {
    other_since_ = never;
    return false;
  }
  other_since_ = std::min(other_since_, now);
  return now - other_since_ < made_anew_after;
}

std::string_view ClusterSlots::host_of(NodeNumber number) const {
  if (number != main_place) return nodes_[number].address.host();
  return main_.host(options_.seed_hosts);
}

void ClusterSlots::refuse(NodeNumber from, const Error& reason, Instant now) {
  ++views_refused_;
  problem_ = reason;
  schedule_.handle_failure(now);
  if (has_view_) {
    if (from == main_place) main_.session().leave(reason);
    return;
  }
  // Before the first view, only the main connection is asked. A server that is no node of a
  // cluster, or does not let the user ask, is not asked twice.
  switch (reason.code) {
    case ErrorCode::cluster_down:
    case ErrorCode::server_loading:
    case ErrorCode::lost_in_doubt:
    case ErrorCode::lost_unsent: break;
    default:
      const std::uint32_t seeds_count = main_.session().options().seeds_count;
      if (++seeds_refused_ >= seeds_count) return give_up_start(reason);
  }
  main_.session().leave(reason);
}

void ClusterSlots::give_up_start(const Error& reason) {
  start_by_ = never;
  Error error = reason;
  if (error.code != ErrorCode::invalid_option) error.code = ErrorCode::connect_failed;
  error.executed = Executed::no;
  main_.session().give_up(error);
}

void ClusterSlots::apply(NodeNumber from, const SlotsReply& reply, Instant now) {
  ++views_;
  std::array<NodeId, nodes_left_out_max> left_out;
  nodes_left_out_ = 0;
  const auto leave_out = [&](const NodeId& id) {
    const std::span known = std::span(left_out).first(nodes_left_out_);
    const bool is_new = std::find(known.begin(), known.end(), id) == known.end();
    if (is_new && nodes_left_out_ < nodes_left_out_max) left_out[nodes_left_out_++] = id;
  };
  problem_ = {};
  has_view_ = knows_learnt_ = true;
  main_.session().insist_on_cluster();
  main_.begin_view();
  std::array<bool, slots_count> covered{};
  reply.for_each([&](Slot first, Slot last, std::span<const SlotsNode> nodes) {
    std::optional<NodeNumber> owner;
    if (!nodes[0].address.empty()) owner = nodes_.find_or_add(nodes[0].address, nodes[0].id);
    if (!owner) leave_out(nodes[0].id);
    std::fill(covered.begin() + first, covered.begin() + last + 1, true);
    apply_range(first, last, owner.value_or(no_node));
    main_.name(nodes);
  });
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    if (!covered[slot]) apply_range(static_cast<Slot>(slot), static_cast<Slot>(slot), no_node);
  }
  if (listener_ != nullptr) name_replicas(reply, now);
  schedule_.handle_view(now);
  nodes_.note_change();
  look_at_nodes(now);
  if (main_.end_view(from == main_place, now)) schedule_.want_some_time(now);
  follow_silent_main(now);
}

// Behind all primaries, which have the first places.
void ClusterSlots::name_replicas(const SlotsReply& reply, Instant now) {
  listener_->begin_view();
  reply.for_each([this](Slot, Slot, std::span<const SlotsNode> nodes) {
    if (nodes[0].address.empty()) return;
    const std::optional<NodeNumber> owner = nodes_.find(nodes[0].address, nodes[0].id);
    if (owner) listener_->name(*owner, nodes.subspan(1));
  });
  listener_->end_view(now);
}

// The view counts as of when it was asked for, and slots that were learnt since then stay as they
// are.
void ClusterSlots::apply_range(Slot first, Slot last, NodeNumber owner) {
  for (std::uint32_t slot = first; slot <= last; ++slot) {
    if (!table_->is_learnt(static_cast<Slot>(slot))) set_owner(static_cast<Slot>(slot), owner);
  }
}

void ClusterSlots::look_at_nodes(Instant now) {
  nodes_.for_each([&](NodeNumber number, ClusterNode& node) {
    // A node that nobody needs may be dead for days.
    if (node.needs_view(now)) want_successor(number, now);
    if (node.slots > 0 || !node.session) return;
    if (leave_if_silent(number, now)) return;
    if (!node.replica && !node.owes() && !node.is_wanted && ++node.idle_views > idle_views_max) {
      node.is_leaving = true;
      nodes_.leave(number, has_no_slots);
    }
  });
}

void ClusterSlots::validate() const {
  std::array<std::uint32_t, cluster_nodes_max> owned{};  // 4 KB
  for (std::uint32_t slot = 0; slot < slots_count; ++slot) {
    const SlotTable::Entry entry = table_->at(static_cast<Slot>(slot));
    PLIMSOLL_CHECK(!entry.blocked());
    if (entry.owner() != no_node) ++owned[entry.owner()];
  }
  for (NodeNumber i = 0; i < nodes_.end(); ++i) {
    PLIMSOLL_CHECK((nodes_.has(i) ? nodes_[i].slots : 0) == owned[i]);
  }
}

}  // namespace plimsoll::inline v0
