#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"

// How fresh a cached reply has to be for a read. Marks, not times, show which of two events came
// first, because a clock may stand still while a write is acknowledged, and the clocks of two
// clients may differ. Times count only if a caller asked for a number of milliseconds.

namespace plimsoll::inline v0::cache {

/// A place in the order in which the clients of a cache make calls and ask servers for proof
/// (Cache::next_mark()). A request staged after a mark was drawn runs at the server after every
/// request that had been acknowledged before the mark was drawn.
using Mark = std::uint64_t;

/// The caller asks for no freshness: a reply may be as old as the cache's own rules allow
/// (docs/caching.md).
inline constexpr Duration any_staleness = Duration::max();

struct Freshness {
  Instant since = Instant::min();  ///< the reply was true at this time or later, by the reader's
                                   ///< clock
  Mark after = 0;                  ///< the reply's proof was asked for after this mark

  bool is_any() const { return since == Instant::min() && after == 0; }
};

}  // namespace plimsoll::inline v0::cache
