#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_counters.h"
#include "plimsoll/core/client/cluster_node.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/cluster/redirection.h"
#include "plimsoll/core/cluster/routing.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

// A client's connections to the primaries of a cluster: which of them gets a request, and where a
// request goes on that its node has not run. The main connection leads to any node; it takes the
// requests that have no key.
//
// A request whose slot is at rest goes straight to the owner's session. All others are parked: they
// lie in a pipeline of their own until they can go.
//  - `returned_` has what a node has not run: because it redirected it, because it cannot serve the
//    slot now, or because its connection ended before it had the whole request.
//  - `waiting_` has requests that came while their slot was on the move, had no owner, or had
//    parked requests already; and those that waited for room.
//
// Invariants:
//  - The order of a slot's requests is that of their submission. So a slot with parked requests is
//    held (SlotTable): later ones are parked behind them. What a node returns goes on in the order
//    in which it came back. What waits goes once nothing of its slot is in returned_ any more, and
//    the slot's predecessor has answered all that it had been sent: then nothing more can come back
//    from there.
//  - A request that was parked has not run, or is a read that may run again.
//  - One node at a time is asked for the slots, and its answer counts as of the question: a slot
//    that was learnt from a redirection since then stays as it is.
//  - A node is used once it has said who it is, if the cluster has told that: an address may be
//    somebody else's by now.

namespace plimsoll::inline v0 {

class Cluster {
 public:
  /// `main` must outlive this object.
  Cluster(const ClusterOptions& options, Session& main, Box<SlotTable> table);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Submits a request for which no connection of its own is needed. Errors: those of
  /// Session::submit(); invalid_argument, if its keys are in several slots; refused_command, if it
  /// concerns every node.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag);

  /// Pipeline::make_room(), for whichever connection the request will need.
  Pipeline::Room make_room(std::size_t bytes);
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag);
  void release_room();

  /// Cancels a request, wherever it is now. Returns its id on the main connection if it is there.
  std::optional<RequestId> cancel(RequestId id);

  /// The requests and tombstones of callers, without those on the main connection.
  std::size_t in_flight() const { return in_flight_; }

  /// SessionCounters::progress() of these connections.
  std::uint64_t progress() const;

  /// Whether a connection, or the connection of a request, is one of these.
  static bool owns(ConnectionId connection) {
    const auto place = static_cast<std::uint32_t>(connection);
    return place >= first_place && place < first_place + cluster_nodes_max;
  }
  static bool owns_request(RequestId id) {
    if (request_ids::is_waiter(id)) return false;
    const auto place = static_cast<std::uint32_t>(request_ids::connection_of(id));
    return place >= first_place;
  }
  /// The session of a connection; null if there is none.
  Session* session(ConnectionId connection) const;

  /// Call this with each call of a session; `is_sign_of_life`: the node has sent bytes.
  void note_input(ConnectionId connection) { heard_ |= bit(index_of(connection)); }
  void note_sign_of_life(ConnectionId connection, Instant now);

  /// See Client::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const;

  void handle_timeout(Instant now);
  Instant poll_timeout();

  /// Whether the main connection's first `ready` may be told to the user: the slots are known.
  bool is_ready() const { return was_ready_; }

  /// Handles the outcome of a question on the main connection: internal_slots, internal_node_id.
  void handle_main(const Event& event);

  /// The next event for the caller. The first one is `ready`, once the slots are known.
  std::optional<Event> poll_event();
  /// A short cut, if spoke(): the next event of the same connection.
  std::optional<Event> poll_same_again();
  /// The session that is likely to have the next event, for Session::visit_short_replies(); null if
  /// there is none. Its events count as ours: spoke() is true.
  Session* speaker();
  bool spoke() const { return spoke_ != nobody; }
  Result<Reply> keep_reply() { return nodes_[spoke_]->session->keep_reply(); }

  struct NodeAction {
    Session::Action action;
    ConnectionId connection;
    const NodeAddress* told;
  };
  std::optional<NodeAction> poll_action();

  /// The main connection is about to be opened: returns to which node; null for the address that
  /// its session has chosen.
  const NodeAddress* next_main();
  /// Where the main connection is; null likewise.
  const NodeAddress* main_told() const { return main_told_.empty() ? nullptr : &main_told_; }

  /// A bit for each connection that may have bytes to send.
  std::uint64_t unsent() const;

  void set_credentials(const Credentials& credentials);
  void close(Instant now);
  void abort();
  /// Call this when the main connection is over. Aborts these connections, unless the user has
  /// closed the client.
  void abort_unless_closing() {
    if (!closing_) abort();
  }
  /// Whether there will be no other event. Connections may still have to be closed.
  bool have_said_all() const;

  ClusterCounters counters() const {
    ClusterCounters all = counters_;
    all.parked = returned_.count() + waiting_.count();
    return all;
  }
  /// Why the slots are not known as they should be; no text if they are.
  const Error& problem() const { return problem_; }

  /// What is known of one node, for users.
  struct Known {
    enum class State : std::uint8_t {
      idle,  ///< no connection was needed yet
      connecting,
      checking,  ///< it is asked who it is
      ready,
      suspect,  ///< it owes an answer for too long; others are asked whether it still has its slots
      lost      ///< the last attempt or connection failed
    };
    const ClusterNode& node;
    ConnectionId connection;
    State state;
  };
  /// Calls `visit(const Known&)` for each node.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t i = 0; i < cluster_nodes_max; ++i) {
      if (nodes_[i]) visit(describe(i));
    }
  }
  /// How many slots have no owner, as far as is known. Walks over all.
  std::size_t slots_unserved() const;

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate();

 private:
  static constexpr std::uint32_t first_place = connections_max - cluster_nodes_max;
  // Places of requests, not of connections.
  static constexpr std::uint32_t returned_place = 64;
  static constexpr std::uint32_t waiting_place = 65;
  static_assert(connections_max <= returned_place);
  static_assert(waiting_place < request_ids::places_of_connections);
  static_assert(cluster_nodes_max <= slot_table_nodes_max);

  static constexpr NodeNumber nobody = no_node;
  static constexpr NodeNumber main_place = no_node - 1;  // for asked_

  static constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << index; }
  static std::uint32_t index_of(ConnectionId connection) {
    return static_cast<std::uint32_t>(connection) - first_place;
  }
  static bool is_parked_id(RequestId id) {
    return request_ids::connection_of(id) >= returned_place;
  }
  static std::uint32_t index_of_request(RequestId id) {
    return static_cast<std::uint32_t>(request_ids::connection_of(id)) - first_place;
  }
  static bool is_of_connection(const ClusterNode& node, RequestId id) {
    return request_ids::incarnation_of(id) ==
           node.incarnation % request_ids::Incarnation::values_count;
  }
  template <class Visit>
  void for_each_session(Visit&& visit) const {
    for (std::uint64_t left = used_; left != 0; left &= left - 1) {
      const auto index = static_cast<std::uint32_t>(std::countr_zero(left));
      visit(index, *nodes_[index]->session);
    }
  }
  ParkedRequests& parked_of(RequestId id) {
    return request_ids::connection_of(id) == returned_place ? returned_ : waiting_;
  }
  const ParkedRequests& parked_of(RequestId id) const {
    return request_ids::connection_of(id) == returned_place ? returned_ : waiting_;
  }

  using Verdict = ClusterNode::Verdict;

  // A node that was never seen to own anything is left after so many views without slots.
  static constexpr std::uint8_t idle_views_max = 1;
  // How long a request waits that a node has not run, at first and at most: while its keys are on
  // their way; while nobody serves its slot; and from its second redirection on.
  static constexpr Duration try_again_min = std::chrono::milliseconds(1);
  static constexpr Duration try_again_max = std::chrono::milliseconds(16);
  static constexpr Duration down_again_min = std::chrono::milliseconds(10);
  static constexpr Duration down_again_max = std::chrono::milliseconds(500);
  static constexpr Duration hop_again_min = std::chrono::milliseconds(1);
  static constexpr Duration hop_again_max = std::chrono::milliseconds(64);
  // The wait before a parked request for which there was no room is tried again.
  static constexpr Duration room_again_wait = std::chrono::milliseconds(20);

  static constexpr RequestId no_request = UINT64_MAX;

  // Whether a slot's predecessor has to have answered before a request goes on.
  enum class Predecessor : std::uint8_t { does_not_matter, has_answered };

  Known describe(std::uint32_t index) const;
  bool is_full() const;
  Error full() const;
  Result<RequestId> submit_keyless(const CommandView& command, Instant deadline, Tag tag);
  Result<RequestId> submit_slowly(const CommandView& command, Slot slot, Instant deadline, Tag tag);
  Result<RequestId> submit_to(NodeNumber number, const CommandView& command,
                              SentRequests::Request what, Instant deadline, Tag tag);
  Result<RequestId> park(const CommandView& command, const ParkedRequests::Request& request,
                         Instant deadline, Tag tag);
  void note_parked(const ParkedRequests::Request& request);

  std::optional<RequestId> moved_to(RequestId id);
  bool is_answered(RequestId id);
  void remember_move(MovedReads& moved, RequestId from, RequestId to);

  void release();
  void release(ParkedRequests& parked, Predecessor predecessor);
  bool may_go(const ParkedRequests::Request& request, Predecessor predecessor);
  NodeNumber target_of(const ParkedRequests::Request& request) const;
  bool may_send_to(NodeNumber number) const;
  bool go(ParkedRequests& parked, const ParkedRequests::Request& request,
          const Pipeline::Handed& handed);
  bool has_answered(NodeNumber number) const;
  void hold_until_answered(Slot slot, NodeNumber number);
  void set_owner(Slot slot, NodeNumber number);
  void want_node(NodeNumber number);
  void want_view(ViewSchedule::Need need) { schedule_.want(now_, need); }

  std::optional<Event> poll_node(std::uint32_t index);
  std::optional<Event> poll_parked();
  Event parked_ended(const Ended& ended);
  std::optional<Event> handle_event(std::uint32_t index, const Event& event);
  std::optional<Event> handle_handed(std::uint32_t index, const Event& event);
  bool handle_part(std::uint32_t index, const Event& event);
  Verdict judge(std::uint32_t index, const Event& event, const Pipeline::Handed& request,
                const Journey& journey);
  Verdict judge_refusal(std::uint32_t index, ErrorCode code, const std::optional<Value>& value,
                        const Journey& journey);
  Verdict judge_redirection(std::uint32_t index, const Redirection& redirection,
                            const Journey& journey);
  Duration wait_of(int count, Duration at_first, Duration at_most);
  void handle_identity(std::uint32_t index, const Event& event);
  void handle_end(std::uint32_t index, const Error& reason);
  void leave(std::uint32_t index, const Error& reason);

  std::optional<NodeNumber> find_or_add(const NodeAddress& address, const NodeId& id);
  bool may_forget(ClusterNode& node);
  void connect(std::uint32_t index);
  void follow_main();
  void begin_view();
  NodeNumber choose_whom_to_ask();
  void handle_view(NodeNumber from, const Event& event);
  void apply(const SlotsReply& reply);
  void set_owner_by_view(Slot slot, NodeNumber owner);
  void refuse_view(NodeNumber from, const Error& reason);
  void give_up_start(const Error& reason);
  void look_at_nodes_after_view();
  std::string_view host_of(NodeNumber number) const;
  void count_in_flight();
  void close_if_done();

  const ClusterOptions options_;
  Session& main_;
  const Box<SlotTable> table_;
  std::array<Box<ClusterNode>, cluster_nodes_max> nodes_;
  ParkedRequests returned_;
  ParkedRequests waiting_;
  ViewSchedule schedule_;
  NodeNumber asked_ = nobody;            // who is asked for the slots
  NodeNumber asked_last_ = 0;            // for a turn of all
  NodeNumber prefer_asking_ = nobody;    // who has redirected a request
  std::uint64_t asked_incarnation_ = 0;  // of the node's connection
  NodeNumber spoke_ = nobody;            // the node of the last event
  bool was_ready_ = false;
  bool has_view_ = false;
  bool closing_ = false;
  bool aborted_ = false;
  bool release_wanted_ = false;
  bool keyless_held_ = false;  // requests without a key are parked
  bool main_was_in_view_ = false;
  std::uint64_t used_ = 0;   // a bit for each node that has a session
  std::uint64_t heard_ = 0;  // a bit for each node whose session may have events
  std::size_t in_flight_ = 0;
  std::uint64_t main_connection_ = 0;  // main_.counters().connections, as last seen
  std::uint64_t main_attempts_ = 0;
  NodeAddress main_told_{};
  NodeId main_id_{};
  std::array<NodeAddress, 8> spares_;  // replicas, for the main connection
  std::uint32_t spares_count_ = 0;
  std::uint64_t incarnations_ = 0;
  std::uint32_t seeds_refused_ = 0;  // before the first view, for reasons that last
  std::uint64_t random_;
  Instant now_ = Instant::min();
  Instant release_at_ = never;  // when parked requests may go on
  Instant start_by_ = never;    // when the slots must be known
  Instant close_by_ = never;
  ClusterCounters counters_;
  Error problem_{};
  Error event_error_{};
};

}  // namespace plimsoll::inline v0
