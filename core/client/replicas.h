#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/encoded_pieces.h"
#include "plimsoll/core/client/known_replica.h"
#include "plimsoll/core/client/own_writes.h"
#include "plimsoll/core/client/replica_caches.h"
#include "plimsoll/core/client/replica_counters.h"
#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/core/client/replica_rounds.h"
#include "plimsoll/core/client/server_node.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/cluster/read_choice.h"
#include "plimsoll/core/cluster/replication_report.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

// The replicas that a client reads from. Their addresses are those that the primary names in INFO
// replication. The client has a connection to each, up to replicas_max.
//
// A replica answers a read only if it is proved that what it has is new enough: for everybody, not
// older than ReplicaOptions::lag_max; and for this client, that it has what the client has written
// to the keys that are read. A proof goes in a round. The client asks the primary how much of its
// history of writes it has run, on the connection on which it writes; the answer covers all that it
// has written there before. Then it asks each replica, until that one has run as much of the same
// history. So no clock but the client's own matters, and no write waits. Rounds take place once in
// a while for as long as there are reads, and soon if a read finds no replica because of a write.
//
// A read that a replica has not answered, because it refuses or its connection is lost, goes on to
// another replica, or to the primary, with the same deadline. So does a read for which half of its
// time has passed. Its id stays valid (ServerNode::moved).
//
// With a near cache, NearCache chooses a server for each fetch and submits the fetch there, and
// this reports each event and each proof to ReplicaCaches.
//
// Invariants:
//  - A request is in flight on one connection at most, and has one outcome.
//  - No more requests are in flight at the primary and the replicas together than
//    inflight_requests_limit.
//  - Writes, and reads that no replica may answer, go to the primary.
//  - The connections have the last replicas_max places of a client's connections before those of
//    sentinels.

namespace plimsoll::inline v0 {

class Replicas {
 public:
  /// All must outlive this object. `main` looks for a primary (SessionOptions::primary_only).
  Replicas(const ReplicaOptions& options, Session& main);
  ~Replicas();
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  /// Submits a request for which no connection of its own is needed: a read to a replica, if one
  /// may answer it, else to the primary. Errors as for Session::submit().
  /// `after`: what the read must see, as ServerNode::Wanted has it.
  Result<RequestId> submit(const CommandView& command, Instant now, Instant deadline, Tag tag,
                           cache::Mark after = 0);

  /// The same, always at the primary.
  Result<RequestId> submit_to_primary(const CommandView& command, Instant deadline, Tag tag);

  // ---- For a near cache.

  /// Reports to `caches` what happens, which must outlive this object. Call this before the main
  /// session connects.
  void use_cache(ReplicaCaches& caches) { caches_ = &caches; }
  /// The replica that a read is to be sent to; nothing if the primary is to answer.
  std::optional<std::uint32_t> choose(const CommandView& command, Instant now, cache::Mark after);
  /// Submits a fetch to the replica that choose() has named: the read, and perhaps commands in
  /// front of it.
  Result<RequestId> submit_fetch(std::uint32_t index, const CommandView& command, Tag tag);
  /// Whether a read that needs `after` may still share what the replica is about to answer.
  bool may_answer(std::uint32_t index, Instant now, cache::Mark after) const {
    return nodes_[index] && nodes_[index]->may_answer(now, options_.lag_max, {.after = after});
  }
  /// Session::was_exposed(), wherever the request is.
  bool was_exposed(RequestId id) const;
  /// So many callers wait for the requests of others, and take places, too.
  void note_waiters(std::size_t count) {
    waiters_count_ = count;
    take_places();
  }
  /// What the connection of the primary has changed is known before anyone reads the cache.
  void handle_ready() { follow_main(); }
  Instant now() const { return std::max(now_, main_.now()); }

  // ---- For everyone.

  /// A command was staged elsewhere: for a waiter on the main connection, or on a side connection.
  void note_staged(const CommandView& command) { writes_.note(command); }
  void note_side_request(const CommandView& command, RequestId id) {
    writes_.note_side_request(command, id);
  }
  /// Call this before an event of a side connection is delivered: what it has written counts as
  /// written now.
  void follow_side_connections(const SideConnections& sides) {
    writes_.follow_side_connections(sides);
  }

  /// Cancels a request that was sent to a replica, wherever it is now. Returns its id on the main
  /// connection if it has gone on there.
  std::optional<RequestId> cancel(RequestId id, Instant now);

  /// The requests and tombstones of callers.
  std::size_t in_flight() const;
  /// Tells the main connection how many places of inflight_requests_limit these connections have.
  void take_places() { main_.take_places(in_flight() + waiters_count_); }

  /// Whether a connection, or the connection of a request, is one of these.
  static bool owns(ConnectionId connection) {
    const auto place = static_cast<std::uint32_t>(connection);
    return place >= first_place && place < first_place + replicas_max;
  }
  /// The index of the replica that has a connection of these.
  static std::uint32_t index_of(ConnectionId connection) {
    return static_cast<std::uint32_t>(connection) - first_place;
  }
  static bool owns_request(RequestId id) {
    return !request_ids::is_waiter(id) &&
           owns(ConnectionId{static_cast<std::uint32_t>(request_ids::connection_of(id))});
  }
  /// The session of a connection; null if there is none.
  Session* session(ConnectionId connection) const;

  /// Call this with each call of a session.
  void note_input(ConnectionId connection) { heard_ |= bit(index_of(connection)); }

  /// See Client::staged_places().
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const;

  void handle_timeout(Instant now);
  Instant poll_timeout();

  /// Handles the outcome of a question to the primary: internal_replication, internal_zone.
  void handle_primary(const Event& event);

  /// The next event for the caller, of requests that replicas have answered.
  std::optional<Event> poll_event();
  /// A short cut, if spoke(): the next event of the same connection.
  std::optional<Event> poll_same_again();
  /// Whether the last poll_event() has returned an event, so that keep_reply() may be called.
  bool spoke() const { return spoke_ != nobody; }
  Result<Reply> keep_reply() { return nodes_[spoke_]->session->keep_reply(); }
  Result<Reply> copy_reply() { return nodes_[spoke_]->session->copy_reply(); }

  struct NodeAction {
    Session::Action action;
    ConnectionId connection;
    const NodeAddress* told;
  };
  std::optional<NodeAction> poll_action();

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
  /// Whether no session has another event. Connections may still have to be closed.
  bool have_said_all() const;

  const ReplicaCounters& counters() const { return counters_; }
  /// Why the primary does not say which replicas it has; no text if it does.
  const Error& problem() const { return problem_; }

  /// Calls `visit(const KnownReplica&)` for each replica.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t i = 0; i < replicas_max; ++i) {
      if (nodes_[i] && nodes_[i]->state != ServerNode::State::leaving) visit(describe(i));
    }
  }

  /// CHECKs all that must hold between calls. Walks over everything.
  void validate();

 private:
  static constexpr std::uint32_t first_place = connections_max - sentinels_max - replicas_max;
  static_assert(connections_max <= request_ids::places_of_connections);

  static constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << index; }
  static std::uint32_t index_of_request(RequestId id) {
    return static_cast<std::uint32_t>(request_ids::connection_of(id)) - first_place;
  }
  // Whether a request was sent on the node's present connection.
  static bool is_of_connection(const ServerNode& node, RequestId id) {
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

  KnownReplica describe(std::uint32_t index) const;
  Duration interval_for_cache() const;
  std::size_t candidates(Instant now, const ServerNode::Wanted& wanted,
                         std::span<ReadCandidate> found) const;
  // Call main_.take_places() first.
  Result<RequestId> submit_to(std::uint32_t index, const CommandView& command, Instant deadline,
                              Tag tag);
  bool is_answered(RequestId id) const;
  std::optional<RequestId> moved_to(RequestId id) const;
  // Entries of a near cache need proofs, too.
  bool is_in_use() const {
    return rounds_.is_read(now_) || (caches_ != nullptr && caches_->have_entries());
  }
  void report_to_cache(std::uint32_t index);
  void forget_proofs();
  void follow_marks();
  void want_round(Duration wait);
  void begin_round();
  void follow_main();
  void end_round(const ReplicationReport& report);
  void update_nodes(const ReplicationReport& report);
  void add_node(const NodeAddress& address);
  void dismiss(std::uint32_t index);
  void forget_if_left(std::uint32_t index);
  void forget_answered(ServerNode& node) const;
  void connect(std::uint32_t index);
  void ask(ServerNode& node);

  std::optional<Event> poll_node(std::uint32_t index);
  std::optional<Event> handle_event(std::uint32_t index, const Event& event);
  void handle_answer(ServerNode& node, const Event& event);
  void handle_end(ServerNode& node, const Error& reason);
  bool move_refused(std::uint32_t index, const Event& event);
  void move_due(std::uint32_t index);
  // Where a request may go on: to other replicas first, to the primary last.
  struct Onward {
    bool replicas;
    bool primary;
  };
  bool move_on(std::uint32_t index, const Pipeline::Handed& request, Onward onward);

  const ReplicaOptions options_;
  Session& main_;
  ReplicaCaches* caches_ = nullptr;  // null without a near cache
  std::size_t waiters_count_ = 0;
  cache::Mark wanted_after_ = 0;  // by the last read
  const ZoneName zone_;
  std::array<Box<ServerNode>, replicas_max> nodes_;
  OwnWrites writes_;
  bool closing_ = false;
  bool primary_is_near_ = false;
  std::uint64_t main_connection_ = 0;  // main_.counters().connections, as last seen
  std::uint64_t used_ = 0;             // a bit for each node that has a session
  std::uint64_t heard_ = 0;            // a bit for each node whose session may have events
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::uint32_t spoke_ = nobody;  // the node of the last event
  ReplicaRounds rounds_;
  Instant now_ = Instant::min();
  std::uint64_t incarnations_ = 0;  // counts the connections
  std::uint32_t turn_ = 0;
  ReplicaCounters counters_;
  Error problem_{};
};

}  // namespace plimsoll::inline v0
