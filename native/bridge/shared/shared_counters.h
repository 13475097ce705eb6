#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

// What the bridge has done through the shared connections of one upstream, for /metrics. Used by
// one thread.

namespace plimsoll::bridge {

struct SharedCounters {
  std::uint64_t clients = 0;   ///< of the bridge, now: one for each user and version of RESP
  std::uint64_t sessions = 0;  ///< WebSockets now whose requests go through these clients
  std::uint64_t channels = 0;  ///< channels, patterns and shard channels that are subscribed now
  std::uint64_t messages = 0;  ///< messages of channels that sessions got
  std::uint64_t requests = 0;  ///< commands that were given to the clients
  std::uint64_t answered_locally = 0;  ///< commands that only the bridge had to answer
  std::uint64_t dropped = 0;           ///< sessions, because of replies that they did not take
  std::uint64_t in_doubt = 0;          ///< requests that ended with -INDOUBT
  // Of the upstream's cache; 0 without one.
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t cache_invalidations = 0;
  std::uint64_t cache_entries = 0;  ///< now
  std::uint64_t cache_bytes = 0;    ///< that the cache takes now, of those that it may
  // Of CLIENT TRACKING; 0 without a cache.
  std::uint64_t tracking_sessions = 0;      ///< WebSockets now that keep what they read
  std::uint64_t tracked_keys = 0;           ///< that they keep now, counted once for each
  std::uint64_t tracked_invalidations = 0;  ///< messages about keys that they got, and kept
  std::uint64_t tracked_unkept = 0;    ///< replies that they may not keep, since the cache does not
  std::uint64_t tracked_flushes = 0;   ///< messages that all keys may have changed
  std::uint64_t tracking_away = 0;     ///< clients now whose connection was lost, and that may come
                                       ///< back
  std::uint64_t tracking_resumed = 0;  ///< clients that came back, and went on
  std::uint64_t tracking_not_resumed = 0;  ///< that came back, and had to begin anew

  /// Adds another thread's numbers for the same upstream. All threads have the same cache.
  void add(const SharedCounters& others);
};

// Numbers of one size and nothing else, so that one that is new cannot be forgotten here.
inline void SharedCounters::add(const SharedCounters& others) {
  using Numbers = std::array<std::uint64_t, sizeof(SharedCounters) / sizeof(std::uint64_t)>;
  auto sums = std::bit_cast<Numbers>(*this);
  const auto more = std::bit_cast<Numbers>(others);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
  *this = std::bit_cast<SharedCounters>(sums);
  cache_hits = others.cache_hits;
  cache_misses = others.cache_misses;
  cache_invalidations = others.cache_invalidations;
  cache_entries = others.cache_entries;
  cache_bytes = others.cache_bytes;
}

}  // namespace plimsoll::bridge
