#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_counters.h"
#include "plimsoll/core/client/cluster_main.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/cluster_replicas.h"
#include "plimsoll/core/client/cluster_shares.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/client/cluster_verdicts.h"
#include "plimsoll/core/client/parked_failure.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/client/parked_routes.h"
#include "plimsoll/core/client/request_trail.h"
#include "plimsoll/core/client/scatter_refusal.h"
#include "plimsoll/core/client/scattered_requests.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/client/slot_owners.h"
#include "plimsoll/core/cluster/node_choice.h"
#include "plimsoll/core/cluster/routing.h"
#include "plimsoll/core/session/session.h"

// The requests of a client of a cluster: which node gets one, and where one goes on that its node
// has not run. The main connection leads to any node, and takes the requests that have no key.
//
// A request whose slot is at rest goes straight to the owner's session. All others are parked:
//  - in `returned_`, if a node has not run it: because it redirected it, because it cannot serve
//    the slot now, or because its connection ended before it had the whole request;
//  - in `waiting_`, if its slot is on the move, has no owner that can be reached, or has parked
//    requests already; or if it waited for room.
//
// A request for several slots or nodes is sent in parts (ScatteredRequests), and lies in `waiting_`
// meanwhile. Each part is a request of one slot or node.
//
// Invariants:
//  - A slot's requests are run in the order of their submission. So while any of them are parked,
//    the slot is held (SlotTable), and later ones are parked behind them. Nothing leaves waiting_
//    before what is in returned_ of the same slot; and nothing goes to a node while another one,
//    the slot's predecessor, may still hand something back: until that has answered all that it had
//    been sent. Only what goes to the predecessor itself need not wait for that: it is run behind
//    all the others.
//  - A request that was parked has not run, or is a read that may run again.

namespace plimsoll::inline v0 {

class NodeCaches;

class Cluster {
 public:
  /// `main` must outlive this object.
  Cluster(const ClusterOptions& options, Session& main, Box<SlotTable> table);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Submits a request for which no connection of its own is needed. With a bound on staleness, the
  /// owner of the slot answers. Errors: those of Session::submit() and of refusal_of().
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           Duration max_staleness = cache::any_staleness);

  /// The same for a command whose keys are all in this slot.
  Result<RequestId> submit_to_slot(Slot slot, const CommandView& command, Instant now,
                                   Instant deadline, Tag tag);

  /// Submits a command to the node, or all nodes, that the caller has chosen. Other errors:
  /// invalid_argument, if no primary has the address; cluster_down, if none is known.
  Result<RequestId> submit_at(const NodeChoice& where, const CommandView& command, Instant now,
                              Instant deadline, Tag tag);

  /// The refusal of a command that submit() would refuse even if there were room for it.
  Status check(const CommandView& command) const {
    const Error* const refusal = refusal_of(route_of(command), options_);
    return refusal == nullptr ? Status() : *refusal;
  }

  const ClusterOptions& options() const { return options_; }
  /// From now on waiters may stand in lanes. Those that joined before count as requests whose slots
  /// are not known.
  void use_waiters(Admission& waiters) { waiters.use_lanes(shares_.lanes()); }
  /// Admission::join(), for a request that may have to wait for its node alone.
  Result<RequestId> join(Admission& waiters, const CommandView& command, std::size_t bytes,
                         Instant deadline, Tag tag, const Admission::Size& other) {
    const auto id = shares_.join(waiters, command, {bytes, deadline, tag}, other, now_);
    follow_places();
    return id;
  }
  /// Chooses the waiter for whom there is room, if there is any. Returns false if all have to wait
  /// for nodes that have their share.
  bool choose(Admission& waiters);

  /// Pipeline::make_room(), for whichever connection the request will need.
  Pipeline::Room make_room(std::size_t bytes);
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag);
  void release_room() { waiting_.release_room(); }

  /// Takes a request that was submitted before the client knew of a cluster, and has keys or
  /// concerns every node; check() must allow it. It waits for a view. Error: rejected_by_limit.
  Result<RequestId> adopt(const CommandView& command, const Route& route, Instant now,
                          Instant deadline, Tag tag) {
    now_ = std::max(now_, now);
    if (is_scattered(route))
      return begin_parts(command, spread_of(route), ReadsAt::owners, deadline, tag);
    return park(command, {.journey = {.number = submitted_++, .slot = route.slot}}, deadline, tag);
  }
  /// Takes back a request that submit_to_room() has parked just now: it has no outcome here.
  /// Returns false if it was cancelled since.
  bool withdraw(RequestId id) {
    const RequestId request = request_ids::request_of(id);
    if (!waiting_.pipeline().live(request)) return false;
    waiting_.pipeline().leave_to_another(request);
    nodes_.note_change();  // so that its slot is not held for it any more
    return true;
  }

  /// Reads from replicas, as ClusterOptions::replicas says. Returns false if there is no memory.
  bool use_replicas() {
    replicas_ = Box<ClusterReplicas>::make(main_.accounts().connections, 0, options_.replicas,
                                           main_, nodes_, slots_.table());
    if (replicas_) slots_.use_listener(*replicas_);
    return static_cast<bool>(replicas_);
  }
  /// The replicas that are read; null if none are.
  ClusterReplicas* replicas() { return replicas_.get(); }
  const ClusterReplicas* replicas() const { return replicas_.get(); }

  /// Cancels a request, wherever it is now. Returns its id on the main connection if it is there.
  std::optional<RequestId> cancel(RequestId id, Instant now) { return trail_.cancel(id, now); }

  /// Whether a request has ended, here or where it has gone on, as far as it is known.
  bool is_answered(RequestId id) const { return trail_.is_answered(id); }

  // ---- For a near cache.

  /// The replica that a read of the slot is to be sent to; no_node: none of them.
  NodeNumber replica_for(const CommandView& command, Slot slot, Instant now);
  /// Submits a fetch to the replica that replica_for() has just returned.
  Result<RequestId> submit_fetch(NodeNumber replica, Slot slot, const CommandView& command,
                                 Instant now, Tag tag);
  /// ClusterReplicas::may_answer().
  bool may_answer(NodeNumber replica, Slot slot, Instant now, cache::Mark after) const {
    return replicas_->may_answer(replica, slot, now, after);
  }

  /// Reports what happens at the nodes to `caches`, which must outlive this object.
  /// Returns false, and does nothing, if there is no memory.
  bool use_cache(NodeCaches& caches) {
    if (!nodes_.use_cache(caches)) return false;
    caches_ = &caches;
    slots_.use_cache(caches);
    if (replicas_) replicas_->use_cache(caches);
    return true;
  }
  NodeCaches* caches() const { return caches_; }
  /// The owner of the slot, as far as is known; no_node: there is none.
  NodeNumber owner_of(Slot slot) const { return slots_.table().at(slot).owner(); }
  /// The node that a request was sent to when it got this id; no_node: it was parked.
  static NodeNumber node_of(RequestId id) {
    return request_ids::is_at_node(id) ? ClusterNodes::number_of_request(id) : no_node;
  }
  /// Whether a node may have run the request.
  bool was_exposed(RequestId id) const { return trail_.was_exposed(id); }
  /// The text of the error for one whose deadline has passed before the answer to this request.
  /// Lives at least until the next call.
  const char* deadline_passed(RequestId id) {
    id = trail_.last_of(id);
    const ParkedRequests::Request* const parked = trail_.find_parked(id);
    if (parked != nullptr) return parked_failure_.deadline_passed(*parked, now_);
    Session* const session = trail_.session_of(id);
    return (session == nullptr ? main_ : *session).deadline_passed();
  }
  /// So many callers wait who have no request of their own.
  void take_places(std::size_t count) {
    callers_joined_ = count;
    follow_places();
  }
  /// Whether submit() is likely to find no place.
  bool may_be_full() const { return scattered_.has_unsent() || taken() >= places(); }
  Instant now() const { return std::max(now_, main_.now()); }
  /// The node is about to be asked something, apart from submit().
  void note_question(NodeNumber number, Instant now) {
    ClusterNode& node = nodes_[number];
    if (!node.owes()) node.quiet_since = now;
    nodes_.stir(number);
  }
  void note_questions(Instant now) {
    nodes_.for_each([this, now](NodeNumber number, ClusterNode&) { note_question(number, now); });
  }

  /// The requests and tombstones of callers, without those on the main connection.
  std::size_t in_flight() const { return in_flight_; }
  /// What all these connections have done so far.
  SessionCounters session_counters() const { return nodes_.counters(); }

  /// For the client's side connections.
  SlotOwners& owners() { return owners_; }
  const SlotOwners& owners() const { return owners_; }

  /// Whether a connection, or the connection of a request, is one of these.
  static bool owns(ConnectionId connection) { return ClusterNodes::owns(connection); }
  static bool owns_request(RequestId id) { return RequestTrail::owns(id); }
  /// The session of a connection; null if there is none.
  Session* session(ConnectionId connection) const {
    const NodeNumber number = ClusterNodes::number_of(connection);
    return nodes_.has(number) ? nodes_[number].session.get() : nullptr;
  }

  /// Call this with each call of a session.
  void note_input(ConnectionId connection) {
    nodes_.note_input(ClusterNodes::number_of(connection));
  }
  /// Call this when a node has sent bytes.
  void note_sign_of_life(ConnectionId connection, Instant now) {
    const NodeNumber number = ClusterNodes::number_of(connection);
    if (!nodes_.has(number)) return;
    nodes_[number].quiet_since = now;
    if (nodes_[number].has_small_share) shares_.set_doubt(number, false);
  }

  /// See Client::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const {
    return trail_.staged_places(id, offset, size, spans);
  }

  void handle_timeout(Instant now);
  Instant poll_timeout();

  /// Whether poll_event() has returned `ready`: the slots are known. Until then the main
  /// connection's own `ready` is not for the user.
  bool is_ready() const { return was_ready_; }

  /// Handles the outcome of a question on the main connection: internal_slots, internal_node_id.
  void handle_main(const Event& event) {
    now_ = std::max(now_, main_.now());
    if (!aborted_) slots_.handle_main(event, now_);
  }

  /// The next event for the caller.
  std::optional<Event> poll_event();
  /// A short cut, if spoke(): the next event of the same connection.
  std::optional<Event> poll_same_again();
  /// The session that is likely to have the next event, for Session::visit_short_replies(); null if
  /// there is none. spoke() is true then.
  Session* speaker();
  /// Call this when speaker() has been visited.
  void note_visited() { stir_speaker(); }
  bool spoke() const { return spoke_ != no_node; }
  /// The last event's reply, of which the caller needs more copies.
  Result<Reply> copy_reply() { return nodes_[spoke_].session->copy_reply(); }
  Result<Reply> keep_reply() {
    return spoke_ == parts_spoke ? scattered_.keep_reply() : nodes_[spoke_].session->keep_reply();
  }

  struct NodeAction {
    Session::Action action;
    ConnectionId connection;
    const NodeAddress* told;
  };
  std::optional<NodeAction> poll_action();

  /// See ClusterMain.
  const Error* take_departure() { return main_node_.take_departure(); }
  const NodeAddress* next_main() { return main_node_.next(slots_.has_view(), now_); }
  const NodeAddress* main_address() const { return main_node_.address(); }

  /// See ClusterNodes.
  NodeNumber nodes_end() const { return nodes_.end(); }
  std::optional<ConnectionId> take_unsent() { return nodes_.take_unsent(); }

  void set_credentials(const Credentials& credentials) {
    nodes_.for_each_session(
        [&](NodeNumber, Session& session) { session.set_credentials(credentials); });
    nodes_.note_input_of_all();
  }
  void close(Instant now);
  void abort();
  /// Call this when the main connection is over. Aborts these connections, unless the user has
  /// closed the client. Without a view nothing that is parked could go on even then.
  void abort_unless_closing() {
    if (!closing_ || !slots_.has_view()) abort();
  }
  /// Whether there will be no other event. Connections may still have to be closed.
  bool have_said_all() const {
    bool all = parked_count() == 0 && !scattered_.has_outcome();
    nodes_.for_each_session(
        [&all](NodeNumber, const Session& session) { all = all && session.has_said_all(); });
    return all;
  }

  ClusterCounters counters() const {
    ClusterCounters all = verdicts_.counters();
    all.views = slots_.views();
    all.views_refused = slots_.views_refused();
    all.nodes_left_out = slots_.nodes_left_out();
    all.scattered = scattered_.scattered();
    all.parts = scattered_.parts();
    all.parked = parked_count() - scattered_.wholes_parked();
    all.share_reached = shares_.reached();
    return all;
  }
  /// Why the slots are not known as they should be; no text if they are.
  const Error& problem() const { return slots_.problem(); }
  /// How many slots have no owner, as far as is known.
  std::size_t slots_unserved() const {
    std::size_t served = 0;
    nodes_.for_each([&served](NodeNumber, const ClusterNode& node) { served += node.slots; });
    return slots_count - served;
  }

  /// What is known of one node, for users.
  struct Known {
    using State = ClusterNode::Known;
    const ClusterNode& node;
    ConnectionId connection;
    State state;
  };
  /// Calls `visit(const Known&)` for each node that is no replica that the client reads from.
  template <class Visit>
  void for_each(Visit&& visit) const {
    nodes_.for_each([&](NodeNumber number, const ClusterNode& node) {
      if (node.replica) return;
      visit(Known{.node = node,
                  .connection = ClusterNodes::connection_of(number),
                  .state = node.known(now_)});
    });
  }

  /// The connection to the node for which the request has waited that ended with this error, which
  /// must be the last event's; nothing, if it waited for none.
  std::optional<ConnectionId> awaited(const Error& error) const {
    const NodeNumber node = parked_failure_.node_of(error);
    if (!nodes_.has(node)) return std::nullopt;
    return ClusterNodes::connection_of(node);
  }

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate();

 private:
  using Verdict = ClusterNode::Verdict;

  std::size_t parked_count() const { return returned_.count() + waiting_.count(); }

  // What spoke_ is if the last event was the outcome of a request that was sent in parts.
  static constexpr NodeNumber parts_spoke = no_node - 1;
  static_assert(parts_spoke > cluster_nodes_max);

  std::size_t taken() const { return in_flight_ + main_.callers_in_flight(); }
  // Whether there is a place for a request to this node, and nobody who has to come before it,
  // without a closer look.
  bool has_place(NodeNumber number) const {
    if (taken() < few_) return true;
    return taken() < places_ && shares_.may_take(number);
  }
  // Whether a request may be sent to the slot's owner at once.
  bool goes_straight(const SlotTable::Entry& entry) const {
    return entry.plain() && nodes_.may_send_to(entry.owner()) && !closing_ &&
           has_place(entry.owner());
  }
  // Whether a replica of its owner may be asked for what is in the slot.
  bool may_be_read(const SlotTable::Entry& entry) const {
    return entry.plain() && !closing_ && taken() < places_;
  }
  bool is_full() {
    if (taken() < places()) return false;
    // Between the events of one turn in_flight_ still counts requests that have ended in it.
    count_in_flight();
    return taken() >= places();
  }
  std::size_t places() const {
    const std::size_t all = main_.options().inflight_requests_limit;
    return all - std::min(all, callers_joined_) + scattered_.wholes_with_parts();
  }
  std::size_t places_taken(std::size_t more_wholes) const {
    const std::size_t wholes = scattered_.wholes_with_parts() + more_wholes;
    return in_flight_ + callers_joined_ - std::min(in_flight_, wholes);
  }
  // Call this before a request is submitted to the main connection.
  void prepare_main(std::size_t more_wholes) {
    main_.take_places(places_taken(more_wholes));
    main_node_.note_request(now_);
  }
  bool must_wait_for_parts() {
    if (scattered_.has_unsent()) send_parts();
    return scattered_.has_unsent();
  }
  using ReadsAt = ScatteredRequests::ReadsAt;
  Result<RequestId> scatter(const CommandView& command, commands::Spread spread, ReadsAt reads_at,
                            Instant deadline, Tag tag);
  Result<RequestId> begin_parts(const CommandView& command, commands::Spread spread,
                                ReadsAt reads_at, Instant deadline, Tag tag);
  void send_parts() { follow_sending(send_some_parts()); }
  Status send_some_parts();
  void follow_sending(const Status& sent);
  Result<RequestId> submit_part(const ScatteredRequests::PartToSend& part);
  // Call this with each change of the scattered requests, or of who waits.
  void follow_places();
  // Of requests for several slots or nodes.
  std::size_t scattered_places() const {
    return std::max(scattered_.parts_under_way(), scattered_.wholes_parked());
  }
  void note_given_up(const ScatteredRequests::Ids& ids);
  void set_spoke(NodeNumber number) {
    if (spoke_ == parts_spoke) scattered_.forget_outcome();
    spoke_ = number;
  }
  Event take_outcome_of_parts() {
    spoke_ = parts_spoke;
    return scattered_.take_outcome();
  }
  NodeNumber choose_replica(const CommandView& command, Slot slot, NodeNumber owner);
  std::optional<RequestId> submit_to_replica(const CommandView& command, Journey journey,
                                             NodeNumber owner, Instant deadline, Tag tag);
  Result<RequestId> send_to_replica(NodeNumber number, const CommandView& command, Journey journey,
                                    Instant deadline, Tag tag);
  Result<RequestId> submit_keyless(const CommandView& command, Instant deadline, Tag tag);
  Result<RequestId> submit_slowly(const CommandView& command, Slot slot, Instant deadline, Tag tag);
  // Inlined, because every request passes here.
  [[gnu::always_inline]] inline Result<RequestId> submit_to(NodeNumber number,
                                                            const CommandView& command,
                                                            Journey journey, Instant deadline,
                                                            Tag tag);
  Result<RequestId> park(const CommandView& command, const ParkedRequests::Request& request,
                         Instant deadline, Tag tag);
  void note_parked(const ParkedRequests::Request& request, std::size_t bytes);

  void release();
  void release(ParkedRequests& parked);
  bool release_one(ParkedRequests& parked, const ParkedRequests::Request& each,
                   const Pipeline::Handed& handed);
  bool go(ParkedRequests& parked, const ParkedRequests::Request& request,
          const Pipeline::Handed& handed);

  std::optional<Event> poll_node(NodeNumber number);
  std::optional<Event> poll_parked();
  bool handle_parked_part(const Event& event);
  Event parked_ended(const Ended& ended, ParkedRequests& parked);
  void follow_nodes();
  void handle_timeout_at_nodes();
  std::optional<Event> handle_event(NodeNumber number, const Event& event);
  std::optional<Event> handle_handed(NodeNumber number, const Event& event);
  bool take_back(NodeNumber number, const Pipeline::Handed& request, Journey journey,
                 const Verdict& verdict);
  bool move_read(NodeNumber number, const Event& event, const Pipeline::Handed& request,
                 Journey journey);
  void move_due(NodeNumber number);
  void want_view(ViewSchedule::Need need) { slots_.want_view(now_, need); }
  // Who speaks has not been noted since its last reply.
  void stir_speaker() {
    if (nodes_.has(spoke_)) nodes_.stir(spoke_);
  }
  void count_in_flight() {
    stir_speaker();
    in_flight_ = returned_.pipeline().callers_count() + waiting_.pipeline().callers_count() +
                 nodes_.callers_in_flight();
  }
  void close_if_done();

  const ClusterOptions options_;
  Session& main_;
  ClusterNodes nodes_;
  ClusterMain main_node_;
  ClusterSlots slots_;
  ClusterVerdicts verdicts_;
  SlotOwners owners_;
  ClusterShares shares_;
  Box<ClusterReplicas> replicas_{};  // null: only primaries are read
  ParkedRequests returned_;
  ParkedRequests waiting_;
  RequestTrail trail_;
  ScatteredRequests scattered_;
  ParkedRoutes routes_;
  ParkedFailure parked_failure_;
  NodeNumber spoke_ = no_node;  // the node of the last event, or parts_spoke
  bool was_ready_ = false;
  bool closing_ = false;
  bool aborted_ = false;
  bool keyless_held_ = false;    // requests without a key are parked
  std::uint32_t submitted_ = 0;  // a request's number (Journey)
  std::size_t in_flight_ = 0;
  std::size_t callers_joined_ = 0;
  NodeCaches* caches_ = nullptr;  // null without a near cache
  std::size_t places_;            // places(); 0 while there are unsent parts
  std::size_t few_ = 0;           // with fewer in flight no request has to look at its node
  bool parts_waited_ = false;     // some parts could not be sent at once
  Instant now_ = Instant::min();
  Instant release_at_ = never;  // when parked requests may go on without another reason
  Instant close_by_ = never;
  Error event_error_{};
};

}  // namespace plimsoll::inline v0
