#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::inline v0::cache {

/// Counts what has happened to the lookups and entries of a cache.
struct CacheCounters {
  std::uint64_t lookups = 0;
  std::uint64_t hits = 0;  ///< the other lookups are misses
  std::uint64_t evictions = 0;
  std::uint64_t expirations = 0;
  std::uint64_t invalidations = 0;  ///< entries erased by an invalidation or a write, and flushes

  // Replies that were not stored, by the reason.
  std::uint64_t skipped_too_large = 0;
  std::uint64_t skipped_uncacheable = 0;  ///< the command's replies may not be stored
  std::uint64_t skipped_poisoned = 0;     ///< a key changed while the reply was on its way
  std::uint64_t skipped_fenced = 0;       ///< a key was being written when the fetch began
  std::uint64_t skipped_no_memory = 0;
  std::uint64_t skipped_absent =
      0;  ///< in a cluster: perhaps the reply of a key that did not exist
};

struct CacheStatistics : CacheCounters {
  std::size_t entries = 0;
  std::size_t bytes_live = 0;         ///< memory of the entries themselves
  std::size_t bytes_committed = 0;    ///< all memory that counts towards max_cache_kb
  std::size_t sources = 0;            ///< users, databases and servers that clients read now
  std::uint64_t sources_refused = 0;  ///< how often a client found no place for its source
  std::uint64_t resumptions = 0;      ///< lost connections that cost no more than what had changed
};

}  // namespace plimsoll::inline v0::cache
