#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::cache {

/// What has happened to the lookups and entries of a cache.
struct CacheCounters {
  std::uint64_t lookups = 0;
  std::uint64_t hits = 0;  ///< the other lookups are misses
  std::uint64_t evictions = 0;
  std::uint64_t expirations = 0;
  std::uint64_t invalidations = 0;  ///< entries that the server, or a write, said were out of date

  // Replies that were not stored.
  std::uint64_t skipped_too_large = 0;
  std::uint64_t skipped_uncacheable = 0;  ///< of commands whose replies may not be stored
  std::uint64_t skipped_poisoned = 0;     ///< something happened to the key meanwhile
  std::uint64_t skipped_fenced = 0;       ///< the key was being written
  std::uint64_t skipped_no_memory = 0;
};

struct CacheStatistics : CacheCounters {
  std::size_t entries = 0;
  std::size_t bytes_live = 0;         ///< of the entries themselves
  std::size_t bytes_committed = 0;    ///< all that counts in max_cache_kb
  std::size_t sources = 0;            ///< users, databases and servers that clients read now
  std::uint64_t sources_refused = 0;  ///< clients that go without, for want of a place for theirs
};

}  // namespace plimsoll::cache
