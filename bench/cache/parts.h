#pragma once

// The parts of the cache benchmark. Each adds its rows.

#include <chrono>
#include <cstddef>
#include <string>

#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

/// How long to look.
struct CacheEffort {
  std::size_t accesses;  ///< in each run
  std::size_t runs;      ///< of which the middle one counts
  std::chrono::milliseconds coherence;
};
inline constexpr CacheEffort full_cache_effort{
    .accesses = 2'000'000, .runs = 7, .coherence = std::chrono::seconds(60)};
inline constexpr CacheEffort quick_cache_effort{
    .accesses = 50'000, .runs = 1, .coherence = std::chrono::milliseconds(300)};

using AddCacheRows = void (*)(const CacheEffort& effort, Report& report);

/// What a hit costs in one shard: hash, lookup, the policy's work and a copy of the value.
void add_hit(const CacheEffort& effort, Report& report);

/// Readers of a cache while other processes write.
void add_coherence(const CacheEffort& effort, Report& report);
/// One of these: counts keys up at full rate for so long.
void write_for(const std::string& url, std::chrono::milliseconds time);

/// What a hit costs a user: by the door that waits for nothing, and awaited.
void add_door(const CacheEffort& effort, Report& report);

/// What a miss adds to a read.
void add_miss(const CacheEffort& effort, Report& report);

}  // namespace plimsoll::bench
