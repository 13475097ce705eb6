#pragma once

#include <string>

#include "plimsoll/client_snapshot.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/native/driver/cluster_seeds.h"
#include "plimsoll/native/driver/connections.h"
#include "plimsoll/topology.h"

// A client's servers and sentinels: whom it asks and reads, and what it knows of them, for users.
// Call these under the client's lock.

namespace plimsoll::inline v0::native {

/// Makes the client ask sentinels, read from replicas, and use a cluster or find out whether there
/// is one, as the target says. Call this before connect(). Fills `seeds` with views of the target's
/// hosts; both must outlive the client. Error: out_of_memory.
plimsoll::Status use_servers(plimsoll::Client& core, const Target& target, ClusterSeeds& seeds);

/// The server of the main connection, or of the last attempt at one: "127.0.0.1:6379". Before
/// sentinels have named one: the name under which they watch it.
std::string server_of(const plimsoll::Client& core, const Target& target);

/// Fills in what a snapshot says of the cache's state, of tracking and of the last problem of the
/// main connection, which is `main`.
void describe_connection(const plimsoll::Client& core, const Connection& main,
                         ClientSnapshot& snapshot);

Topology topology_of(const plimsoll::Client& core, const Target& target, Connections& connections);

/// "10.0.0.1:26379: Connection refused; 10.0.0.2:26379: names 10.0.0.5:6379": what came of each
/// sentinel. Empty if none is asked.
std::string words_of_sentinels(const plimsoll::Client& core, const Target& target,
                               Connections& connections);

}  // namespace plimsoll::inline v0::native
