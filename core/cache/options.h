#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/filter.h"
#include "plimsoll/core/cache/policy/policy.h"

namespace plimsoll::inline v0::cache {

/// How a cache learns that an entry is outdated.
enum class CacheMode : std::uint8_t {
  automatic,  ///< tracking if the server has it, else ttl; without an entry_ttl, no caching at all
  tracking,   ///< CLIENT TRACKING only: connecting to a server without it fails
  ttl         ///< entry_ttl only: the server reports nothing
};

struct CacheOptions {
  /// The most bytes that the cache takes at any time: entries, index, policy, expiry and fences.
  std::size_t bytes_max = 0;

  /// The most entries at a time. Zero: only bytes_max bounds them.
  std::size_t entries_max = 0;

  /// How long an entry is served. Zero: until it is invalidated or evicted.
  Duration entry_ttl{};

  EvictionPolicy eviction_policy = EvictionPolicy::lru;
  CacheMode mode = CacheMode::automatic;

  /// Whether each read asks the server with PTTL when its keys expire. An entry is then not served
  /// beyond that time, even if entry_ttl is longer.
  bool server_ttl_cap = false;

  /// Whether a null is stored as well: the reply to a read of a key that does not exist.
  bool cache_nil = false;

  /// A tracked entry is served only if its connection has proved, within this time, that all
  /// earlier invalidations have arrived. Bounds how stale entries get when a connection goes silent
  /// without being closed. At least coherence_lease_min.
  Duration coherence_lease = std::chrono::seconds(10);

  /// The most shards that a large cache is split into. Each has a lock of its own, so that threads
  /// seldom wait for each other.
  std::uint32_t shards_max = 1;

  /// Which reads are cached.
  FilterOptions filter{};

  /// The seed of the hashes of keys. It must be random, so that users cannot choose keys that
  /// collide.
  std::uint64_t seed = 0;
};

inline constexpr std::uint32_t cache_shards_max = 16;

/// The least bytes of a shard: a cache of less than twice this has one shard.
inline constexpr std::size_t cache_shard_bytes_min = std::size_t{16} * 1024 * 1024;

/// The least that bytes_max may be, so that one entry fits.
inline constexpr std::size_t cache_bytes_min = 1024;

/// A connection is asked for a proof twice in a lease, and a shorter one is traffic for nothing.
inline constexpr Duration coherence_lease_min = std::chrono::milliseconds(10);

/// Fails with invalid_option, naming the field, if an option makes no sense.
Status validate(const CacheOptions& options);

}  // namespace plimsoll::inline v0::cache
