#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"

// How fresh a reply has to be for a read. What happened before what is told by marks, never by
// times: a clock may stand still while a write is acknowledged, and two clients' clocks differ.
// Times decide only where somebody named a number of milliseconds.

namespace plimsoll::cache {

/// A place in the order in which a cache's clients make calls and ask servers for proof
/// (Cache::next_mark()). Whatever is staged after a mark was drawn runs at the server after
/// everything that was acknowledged before it was drawn.
using Mark = std::uint64_t;

/// As old as the cache's rules allow (docs/caching.md).
inline constexpr Duration any_staleness = Duration::max();

struct Freshness {
  Instant since = Instant::min();  ///< true then or later, by the reader's clock
  Mark after = 0;                  ///< by a proof that was asked for after this mark

  bool is_any() const { return since == Instant::min() && after == 0; }
};

}  // namespace plimsoll::cache
