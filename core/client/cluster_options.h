#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/core/cluster/cross_slot_writes.h"
#include "plimsoll/core/session/options.h"

namespace plimsoll::inline v0 {

/// For a client of a cluster. The texts are views; their owner must outlive the client.
struct ClusterOptions {
  /// How often a request is sent on to another server, because a server has said MOVED or ASK,
  /// before its error is told: 1 to redirects_limit.
  std::uint8_t redirects_max = 16;

  CrossSlotWrites cross_slot_writes = CrossSlotWrites::refuse;

  /// To which nodes reads go.
  ReplicaOptions replicas{};

  /// The hosts of the driver's addresses, without a port or brackets: one for each of the
  /// SessionOptions::seeds_count. A server that names a host "" means the one at which the client
  /// has reached it.
  std::span<const std::string_view> seed_hosts{};

  /// Where the driver's addresses lead. Counts for Client::find_cluster() only: the client of a
  /// cluster has to reach all nodes.
  enum class Reach : std::uint8_t { all_nodes, bridge, unix_socket };
  Reach reach = Reach::all_nodes;
};

/// The upper bound of ClusterOptions::redirects_max.
inline constexpr std::uint8_t redirects_limit = 31;

/// The most primaries that a client has a connection to. Valkey's specification advises against
/// more nodes.
inline constexpr std::uint32_t cluster_nodes_max = 1000;

/// Returns invalid_option if an option is invalid, or does not fit the session's. Does not look at
/// the hosts.
Status validate(const ClusterOptions& cluster, const SessionOptions& options);
/// The part of it that holds for every client that may have a cluster.
Status check_redirects_max(const ClusterOptions& cluster);

}  // namespace plimsoll::inline v0
