#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/filter.h"
#include "plimsoll/core/cache/policy/policy.h"

namespace plimsoll::cache {

/// What a cache relies on to know that an entry is out of date.
enum class CacheMode : std::uint8_t {
  automatic,  ///< tracking where the server has it; else ttl, or no caching where entry_ttl is zero
  tracking,   ///< CLIENT TRACKING alone: a server without it is no server for this
  ttl         ///< time alone: no help of the server's
};

struct CacheOptions {
  /// All that the cache takes for entries, with their index, policy, expiry and fences; at any
  /// time.
  std::size_t bytes_max = 0;

  /// Entries at a time; zero: as many as there is room for.
  std::size_t entries_max = 0;

  /// How long an entry is served; zero: until it is invalidated or evicted.
  Duration entry_ttl{};

  EvictionPolicy eviction_policy = EvictionPolicy::lru;
  CacheMode mode = CacheMode::automatic;

  /// Whether the server is asked with each read when its keys expire, and an entry is served for
  /// less than entry_ttl where that comes sooner.
  bool server_ttl_cap = false;

  /// Whether the reply to a read of what does not exist is stored as well.
  bool cache_nil = false;

  /// A tracked entry is served only while its connection has proved within this time that all
  /// invalidations before have arrived: what a link that has gone silent bounds staleness by.
  Duration coherence_lease = std::chrono::seconds(10);

  /// Locked parts that a large cache may be split into, for threads.
  std::uint32_t shards_max = 1;

  /// Which reads are cached.
  FilterOptions filter{};

  /// What keys are hashed by: random, so that nobody can choose keys that collide.
  std::uint64_t seed = 0;
};

inline constexpr std::uint32_t cache_shards_max = 16;

/// One shard below this.
inline constexpr std::size_t cache_shard_bytes_min = std::size_t{16} * 1024 * 1024;

/// The least that bytes_max may be: an entry fits.
inline constexpr std::size_t cache_bytes_min = 1024;

/// invalid_option, naming the field, where something makes no sense.
Status validate(const CacheOptions& options);

}  // namespace plimsoll::cache
