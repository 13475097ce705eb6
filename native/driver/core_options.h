#pragma once

#include <string>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/options.h"
#include "plimsoll/result.h"

namespace plimsoll::inline v0::native {

/// What the core needs for sentinels, with views of `target`.
SentinelOptions sentinel_options(const Target& target);

/// What the core needs for replicas, with views of `target`.
ReplicaOptions replica_options(const Target& target);

/// Whether the client is to find out if there is a cluster.
bool finds_cluster(const Target& target);

/// What the core needs for a cluster, without the hosts.
ClusterOptions cluster_options(const Target& target);

/// Returns the core's options, with views of those of `target`, and a new random seed. `tracking`:
/// what Options::client_side_cache asks for. `sentinel`: sentinel_options(); counts only if the
/// target names sentinels.
ClientOptions core_options(const Target& target, const TrackingOptions& tracking,
                           const SentinelOptions& sentinel);

/// Whether an option is set that has a meaning only with sentinels.
bool has_sentinel_options(const Options& options);

/// Whether all addresses lead to the same data, those of a cluster among them. Otherwise the
/// present one is a part of what the main connection shows to a cache.
bool is_one_place(const Target& target);

/// Returns the text that identifies server, database and protocol for a cache. Clients of one cache
/// share entries if their texts are equal, and the server knows them as the same user.
std::string cache_place(const Target& target);

/// Checks the options. invalid_option names a field that is wrong, or wrong for this address.
Result<void> validate(const Target& target, const TrackingOptions& tracking = {});

}  // namespace plimsoll::inline v0::native
