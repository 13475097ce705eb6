#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/core/cache/statistics.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/client/near_cache.h"

// Snapshots of all clients and caches of a process, for the metrics endpoint and the dump.

namespace plimsoll::inline v0::native {

/// What one client is connected to, and its statistics, at one moment.
struct ClientSnapshot {
  std::uint64_t owner = 0;  ///< the client's number, and that of its accounts
  std::string name;         ///< Options::client_name
  std::string server;       ///< Endpoint::to_string()
  std::uint32_t database = 0;
  ClientStatistics statistics;
  std::optional<NearCache::State> cache_state;  ///< none: the client has no cache

  // The same texts as in Statistics; empty: no problem.
  std::string last_problem;
  std::string tls_problem;
  std::string tracking_problem;
  std::string credentials_problem;
};

/// The statistics of one cache at one moment.
struct CacheSnapshot {
  std::uint64_t number = 0;  ///< caches of the process are counted from 1
  std::uint64_t bytes_max = 0;
  cache::CacheStatistics statistics;
};

/// Counters that are added up over all clients, also those that are gone.
struct ClientTotals {
  std::uint64_t submitted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t waited = 0;
  std::uint64_t waiters_refused = 0;
  SessionCounters counters;
  std::uint64_t replica_reads = 0;
  std::uint64_t replica_reads_moved = 0;
  std::uint64_t replica_reads_behind = 0;
  std::uint64_t cluster_moved = 0;
  std::uint64_t cluster_asked = 0;
  std::uint64_t cluster_sent_again = 0;
  std::uint64_t cluster_views = 0;
  std::uint64_t cluster_scattered = 0;
  std::uint64_t cluster_parts = 0;
  std::uint64_t cluster_share_reached = 0;

  void add(const ClientStatistics& client);
};

}  // namespace plimsoll::inline v0::native
