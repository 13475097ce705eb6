#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/cluster.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/known_replica.h"
#include "plimsoll/core/client/replica_counters.h"
#include "plimsoll/core/client/sentinels.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/hosted_cache.h"

// Converts between the core's types and the plain numbers of the C ABI. The compiler checks in
// agreement.cc that the numbers of enumerations are the same.

namespace plimsoll::wasm {

PlimsollOptions to_abi(const ClientOptions& options, const ReplicaOptions& replicas,
                       const ClusterOptions& cluster);
PlimsollCacheOptions to_abi(const cache::CacheOptions& options);

/// The options without their texts. Fails with invalid_option, naming the field, if a number is out
/// of range.
Result<ClientOptions> from_abi(const PlimsollOptions& options);

/// The options for reading from replicas, without the zone. from_abi() must have accepted them.
ReplicaOptions replicas_from_abi(const PlimsollOptions& options);

/// The options for a cluster, without the hosts. from_abi() must have accepted them.
ClusterOptions cluster_from_abi(const PlimsollOptions& options);

/// The options with the texts of their lists, which refer to `words`. Fails with invalid_option as
/// above, and with invalid_argument if there are not as many words as the options say.
Result<HostedCacheOptions> from_abi(const PlimsollCacheOptions& options,
                                    std::span<const std::string_view> words);

/// Returns the error for a connection that ended with this PlimsollCloseReason; nullopt if there is
/// no such reason.
std::optional<Error> close_error(std::uint32_t reason);

PlimsollEvent to_abi(Event::Kind kind);
PlimsollClientStatistics to_abi(const Client& client, std::size_t credit_bytes);
PlimsollSubscriptionStatistics to_abi(const SubscriptionStatistics& statistics);
/// `problem`: null if there is none.
PlimsollSentinel to_abi(const Sentinels::Known& known, bool is_found, const Error* problem);
PlimsollReplica to_abi(const KnownReplica& known);
PlimsollReplicasStatistics to_abi(const ReplicaCounters& counters, const Error& problem);
PlimsollClusterNode to_abi(const Cluster::Known& known);
PlimsollClusterStatistics to_abi(const Cluster& cluster);
PlimsollCacheStatistics to_abi(const cache::CacheStatistics& statistics);
PlimsollMemoryStatistics to_abi(const BudgetStatistics& statistics);

}  // namespace plimsoll::wasm
