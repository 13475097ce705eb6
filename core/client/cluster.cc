#include "plimsoll/core/client/cluster.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/client/encoded_pieces.h"
#include "plimsoll/core/client/handed_request.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/client/replica_caches.h"

// More than 500 lines, because a request is sent, handed back, parked and sent on here, and each of
// these relies on the others for the order of a slot's requests.

namespace plimsoll::inline v0 {
namespace {

// The wait before a parked request for which there was no room is tried again.
constexpr Duration no_room_wait = std::chrono::milliseconds(20);

constexpr Error no_room_for_journey{
    .code = ErrorCode::rejected_by_limit,
    .what = "the requests pool has no room to remember a request to a cluster, or to send it on"};

constexpr Error is_renewed{.code = ErrorCode::connection_lost,
                           .what = "the node says that the owner of a slot is at its own address"};

constexpr Error could_not_ask{
    .code = ErrorCode::out_of_memory,
    .what = "the requests pool has no room to ask a node of the cluster who it is"};

}  // namespace

Cluster::Cluster(const ClusterOptions& options, Session& main, Box<SlotTable> table)
    : options_(options),
      main_(main),
      nodes_(main),
      main_node_(main, nodes_),
      slots_(options, main_node_, nodes_, std::move(table)),
      verdicts_(options_, main, nodes_, slots_),
      owners_(nodes_, slots_, verdicts_),
      shares_(main, nodes_, slots_),
      returned_(main.accounts().requests, ParkedRequests::options_for(main.options()),
                RequestTrail::returned_place),
      waiting_(main.accounts().requests, ParkedRequests::options_for(main.options()),
               RequestTrail::waiting_place),
      trail_(main, nodes_, returned_, waiting_),
      scattered_(main, nodes_, slots_, waiting_),
      routes_(nodes_, slots_, scattered_),
      parked_failure_(nodes_, routes_),
      places_(main.options().inflight_requests_limit) {}

// ---- Requests of callers.

Result<RequestId> Cluster::submit(const CommandView& command, Instant now, Instant deadline,
                                  Tag tag, Duration max_staleness) {
  now_ = std::max(now_, now);
  const Route route = route_of(command);
  if (is_scattered(route)) {
    if (const Error* const refusal = refusal_of(route, options_)) return *refusal;
    const bool may_be_old = replicas_ && max_staleness == cache::any_staleness;
    return scatter(command, spread_of(route), may_be_old ? ReadsAt::replicas_too : ReadsAt::owners,
                   deadline, tag);
  }
  if (route.kind != Route::Kind::one_slot) return submit_keyless(command, deadline, tag);
  const SlotTable::Entry entry = slots_.table().at(route.slot);
  const bool may_be_any = replicas_ && max_staleness == cache::any_staleness;
  if (may_be_any && may_be_read(entry)) [[unlikely]] {
    const Journey journey{.number = submitted_++, .slot = route.slot};
    const auto id = submit_to_replica(command, journey, entry.owner(), deadline, tag);
    if (id) return *id;
  }
  if (!goes_straight(entry)) return submit_slowly(command, route.slot, deadline, tag);
  return submit_to(entry.owner(), command, {.number = submitted_++, .slot = route.slot}, deadline,
                   tag);
}

Result<RequestId> Cluster::submit_to_slot(Slot slot, const CommandView& command, Instant now,
                                          Instant deadline, Tag tag) {
  now_ = std::max(now_, now);
  const SlotTable::Entry entry = slots_.table().at(slot);
  if (!goes_straight(entry)) return submit_slowly(command, slot, deadline, tag);
  return submit_to(entry.owner(), command, {.number = submitted_++, .slot = slot}, deadline, tag);
}

Result<RequestId> Cluster::submit_at(const NodeChoice& where, const CommandView& command,
                                     Instant now, Instant deadline, Tag tag) {
  now_ = std::max(now_, now);
  if (command.block_time != Duration::zero()) return NodeChoice::blocks;
  if (where.kind == NodeChoice::Kind::all_primaries) {
    return scatter(command, commands::Spread::nodes_map, ReadsAt::owners, deadline, tag);
  }
  const Result<Slot> slot = slots_.slot_at(where);
  if (!slot) return slot.error();
  return submit_slowly(command, *slot, deadline, tag);
}

Result<RequestId> Cluster::submit_keyless(const CommandView& command, Instant deadline, Tag tag) {
  if (main_.is_closed()) return main_.refusal();
  if (is_full()) return limit_reached(main_.options().inflight_requests_limit);
  if (Status may = shares_.check(ClusterShares::keyless, command, now_); !may) return may.error();
  if (must_wait_for_parts() || keyless_held_) {
    return park(command, {.journey = {.number = submitted_++}, .is_for_main = true}, deadline, tag);
  }
  prepare_main(0);
  const Result<RequestId> id = main_.submit(command, deadline, tag);
  if (replicas_ && id) replicas_->note_keyless(command);
  return id;
}

Result<RequestId> Cluster::submit_slowly(const CommandView& command, Slot slot, Instant deadline,
                                         Tag tag) {
  if (main_.is_closed()) return main_.refusal();
  if (is_full()) return limit_reached(main_.options().inflight_requests_limit);
  if (Status may = shares_.check(slot, command, now_); !may) return may.error();
  const bool waits = must_wait_for_parts();
  const Journey journey{.number = submitted_++, .slot = slot};
  if (!waits && slots_.is_at_rest(slot, no_node)) {
    const SlotTable::Entry entry = slots_.table().at(slot);
    if (entry.plain() && nodes_.may_send_to(entry.owner())) {
      return submit_to(entry.owner(), command, journey, deadline, tag);
    }
  }
  return park(command, {.journey = journey}, deadline, tag);
}

Result<RequestId> Cluster::submit_to(NodeNumber number, const CommandView& command, Journey journey,
                                     Instant deadline, Tag tag) {
  ClusterNode& node = nodes_[number];
  Session& session = *node.session;
  if (!node.sent.has_room()) node.sent.make_room(session);
  // First, because a request that was staged could not be taken back without an outcome.
  if (!node.sent.add({.id = session.staged_until(), .journey = journey})) {
    return no_room_for_journey;
  }
  const bool owed = session.in_flight() > 0;
  const Result<RequestId> id = session.submit_owed(command, deadline, tag);
  if (!id) {
    node.sent.remove_last();
    return id;
  }
  if (!owed) node.quiet_since = now_;
  node.idle_views = 0;
  nodes_.stir(node, number);
  ++in_flight_;
  if (replicas_) replicas_->note_staged(command, journey);
  return nodes_.known_as(number, *id);
}

// ---- Reads at replicas.

// Returns no_node if the owner is to answer.
NodeNumber Cluster::choose_replica(const CommandView& command, Slot slot, NodeNumber owner) {
  if (shares_.others_wait_for(owner)) return no_node;
  const auto number = replicas_->choose(command, slot, owner, now_);
  return number && shares_.may_take(*number) ? *number : no_node;
}

NodeNumber Cluster::replica_for(const CommandView& command, Slot slot, Instant now) {
  now_ = std::max(now_, now);
  const SlotTable::Entry entry = slots_.table().at(slot);
  return replicas_ && may_be_read(entry) ? choose_replica(command, slot, entry.owner()) : no_node;
}

// move_read() can take along only so many pieces.
Result<RequestId> Cluster::submit_fetch(NodeNumber replica, Slot slot, const CommandView& command,
                                        Instant now, Tag tag) {
  now_ = std::max(now_, now);
  if (encoded_size_bound(command) > replica_read_bytes_max) return too_long_for_replica;
  return send_to_replica(replica, command, {.number = submitted_++, .slot = slot}, never, tag);
}

std::optional<RequestId> Cluster::submit_to_replica(const CommandView& command, Journey journey,
                                                    NodeNumber owner, Instant deadline, Tag tag) {
  const NodeNumber number = choose_replica(command, journey.slot, owner);
  if (number == no_node) return std::nullopt;
  const Result<RequestId> id = send_to_replica(number, command, journey, deadline, tag);
  return id ? std::optional(*id) : std::nullopt;
}

Result<RequestId> Cluster::send_to_replica(NodeNumber number, const CommandView& command,
                                           Journey journey, Instant deadline, Tag tag) {
  journey.is_at_replica = true;
  const RequestId staged = nodes_[number].session->staged_until();
  const Result<RequestId> id = submit_to(number, command, journey, deadline, tag);
  if (!id) return id;
  replicas_->note_read(number, staged, ReplicaCaches::wanted_by(scattered_.tag_of(tag), deadline));
  return id;
}

// Sends a read that a replica has not answered to another one, or to the owner. Returns false if
// there is no memory for it.
bool Cluster::move_read(NodeNumber number, const Event& event, const Pipeline::Handed& request,
                        Journey journey) {
  ClusterNode& node = nodes_[number];
  const bool may_others = replicas_->judge(number, journey.slot, event, now_);
  if (!may_others) slots_.handle_redirection(number, now_);
  const Tag tag = scattered_.tag_of(request.tag);
  EncodedPieces pieces;
  pieces.count =
      node.session->handed_bytes(request, ReplicaCaches::bytes_in_front(tag), pieces.spans);
  const SlotTable::Entry entry = slots_.table().at(journey.slot);
  std::optional<RequestId> to;
  // The keys in further pieces of a long request cannot be found.
  if (may_others && entry.plain() && pieces.count == 1) {
    to = submit_to_replica(pieces.view(), journey, entry.owner(), request.deadline, request.tag);
  }
  if (!to) return take_back(number, request, journey, {.kind = Verdict::Kind::goes_on});
  if (caches_ != nullptr) caches_->note_handed_on(tag);
  trail_.remember(node.moved, nodes_.known_as(number, request.id), *to);
  nodes_.note_moved(number);
  return true;
}

void Cluster::move_due(NodeNumber number) {
  replicas_->leave_due(number, now_, [&](const Pipeline::Handed& request, Journey journey) {
    // The place that the read has there is taken until it is answered, so it needs another one.
    if (is_full() || !take_back(number, request, journey, {.kind = Verdict::Kind::goes_on})) {
      return false;
    }
    ++in_flight_;
    return true;
  });
}

Result<RequestId> Cluster::park(const CommandView& command, const ParkedRequests::Request& request,
                                Instant deadline, Tag tag) {
  const Result<RequestId> id = waiting_.park(command, deadline, tag, request);
  if (!id) return id;
  note_parked(request, waiting_.bytes_of_last(*id));
  const std::string_view* const key = commands::only_key_in_args(command);
  if (key != nullptr) slots_.note_key(*key);
  return waiting_.known_as(*id);
}

void Cluster::note_parked(const ParkedRequests::Request& request, std::size_t bytes) {
  ++in_flight_;
  if (request.is_whole) return;
  if (request.is_for_main) {
    keyless_held_ = true;
    return;
  }
  if (!request.journey.is_unordered) slots_.table().set_held(request.journey.slot, true);
  const NodeNumber owner = request.journey.is_for_node
                               ? routes_.target_of(request, now_)
                               : slots_.table().at(request.journey.slot).owner();
  shares_.note_parked(owner, bytes);
  if (owner == no_node) {
    want_view(ViewSchedule::Need::urgent);
  } else if (!nodes_.may_send_to(owner)) {
    routes_.want_node(owner, now_);
  }
}

Pipeline::Room Cluster::make_room(std::size_t bytes) {
  if (is_full()) return Pipeline::Room::no_place;
  // It is not known yet whether the request will go in parts.
  return scattered_.make_room() ? waiting_.make_room(bytes) : Pipeline::Room::no_memory;
}

bool Cluster::choose(Admission& waiters) {
  const bool has_first = shares_.choose(waiters, scattered_places(), now_);
  follow_places();
  return has_first;
}

// The request is parked first, even if it can go on at once, because the room is there.
RequestId Cluster::submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
  const Route route = route_of(command);
  const bool is_whole = is_scattered(route) && refusal_of(route, options_) == nullptr;
  const ParkedRequests::Request request{
      .journey = {.number = submitted_++, .slot = route.slot},
      .is_for_main = !is_whole && route.kind != Route::Kind::one_slot,
      .is_whole = is_whole};
  const Tag parked_tag = is_whole ? scattered_.next_tag() : tag;
  const RequestId id = waiting_.park_in_room(command, deadline, parked_tag, request);
  note_parked(request, waiting_.bytes_of_last(id));
  if (is_whole) {
    scattered_.begin(id, spread_of(route), ReadsAt::owners, tag, request.journey.number);
    parts_waited_ = true;
  }
  nodes_.note_change();
  follow_places();
  return waiting_.known_as(id);
}

// ---- Requests in parts.

Result<RequestId> Cluster::scatter(const CommandView& command, commands::Spread spread,
                                   ReadsAt reads_at, Instant deadline, Tag tag) {
  if (main_.is_closed()) return main_.refusal();
  if (is_full()) return limit_reached(main_.options().inflight_requests_limit);
  if (Status may = shares_.check_scattered(scattered_places(), now_); !may) return may.error();
  return begin_parts(command, spread, reads_at, deadline, tag);
}

Result<RequestId> Cluster::begin_parts(const CommandView& command, commands::Spread spread,
                                       ReadsAt reads_at, Instant deadline, Tag tag) {
  if (!scattered_.make_room()) return no_room_for_journey;
  const ParkedRequests::Request request{.journey = {.number = submitted_++}, .is_whole = true};
  const Result<RequestId> id = waiting_.park(command, deadline, scattered_.next_tag(), request);
  if (!id) return id;
  note_parked(request, 0);
  scattered_.begin(*id, spread, reads_at, tag, request.journey.number);
  const bool is_deferred = encoding::has_deferred(command);
  Status sent = scattered_.plan_last();
  if (sent && !is_deferred) sent = send_some_parts();
  if (!sent && scattered_.has_sent_none_of_last()) {
    scattered_.forget_last();
    waiting_.end(*id);
    --in_flight_;
    follow_places();
    return sent.error();
  }
  follow_sending(sent);
  if (is_deferred) release_at_ = std::min(release_at_, now_);
  return waiting_.known_as(*id);
}

// Fails if there is no memory for a part.
Status Cluster::send_some_parts() {
  while (!aborted_) {
    const bool may_send = scattered_.has_unsent() && (scattered_.has_place() || !is_full());
    const auto part = may_send ? scattered_.next_part() : std::nullopt;
    if (!part) return scattered_.take_lack_of_memory();
    const Result<RequestId> id = submit_part(*part);
    if (!id) return id.error();
    scattered_.note_sent(*id);
    follow_places();
  }
  return {};
}

// Without memory for a part it is tried again, as long as answers are due that give some back, or
// other parts of the same request wait for their nodes: it cannot fail before these have ended.
void Cluster::follow_sending(const Status& sent) {
  if (!sent) {
    count_in_flight();
    if (in_flight_ > parked_count() || main_.callers_in_flight() > 0 || !scattered_.has_place()) {
      release_at_ = std::min(release_at_, after(now_, no_room_wait));
    } else {
      scattered_.fail_next(sent.error());
      release_at_ = now_;
    }
  }
  follow_places();
  const bool has_unsent = scattered_.has_unsent();
  // What was submitted behind the parts may go now.
  if (std::exchange(parts_waited_, has_unsent) && !has_unsent) nodes_.note_change();
}

Result<RequestId> Cluster::submit_part(const ScatteredRequests::PartToSend& part) {
  const Slot slot = part.journey.slot;
  const bool is_for_node = part.journey.is_for_node;
  const bool is_unordered = part.journey.is_unordered;
  const Duration wait = std::min(part.wait, (part.deadline - now_) / 2);
  const Instant not_before = wait > Duration::zero() ? after(now_, wait) : Instant::min();
  const bool may_go =
      is_for_node || (is_unordered && not_before <= now_) ||
      (!is_unordered && slots_.is_at_rest(slot, no_node) && slots_.table().at(slot).plain());
  const NodeNumber to = is_for_node ? part.node : slots_.table().at(slot).owner();
  if (part.may_be_at_replica && may_go) {
    const ShortRead read(*part.command);
    const auto id = submit_to_replica(read.view(), part.journey, to, part.deadline, part.tag);
    if (id) return *id;
  }
  if (may_go && nodes_.has(to) && nodes_.may_send_to(to)) {
    return submit_to(to, *part.command, part.journey, part.deadline, part.tag);
  }
  // What was submitted behind it may be what holds the slot.
  if (slots_.table().at(slot).held() || is_unordered) nodes_.note_change();
  return park(*part.command,
              {.journey = part.journey, .asked = part.node, .not_before = not_before},
              part.deadline, part.tag);
}

void Cluster::follow_places() {
  places_ = scattered_.has_unsent() ? 0 : places();
  few_ = std::min(places_, shares_.least_requests());
}

// ---- Parked requests go on.

// Goes through all that is parked, once after each change that may let some of it go.
void Cluster::release() {
  release_at_ = never;
  trail_.forget_ended();
  nodes_.forget_answered_rings();
  nodes_.forget_wants();
  shares_.begin_recount();
  if (returned_.empty() && waiting_.empty()) return;
  const auto mark_all = [this](bool held) {
    const auto mark = [this, held](const ParkedRequests::Request& each) {
      if (nodes_.has(each.asked)) nodes_.note_named(each.asked);
      if (each.is_whole || each.journey.is_unordered) return;
      if (each.is_for_main) {
        keyless_held_ = held;
        return;
      }
      slots_.table().set_held(each.journey.slot, held);
      slots_.table().set_blocked(each.journey.slot, false);
    };
    returned_.for_each(mark);
    waiting_.for_each(mark);
  };
  mark_all(false);
  release(returned_);
  release(waiting_);
  mark_all(true);
  follow_places();
}

// For requests without a key, keyless_held_ says what `blocked` says for those of a slot: one has
// to stay, and so have those behind it.
void Cluster::release(ParkedRequests& parked) {
  parked.release([&](const ParkedRequests::Request& each, const Pipeline::Handed& handed) {
    if (each.is_whole) return false;
    if (release_one(parked, each, handed)) return true;
    if (!each.is_for_main) shares_.note_parked(routes_.target_of(each, now_), handed.bytes);
    return false;
  });
}

// Returns whether it has gone on.
bool Cluster::release_one(ParkedRequests& parked, const ParkedRequests::Request& each,
                          const Pipeline::Handed& handed) {
  if (each.journey.is_unordered)
    return routes_.may_go(each, now_, release_at_) && go(parked, each, handed);
  SlotTable& table = slots_.table();
  const Slot slot = each.journey.slot;
  const bool is_blocked = scattered_.is_behind_unsent(each.journey) ||
                          (each.is_for_main ? keyless_held_ : table.at(slot).blocked());
  if (routes_.is_for_no_node(each, handed.tag, now_)) {
    parked.pipeline().cancel(each.id);
    release_at_ = now_;
  } else if (!is_blocked && routes_.may_go(each, now_, release_at_) && go(parked, each, handed)) {
    return true;
  }
  each.is_for_main ? void(keyless_held_ = true) : table.set_blocked(slot, true);
  return false;
}

bool Cluster::go(ParkedRequests& parked, const ParkedRequests::Request& request,
                 const Pipeline::Handed& handed) {
  using Asking = HandedRequest::Asking;
  Journey journey = request.journey;
  Result<RequestId> to = no_room_for_journey;
  if (request.is_for_main) {
    const HandedRequest moving(parked.pipeline(), handed, 0, Asking::no);
    prepare_main(1);
    to = main_.submit_owed(moving.command(), handed.deadline, handed.tag);
    if (replicas_ && !handed.may_resend) replicas_->note_main_request();
  } else {
    const NodeNumber target = routes_.target_of(request, now_);
    journey.with_asking = !journey.is_for_node && target == request.asked;
    const HandedRequest moving(parked.pipeline(), handed, 0,
                               journey.with_asking ? Asking::yes : Asking::no);
    if (!journey.with_asking || !replicas_ || replicas_->note_asking(target))
      to = submit_to(target, moving.command(), journey, handed.deadline, handed.tag);
    // It may come back once more. Another node, such as the owner of a slot that does not move in
    // the end, would run those behind it first.
    if (to && &parked == &returned_ && !journey.is_unordered)
      slots_.hold_until_answered(journey.slot, target);
  }
  if (!to) {
    release_at_ = std::min(release_at_, after(now_, no_room_wait));
    if (!request.is_for_main) shares_.note_lack(routes_.target_of(request, now_));
    return false;
  }
  --in_flight_;  // submit_to() has counted it once more, or the main connection counts it
  const RequestId from = parked.known_as(request.id);
  if (caches_ != nullptr) caches_->note_moved(from, !handed.may_resend, *to);
  trail_.remember(parked.moved, from, *to);
  return true;
}

// ---- Time and events.

void Cluster::handle_timeout(Instant now) {
  now_ = std::max(now_, now);
  handle_timeout_at_nodes();
  returned_.pipeline().handle_timeout(now);
  waiting_.pipeline().handle_timeout(now);
  if (now_ >= release_at_) nodes_.note_change();
  slots_.handle_timeout(now_);
  if (closing_ && !aborted_ && now_ >= close_by_) abort();
}

void Cluster::handle_timeout_at_nodes() {
  nodes_.visit_due(now_, [&](NodeNumber number, ClusterNode& node) {
    const bool is_idle = !node.owes();
    if (node.session) node.session->handle_timeout(now_);
    if (is_idle) node.quiet_since = now_;  // if it has sent a PING, the answer is owed from now on
    if (node.is_suspect(now_)) shares_.set_doubt(number, true);
    if (node.needs_view(now_)) slots_.want_successor(number, now_);
    if (now_ >= node.retry_at && node.is_wanted && !aborted_) nodes_.connect(number, now_);
    if (!replicas_) return;
    replicas_->handle_timeout(number, now_);
    if (node.replica && node.session) move_due(number);
  });
}

Instant Cluster::poll_timeout() {
  if (closing_ && have_said_all()) return never;
  Instant next = earliest(returned_.pipeline().next_deadline(), waiting_.pipeline().next_deadline(),
                          nodes_.next_timeout());
  if (aborted_) return next;
  if (closing_) next = std::min(next, close_by_);
  return earliest(next, release_at_, slots_.poll_timeout());
}

std::optional<Event> Cluster::poll_event() {
  set_spoke(no_node);
  now_ = std::max(now_, main_.now());
  slots_.follow_main(now_);
  do {
    while (nodes_.may_have_events()) {
      const NodeNumber number = nodes_.first_heard();
      if (nodes_.has(number) && nodes_[number].session) {
        if (const std::optional<Event> event = poll_node(number)) return event;
      }
      nodes_.note_heard_all(number);
    }
    if (const std::optional<Event> event = poll_parked()) return event;
    if (scattered_.has_unsent()) send_parts();
    if (scattered_.has_outcome()) return take_outcome_of_parts();
    follow_nodes();
  } while (nodes_.may_have_events());
  count_in_flight();
  if (caches_ != nullptr) caches_->follow_parked(returned_.pipeline(), waiting_.pipeline());
  close_if_done();
  if (slots_.has_view() && !was_ready_ && main_.state() == Session::State::ready) {
    was_ready_ = true;
    return Event{.kind = Event::Kind::ready};
  }
  return std::nullopt;
}

void Cluster::follow_nodes() {
  if (shares_.follow_nodes()) follow_places();
  if (nodes_.take_loss() && !closing_) slots_.handle_loss(now_);
  if (nodes_.take_change() && !aborted_) release();
}

std::optional<Event> Cluster::poll_same_again() {
  const NodeNumber number = spoke_;
  set_spoke(no_node);
  return nodes_.has(number) && nodes_[number].session ? poll_node(number) : std::nullopt;
}

Session* Cluster::speaker() {
  // The answers to parts are not for the caller.
  if (!nodes_.may_have_events() || scattered_.parts_under_way() > 0) return nullptr;
  const NodeNumber number = nodes_.first_heard();
  if (!nodes_.has(number) || !nodes_[number].session) return nullptr;
  set_spoke(number);
  nodes_.stir(number);
  return nodes_[number].session.get();
}

std::optional<Event> Cluster::poll_node(NodeNumber number) {
  ClusterNode& node = nodes_[number];
  Session& session = *node.session;
  now_ = std::max(now_, session.now());
  for (;;) {
    while (const std::optional<Event> event = session.poll_event()) {
      nodes_.note_use(number);
      if (caches_ != nullptr && caches_->handle_event(number, session, *event)) continue;
      const std::optional<Event> passed_on = handle_event(number, *event);
      if (caches_ != nullptr) caches_->follow(number, session);
      if (!passed_on) continue;
      if (!tags::is_part(passed_on->tag)) {
        spoke_ = number;
        return passed_on;
      }
      if (passed_on->kind == Event::Kind::failed) note_given_up(scattered_.ids_of(passed_on->tag));
      scattered_.handle_part(*passed_on, &node);
      follow_places();
      if (scattered_.has_outcome()) return take_outcome_of_parts();
    }
    if (!node.is_leaving || node.owes() || session.state() == Session::State::closed) break;
    session.give_up(is_renewed);
  }
  if (node.hold_until != 0 && node.has_answered()) {
    node.hold_until = 0;
    nodes_.note_change();
  }
  nodes_.follow_attempts(number);
  nodes_.note_use(number);
  if (caches_ != nullptr) caches_->follow(number, session);
  if (session.is_over()) {
    if (caches_ != nullptr) caches_->handle_over(number);
    nodes_.forget_session(number);
  }
  return std::nullopt;
}

std::optional<Event> Cluster::poll_parked() {
  for (ParkedRequests* const parked : {&returned_, &waiting_}) {
    Pipeline& pipeline = parked->pipeline();
    while (const auto ended = aborted_ ? pipeline.take_lost() : pipeline.next_ended()) {
      nodes_.note_change();  // so that its slot is not held for it any more
      const Event event = parked_ended(*ended, *parked);
      if (!handle_parked_part(event)) return event;
    }
    if (aborted_) pipeline.release();
  }
  return std::nullopt;
}

// Returns false if the request was sent whole, or is for one node: its caller gets the event.
bool Cluster::handle_parked_part(const Event& event) {
  if (tags::is_part(event.tag)) {
    scattered_.handle_part(event, nullptr);
  } else if (tags::is_whole(event.tag)) {
    scattered_.handle_whole(event, [this](const ScatteredRequests::Ids& ids) {
      note_given_up(ids);
      trail_.cancel(ids.part, now_);
    });
  } else {
    return false;
  }
  follow_places();
  return true;
}

// The keys of a whole are fenced as long as it lies here; its parts may take longer.
void Cluster::note_given_up(const ScatteredRequests::Ids& ids) {
  const RequestId part = trail_.last_of(ids.part);
  if (caches_ == nullptr || !trail_.is_owed(part)) return;
  caches_->note_given_up(waiting_.known_as(ids.whole), part);
}

Event Cluster::parked_ended(const Ended& ended, ParkedRequests& parked) {
  event_error_ = parked_failure_.of(ended, parked, main_.refusal(), now_);
  return {.kind = Event::Kind::failed, .tag = ended.tag, .error = &event_error_};
}

std::optional<Event> Cluster::handle_event(NodeNumber number, const Event& event) {
  ClusterNode& node = nodes_[number];
  const bool is_internal = event.tag >= internal_tag_first;
  if (event.error != nullptr && replicas_) replicas_->handle_error(number, event);
  switch (event.kind) {
    case Event::Kind::ready: {
      node.state = ClusterNode::State::checking;
      node.problem = {};
      node.retry_at = never;
      if (!ask_node_id(*node.session)) nodes_.leave(number, could_not_ask);
      return std::nullopt;
    }
    case Event::Kind::completed:
    case Event::Kind::failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      if (event.tag == internal_node_id) {
        nodes_.handle_identity(number, event);
        if (replicas_ && nodes_.may_send_to(number)) replicas_->handle_ready(number, now_);
      }
      if (!aborted_) slots_.handle_node(number, event, now_);
      if (SideConnections::is_about_unblocking(event.tag)) return event;
      if (is_internal && replicas_ && replicas_->handle_answer(number, event, now_)) {
        slots_.handle_redirection(number, now_);
      }
      if (is_internal) return std::nullopt;
      return node.session->hands_back() ? handle_handed(number, event) : event;
    case Event::Kind::closed:
      nodes_.handle_end(number, *event.error, !aborted_, now_);
      if (replicas_) replicas_->handle_end(number);
      slots_.handle_end(number, now_);
      return std::nullopt;
    case Event::Kind::credentials_refused: return event;
    case Event::Kind::queueing_failed:
      if (event.tag == internal_auth) return SideConnections::credentials_outcome(event);
      if (is_internal || verdicts_.take_part(number, event, now_)) return std::nullopt;
      return event;
    case Event::Kind::pushed:
    case Event::Kind::disconnected:
    case Event::Kind::admitted: return std::nullopt;
  }
  return std::nullopt;
}

// The node has not run a request, or it is a read. If it cannot go on, the event is the outcome.
std::optional<Event> Cluster::handle_handed(NodeNumber number, const Event& event) {
  ClusterNode& node = nodes_[number];
  const Pipeline::Handed request = node.session->handed();
  const std::optional<SentRequests::Request> sent = node.sent.find(request.id);
  PLIMSOLL_CHECK(sent);
  if (sent->journey.is_at_replica && !aborted_) {
    const bool moves = move_read(number, event, request, sent->journey);
    node.session->settle_handed();
    return moves ? std::nullopt : std::optional(event);
  }
  const Verdict verdict =
      aborted_ ? Verdict() : verdicts_.judge(number, event, request, sent->journey, now_);
  const bool may_go_on = verdict.kind == Verdict::Kind::goes_on;
  if (replicas_ && may_go_on)
    replicas_->note_refused(sent->journey, verdict.asked != no_node, now_);
  const bool goes_on = may_go_on && take_back(number, request, sent->journey, verdict);
  node.session->settle_handed();
  if (goes_on) return std::nullopt;
  if (!may_go_on || event.error->executed != Executed::no) return event;
  event_error_ = no_room_for_journey;
  return Event{.kind = Event::Kind::failed, .tag = event.tag, .error = &event_error_};
}

// Returns false if there is no memory for it.
bool Cluster::take_back(NodeNumber number, const Pipeline::Handed& request, Journey journey,
                        const Verdict& verdict) {
  using Asking = HandedRequest::Asking;
  ClusterNode& node = nodes_[number];
  std::size_t in_front = journey.with_asking ? HandedRequest::asking.size() : 0;
  if (caches_ != nullptr) in_front += caches_->note_handed_on(scattered_.tag_of(request.tag));
  const HandedRequest moving(node.session->requests(), request, in_front, Asking::no);
  journey.with_asking = journey.is_at_replica = false;
  count_in(journey, verdict);
  const bool waits = verdict.wait > Duration::zero();
  const ParkedRequests::Request parked{
      .journey = journey,
      .asked = journey.is_for_node ? number : verdict.asked,
      .not_before = waits ? after(now_, verdict.wait) : Instant::min()};
  const Result<RequestId> id =
      returned_.park(moving.command(), request.deadline, request.tag, parked);
  if (!id) return false;
  if (!journey.is_unordered) slots_.table().set_held(journey.slot, true);
  shares_.note_parked(routes_.target_of(parked, now_), returned_.bytes_of_last(*id));
  nodes_.note_change();
  const RequestId from = nodes_.known_as(number, request.id);
  const RequestId to = returned_.known_as(*id);
  if (caches_ != nullptr) caches_->note_moved(from, !request.may_resend, to);
  trail_.remember(node.moved, from, to);
  nodes_.note_moved(number);
  return true;
}

// ---- All connections.

std::optional<Cluster::NodeAction> Cluster::poll_action() {
  while (const std::optional<NodeNumber> number = nodes_.take_acting()) {
    const std::optional<Session::Action> action = nodes_[*number].session->poll_action();
    if (!action) continue;
    nodes_.note_input(*number);  // it may be over now, or have another one
    return NodeAction{.action = *action,
                      .connection = ClusterNodes::connection_of(*number),
                      .told = &nodes_[*number].address};
  }
  return std::nullopt;
}

// The connections are closed once no request is parked any more.
void Cluster::close(Instant now) {
  if (closing_) return;
  now_ = std::max(now_, now);
  closing_ = true;
  if (replicas_) replicas_->close();
  close_by_ = after(now, main_.options().close_timeout);
  nodes_.note_input_of_all();
}

void Cluster::close_if_done() {
  if (!closing_ || aborted_ || parked_count() > 0) return;
  nodes_.for_each_session([&](NodeNumber number, Session& session) {
    if (session.is_closed()) return;
    session.close(now_);
    nodes_.note_input(number);
  });
}

void Cluster::abort() {
  closing_ = aborted_ = true;
  if (replicas_) replicas_->close();
  nodes_.for_each([](NodeNumber, ClusterNode& node) {
    node.is_wanted = false;
    if (node.session) node.session->abort();
  });
  nodes_.note_input_of_all();
}

void Cluster::validate() {
  nodes_.validate();
  slots_.validate();
  if (replicas_) replicas_->validate();
  scattered_.validate();
  if (caches_ != nullptr) caches_->validate();
  for (ParkedRequests* const parked : {&returned_, &waiting_}) {
    parked->pipeline().validate();
    parked->for_each([&](const ParkedRequests::Request& each) {
      const bool is_in_order = !each.is_whole && !each.journey.is_unordered;
      if (!is_in_order || !parked->pipeline().live(each.id)) return;
      PLIMSOLL_CHECK(each.is_for_main ? keyless_held_
                                      : slots_.table().at(each.journey.slot).held());
    });
  }
}

}  // namespace plimsoll::inline v0
