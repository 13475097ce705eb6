#pragma once

// Replays a trace: each key is looked up, and stored where it was not there.

#include <cstddef>
#include <cstdint>

#include "plimsoll/bench/cache/trace.h"
#include "plimsoll/core/cache/policy/policy.h"

namespace plimsoll::bench {

struct Capacity {
  std::size_t entries = 0;  ///< 0: no bound
  std::size_t bytes = 0;    ///< of all that the store takes; 0: no bound
};

struct Hits {
  std::size_t requests = 0;
  std::size_t hits = 0;
  std::uint64_t hit_bytes = 0;  ///< of values

  bool operator==(const Hits&) const = default;
};

/// Through one shard of the cache as it is shipped.
Hits replay(const Trace& trace, cache::EvictionPolicy policy, const Capacity& capacity);

/// Through a list that is searched from end to end, by what the policy's name says. Slow.
Hits replay_naively(const Trace& trace, cache::EvictionPolicy policy, std::size_t entries_max);

}  // namespace plimsoll::bench
