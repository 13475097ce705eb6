#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>

#include "plimsoll/core/cache/freshness.h"

namespace plimsoll::inline v0::native {

/// How old the value that a read gets may be: it was true at the server at most so long before the
/// call.
using Staleness = std::chrono::nanoseconds;

/// As old as the cache's rules allow (docs/caching.md).
inline constexpr Staleness any_staleness = cache::any_staleness;

/// How old a value may be that a read takes from the cache.
struct ReadOptions {
  /// Zero: the value that is true now. Without a cache every read gets that.
  Staleness max_staleness = any_staleness;
};

}  // namespace plimsoll::inline v0::native
