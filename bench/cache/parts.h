#pragma once

// The parts of the cache benchmark. Each adds its rows.

#include <cstddef>

#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

/// How long to look.
struct CacheEffort {
  std::size_t accesses;  ///< in each run
  std::size_t runs;      ///< of which the middle one counts
};
inline constexpr CacheEffort full_cache_effort{.accesses = 2'000'000, .runs = 7};
inline constexpr CacheEffort quick_cache_effort{.accesses = 50'000, .runs = 1};

using AddCacheRows = void (*)(const CacheEffort& effort, Report& report);

/// What a hit costs in one shard: hash, lookup, the policy's work and a copy of the value.
void add_hit(const CacheEffort& effort, Report& report);

}  // namespace plimsoll::bench
