#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/early_requests.h"
#include "plimsoll/core/client/if_other_servers.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/core/memory/box.h"

namespace plimsoll::inline v0 {

/// A client's connections beside the main one that are not for single users: to sentinels, to
/// replicas, to the nodes of a cluster. Few clients have any. Passes on what concerns all of them,
/// or the one whose connection or request it is.
class OtherServers {
 public:
  Box<Sentinels> sentinels{};
  Box<Replicas> replicas{};    ///< of one primary
  Box<Cluster> cluster{};      ///< if there is a cluster, there is neither of the two above
  Box<EarlyRequests> early{};  ///< of a client that found out that there is a cluster

  /// Returns null if there is no memory, or if no client may have any.
  static Box<OtherServers> make(Account& account) {
    return may_have_other_servers() ? Box<OtherServers>::make(account, 0) : Box<OtherServers>();
  }

  /// Makes `sentinels`, and returns it; null if there is no memory.
  Sentinels* make_sentinels(const Session& main);
  /// The same for `replicas`.
  Replicas* make_replicas(const ReplicaOptions& options, Session& main);
  /// Makes `cluster`. Error: out_of_memory.
  Status make_cluster(const ClusterOptions& options, Session& main, SideConnections& sides);
  static Error no_room_for_cluster(const Session& main, const ClusterOptions& options);
  /// Makes `early`, and moves the requests of `main`. Error: out_of_memory.
  Status begin_early(Session& main);

  /// The session of a connection, which may have events after the caller's call; null if the
  /// connection is none of these, or is over.
  Session* session(ConnectionId connection) const;
  /// Whether a request was first sent on one of these connections.
  bool owns_request(RequestId id) const {
    return (replicas && Replicas::owns_request(id)) || (cluster && Cluster::owns_request(id)) ||
           (early && early->has_moved(id));
  }
  /// Cancels such a request. Returns its id on the main connection if it has gone on there.
  std::optional<RequestId> cancel(RequestId id, Instant now) {
    if (replicas) return replicas->cancel(id, now);
    return cluster->cancel(early ? early->id_of(id) : id, now);
  }
  /// Cluster::submit_to_room(), also for a request that began to wait before there was a cluster.
  RequestId submit_to_room(const CommandView& command, Instant deadline, Tag tag) {
    const RequestId id = cluster->submit_to_room(command, deadline, tag);
    if (early) early->note_admitted(command, id, tag);
    return id;
  }
  std::size_t staged_places(RequestId id, std::uint64_t offset, std::size_t size,
                            std::span<std::string_view> spans) const {
    return replicas ? replicas->staged_places(id, offset, size, spans)
                    : cluster->staged_places(id, offset, size, spans);
  }

  /// See OwnWrites.
  void note_side_request(const CommandView& command, RequestId id) {
    if (replicas) replicas->note_side_request(command, id);
    if (cluster && cluster->replicas()) cluster->replicas()->note_side_request(command, id);
  }
  void follow_side_connections(const SideConnections& sides) {
    if (replicas) replicas->follow_side_connections(sides);
    if (cluster && cluster->replicas()) cluster->replicas()->follow_side_connections(sides);
  }

  /// Of the replicas that are read.
  ReplicaCounters replica_counters() const;
  /// Calls `visit(const KnownReplica&)` for each replica that is read.
  template <class Visit>
  void for_each_replica(Visit&& visit) const {
    if (replicas) replicas->for_each(visit);
    if (cluster && cluster->replicas()) std::as_const(*cluster).replicas()->for_each(visit);
  }
  /// Why a primary does not say which replicas it has, or what it has run; without a text: it does.
  /// Null if no replicas are read.
  const Error* replicas_problem() const;

  /// The requests and tombstones of callers on these connections.
  std::size_t in_flight() const;

  void set_credentials(const Credentials& credentials);
  void close(Instant now);
  void abort();
  /// Call this when the main connection is over.
  void handle_end_of_main();
  void handle_timeout(Instant now);
  /// Without the sentinels.
  Instant poll_timeout();
  /// A bit for each connection that may have bytes to send, without those to nodes of a cluster.
  std::uint64_t unsent() const;

  struct ServerAction {
    Session::Action action;
    ConnectionId connection;
    const NodeAddress* address;
  };
  /// Without the sentinels.
  std::optional<ServerAction> poll_action();

  /// See EarlyRequests::poll_event(). If there is a cluster, call this before anything else is
  /// asked for an event.
  std::optional<Event> poll_early() { return early ? early->poll_event() : std::nullopt; }
  /// The next event of a replica or a node.
  std::optional<Event> poll_event();
  /// Whether the last event came from a replica or node: then poll_same_again(), copy_reply() and
  /// keep_reply() are about that connection.
  bool spoke() const { return (replicas && replicas->spoke()) || (cluster && cluster->spoke()); }
  std::optional<Event> poll_same_again() {
    return replicas ? replicas->poll_same_again() : cluster->poll_same_again();
  }
  Result<Reply> copy_reply() { return replicas ? replicas->copy_reply() : cluster->copy_reply(); }
  Result<Reply> keep_reply() { return replicas ? replicas->keep_reply() : cluster->keep_reply(); }

  /// Handles the outcome of an internal request on the main connection, if one of these has asked.
  void handle_main(const Event& event);

  bool have_said_all() const {
    return (!replicas || replicas->have_said_all()) && (!cluster || cluster->have_said_all());
  }

  void validate();
};

}  // namespace plimsoll::inline v0
