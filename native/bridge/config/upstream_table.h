#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/core/cache/options.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/native/bridge/config/bounded_value.h"
#include "plimsoll/native/bridge/config/config.h"
#include "plimsoll/native/bridge/config/config_table.h"

// The table [upstreams.NAME] of the configuration file, and [upstreams.NAME.cache] in it.

namespace plimsoll::bridge {

/// The most subscriptions of the bridge's own client of an upstream: one for the channels of all
/// WebSockets, and those that replace it.
inline constexpr std::uint32_t shared_subscriptions_max = 17;

/// What `blocking_connections_max` may be. A client has connections_max connections at most,
/// without those to the primaries of a cluster. One of them is its main connection.
inline constexpr Bounds<std::uint32_t> blocking_connections_bounds{
    .min = 1, .max = connections_max - 1 - shared_subscriptions_max};

inline constexpr Bounds<std::chrono::milliseconds> request_timeout_bounds{
    .min = std::chrono::milliseconds(10), .max = std::chrono::minutes(10)};

/// The least is the library's. check_shared_upstreams() has another bound for all caches together.
inline constexpr Bounds<std::uint64_t> cache_size_bounds{.min = cache::cache_bytes_min,
                                                         .max = std::uint64_t{1} << 40};

/// The client sends a PING several times within a lease, so that a shorter one would be traffic for
/// nothing.
inline constexpr Bounds<std::chrono::milliseconds> coherence_lease_bounds{
    .min = std::chrono::milliseconds(100), .max = std::chrono::hours(1)};

/// Reads the table of the upstream `name`, and adds it to `all`, unless its address cannot be read.
/// Paths are relative to `folder`. What is wrong becomes a problem of the table.
void read_upstream(std::string name, ConfigTable& table, const std::string& folder,
                   std::vector<Upstream>& all);

}  // namespace plimsoll::bridge
