#pragma once

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/session/options.h"

// What a client that finds a cluster (Client::find_cluster()) looks at before it becomes a client
// of that.

namespace plimsoll::inline v0 {

/// What a client has that does not go together with a cluster.
struct BesideCluster {
  bool reads_replicas = false;
  bool records = false;
};

/// Returns invalid_option, and names the option, if the client cannot be one of a cluster.
Status may_enter_cluster(const ClusterOptions& cluster, const SessionOptions& options,
                         const BesideCluster& beside);

}  // namespace plimsoll::inline v0
