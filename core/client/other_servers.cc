#include "plimsoll/core/client/other_servers.h"

#include <algorithm>

namespace plimsoll::inline v0 {

// Requests to sentinels are paid for like connections: requests that wait for a primary may have
// taken all of their own pool.
Sentinels* OtherServers::make_sentinels(const Session& main) {
  Account& connections = main.accounts().connections;
  sentinels = Box<Sentinels>::make(
      connections, 0, main.options(),
      Session::Accounts{
          .requests = connections, .replies = main.accounts().replies, .connections = connections});
  return sentinels.get();
}

Replicas* OtherServers::make_replicas(const ReplicaOptions& options, Session& main) {
  replicas = Box<Replicas>::make(main.accounts().connections, 0, options, main);
  return replicas.get();
}

Status OtherServers::make_cluster(const ClusterOptions& options, Session& main,
                                  SideConnections& sides) {
  Account& connections = main.accounts().connections;
  Box<SlotTable> table = Box<SlotTable>::make(connections, 0);
  if (table) cluster = Box<Cluster>::make(connections, 0, options, main, std::move(table));
  const bool reads_replicas = options.replicas.read_from != ReadFrom::primary;
  const bool is_made = cluster && (!reads_replicas || cluster->use_replicas());
  if (is_made && sides.use_cluster(cluster->owners())) {
    replicas = {};  // of the one primary that there might have been
    return {};
  }
  cluster = {};
  return no_room_for_cluster(main, options);
}

// With what a client of a cluster takes, and what there is for it.
Error OtherServers::no_room_for_cluster(const Session& main, const ClusterOptions& options) {
  const bool reads_replicas = options.replicas.read_from != ReadFrom::primary;
  Account& connections = main.accounts().connections;
  const PoolHolders pool = connections.budget().holders(connections.pool(), main.now());
  return Error{.code = ErrorCode::out_of_memory,
               .what = "the connections pool has no room for a client of a cluster",
               .value = sizeof(OtherServers) + sizeof(Cluster) + sizeof(SlotTable) +
                        (reads_replicas ? sizeof(ClusterReplicas) : 0),
               .limit = pool.limit - std::min(pool.used, pool.limit)};
}

Status OtherServers::begin_early(Session& main) {
  early = Box<EarlyRequests>::make(main.accounts().connections, 0, main, *cluster);
  if (!early) return no_room_for_cluster(main, cluster->options());
  early->move();
  return {};
}

Session* OtherServers::session(ConnectionId connection) const {
  if (sentinels && sentinels->owns(connection)) {
    sentinels->note_input(connection);
    return sentinels->session(connection);
  }
  if (replicas && Replicas::owns(connection)) {
    replicas->note_input(connection);
    return replicas->session(connection);
  }
  if (cluster && Cluster::owns(connection)) {
    cluster->note_input(connection);
    return cluster->session(connection);
  }
  return nullptr;
}

ReplicaCounters OtherServers::replica_counters() const {
  if (replicas) return replicas->counters();
  return cluster && cluster->replicas() ? cluster->replicas()->counters() : ReplicaCounters();
}

const Error* OtherServers::replicas_problem() const {
  if (replicas) return &replicas->problem();
  return cluster && cluster->replicas() ? &cluster->replicas()->problem() : nullptr;
}

std::size_t OtherServers::in_flight() const {
  return (replicas ? replicas->in_flight() : 0) + (cluster ? cluster->in_flight() : 0);
}

void OtherServers::set_credentials(const Credentials& credentials) {
  if (replicas) replicas->set_credentials(credentials);
  if (cluster) cluster->set_credentials(credentials);
}

void OtherServers::close(Instant now) {
  if (replicas) replicas->close(now);
  if (cluster) cluster->close(now);
}

void OtherServers::abort() {
  if (replicas) replicas->abort();
  if (cluster) cluster->abort();
}

void OtherServers::handle_end_of_main() {
  if (replicas) replicas->abort_unless_closing();
  if (cluster) cluster->abort_unless_closing();
  if (sentinels) sentinels->stop();
}

void OtherServers::handle_timeout(Instant now) {
  if (sentinels) sentinels->handle_timeout(now);
  if (replicas) replicas->handle_timeout(now);
  if (cluster) cluster->handle_timeout(now);
  if (early) early->forget_answered();
}

Instant OtherServers::poll_timeout() {
  const Instant next = replicas ? replicas->poll_timeout() : never;
  return cluster ? std::min(next, cluster->poll_timeout()) : next;
}

std::uint64_t OtherServers::unsent() const {
  return (sentinels ? sentinels->unsent() : 0) | (replicas ? replicas->unsent() : 0);
}

std::optional<OtherServers::ServerAction> OtherServers::poll_action() {
  if (replicas) {
    if (const auto asked = replicas->poll_action()) {
      return ServerAction{asked->action, asked->connection, asked->told};
    }
  }
  if (cluster) {
    if (const auto asked = cluster->poll_action()) {
      return ServerAction{asked->action, asked->connection, asked->told};
    }
  }
  return std::nullopt;
}

std::optional<Event> OtherServers::poll_event() {
  if (replicas) return replicas->poll_event();
  return cluster ? cluster->poll_event() : std::nullopt;
}

void OtherServers::handle_main(const Event& event) {
  const bool is_of_replicas = event.tag == internal_replication || event.tag == internal_zone;
  const bool is_of_cluster = event.tag == internal_slots || event.tag == internal_node_id;
  if (is_of_replicas && replicas) replicas->handle_primary(event);
  if (is_of_cluster && cluster) cluster->handle_main(event);
}

void OtherServers::validate() {
  if (sentinels) sentinels->validate();
  if (replicas) replicas->validate();
  if (cluster) cluster->validate();
}

}  // namespace plimsoll::inline v0
