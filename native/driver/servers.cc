#include "plimsoll/native/driver/servers.h"

#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/known_replica.h"
#include "plimsoll/core/client/other_servers.h"
#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/error.h"
#include "plimsoll/native/driver/core_options.h"

namespace plimsoll::inline v0::native {
namespace {

std::string to_text(const NodeAddress& address) {
  Endpoint endpoint;
  endpoint.host = address.host();
  endpoint.port = address.port();
  return endpoint.to_string();
}

// The words for a problem with a peer, without its address. Those of the system are enough; those
// about a certificate do not say what they are about.
std::string words_of(const plimsoll::Error& problem, ConnectionId of, Connections& connections) {
  if (*problem.what == '\0') return {};
  const Connection* const connection = connections.find(of);
  if (connection == nullptr) return problem.what;
  const Connection::Trouble& trouble = connection->trouble();
  if (trouble.is_over || trouble.what != problem.what) return problem.what;
  // Behind the address, which FailureWords shows in front of the transport's words.
  const std::string words = trouble.detail.substr(connection->endpoint().to_string().size() + 2);
  const bool is_of_system =
      problem.code == ErrorCode::connect_failed || problem.code == ErrorCode::connection_lost;
  return is_of_system ? words : std::string(problem.what) + ": " + words;
}

// Why a sentinel has named no primary.
std::string problem_of(const Sentinels::Known& known, Connections& connections) {
  if (known.watches_none) return "watches no primary of this name";
  return words_of(known.problem, known.connection, connections);
}

Topology::Replica::State state_of(const KnownReplica& known) {
  using Known = KnownReplica::State;
  using State = Topology::Replica::State;
  switch (known.state) {
    case Known::connecting: return State::connecting;
    case Known::checking: return State::checking;
    case Known::ready: return State::ready;
    case Known::suspect: return State::suspect;
    case Known::idle: return State::idle;
    case Known::lost: break;
  }
  return State::lost;
}

void describe_replicas(const OtherServers& others, Connections& connections, Topology& all) {
  if (others.replicas_problem() != nullptr) all.replicas_problem = others.replicas_problem()->what;
  others.for_each_replica([&](const KnownReplica& known) {
    const ReplicaProgress& progress = known.progress;
    all.replicas.push_back(
        {.address = to_text(known.address),
         .primary = known.primary == nullptr ? std::string() : to_text(*known.primary),
         .zone = std::string(progress.zone.text()),
         .state = state_of(known),
         .in_flight = known.session != nullptr ? known.session->callers_in_flight() : 0,
         .reads = progress.reads,
         .reads_moved = progress.reads_moved,
         .latency = progress.latency.value(),
         .problem = words_of(*known.problem, known.connection, connections)});
  });
}

Topology::Node::State state_of(const Cluster::Known& known) {
  using Known = Cluster::Known::State;
  using State = Topology::Node::State;
  switch (known.state) {
    case Known::idle: return State::idle;
    case Known::connecting: return State::connecting;
    case Known::checking: return State::checking;
    case Known::ready: return State::ready;
    case Known::suspect: return State::suspect;
    case Known::lost: break;
  }
  return State::lost;
}

void describe_nodes(const Cluster& cluster, Connections& connections, Topology& all) {
  all.kind = Topology::Kind::cluster;
  all.slots_problem = cluster.problem().what;
  all.slots_unserved = cluster.slots_unserved();
  cluster.for_each([&](const Cluster::Known& known) {
    const ClusterNode& node = known.node;
    all.nodes.push_back(
        {.address = to_text(node.address),
         .id = is_known(node.id) ? std::string(node.id.data(), node.id.size()) : std::string(),
         .state = state_of(known),
         .slots = node.slots,
         .in_flight = node.session ? node.session->callers_in_flight() : 0,
         .problem = words_of(node.problem, known.connection, connections)});
  });
}

}  // namespace

plimsoll::Status use_servers(plimsoll::Client& core, const Target& target, ClusterSeeds& seeds) {
  if (!target.primary_name.empty()) {
    if (const plimsoll::Status used = core.use_sentinels(); !used) return used;
  }
  for (const Endpoint& endpoint : target.endpoints) seeds.hosts.push_back(endpoint.host);
  seeds.options = cluster_options(target);
  seeds.options.seed_hosts = seeds.hosts;
  if (target.is_cluster) return core.use_cluster(seeds.options);
  if (target.options.read_from != ReadFrom::primary) {
    if (const auto used = core.use_replicas(replica_options(target)); !used) return used;
  }
  if (finds_cluster(target)) core.find_cluster(seeds.options);
  return {};
}

std::string server_of(const plimsoll::Client& core, const Target& target) {
  if (const Sentinels* const sentinels = core.sentinels()) {
    return sentinels->primary().empty() ? target.primary_name : to_text(sentinels->primary());
  }
  if (const Cluster* const cluster = core.cluster()) {
    if (cluster->main_address() != nullptr) return to_text(*cluster->main_address());
  }
  return target.endpoints[static_cast<std::size_t>(core.seed())].to_string();
}

void describe_connection(const plimsoll::Client& core, const Connection& main,
                         ClientSnapshot& snapshot) {
  if (const NearCache* const near = core.near_cache()) snapshot.cache_state = near->state();
  if (const Tracking tracking = core.tracking(); tracking.state == Tracking::State::refused) {
    snapshot.tracking_problem = Error(tracking.error).what();
  }
  const plimsoll::Error& problem = snapshot.statistics.last_problem;
  if (*problem.what == '\0') return;
  const Connection::Trouble& trouble = main.trouble();
  const std::string detail = problem.what == trouble.what ? trouble.detail : std::string();
  snapshot.last_problem = Error(problem, detail).what();
}

Topology topology_of(const plimsoll::Client& core, const Target& target, Connections& connections) {
  Topology all;
  const Sentinels* const sentinels = core.sentinels();
  const bool is_known = sentinels == nullptr || !sentinels->primary().empty();
  if (is_known) all.primary = server_of(core, target);
  if (core.others() != nullptr) describe_replicas(*core.others(), connections, all);
  if (const Cluster* const cluster = core.cluster()) describe_nodes(*cluster, connections, all);
  if (sentinels == nullptr) return all;
  all.kind = Topology::Kind::sentinel;
  all.switches = sentinels->switches();
  all.sentinels_left_out = sentinels->left_out();
  sentinels->for_each([&](const Sentinels::Known& known) {
    const auto number = static_cast<std::size_t>(known.seed);
    all.sentinels.push_back(
        {.address = known.told ? to_text(*known.told) : target.endpoints[number].to_string(),
         .is_connected = known.is_connected,
         .primary = known.primary ? to_text(*known.primary) : std::string(),
         .problem = problem_of(known, connections)});
  });
  return all;
}

std::string words_of_sentinels(const plimsoll::Client& core, const Target& target,
                               Connections& connections) {
  std::string all;
  for (const Topology::Sentinel& each : topology_of(core, target, connections).sentinels) {
    if (!all.empty()) all += "; ";
    all += each.address + ": ";
    if (!each.primary.empty()) {
      all += "names " + each.primary;
    } else {
      all += each.problem.empty() ? "has not answered yet" : each.problem;
    }
  }
  return all;
}

}  // namespace plimsoll::inline v0::native
