#pragma once

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/session/options.h"

// What a client that finds a cluster (Client::find_cluster()) looks at before it becomes a client
// of that.

namespace plimsoll::inline v0 {

/// Returns invalid_option, and names the option, if the client cannot be one of a cluster.
/// `records`: whether it is recorded.
Status may_enter_cluster(const ClusterOptions& cluster, const SessionOptions& options,
                         bool records);

}  // namespace plimsoll::inline v0
