#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/tests/sim/cluster/slots.h"
#include "plimsoll/tests/sim/group/write_book.h"
#include "plimsoll/tests/sim/random.h"

// A cache of one caller of a cluster, or of all of them, in memory of its own; and what its clients
// were told of each key, by reads and by writes that were acknowledged: no later read may be told
// anything older, unless a failover has lost that.

namespace plimsoll::sim {

class ClusterCache {
 public:
  explicit ClusterCache(Random& random);
  ClusterCache(const ClusterCache&) = delete;
  ClusterCache& operator=(const ClusterCache&) = delete;

  cache::Cache& core() { return *core_; }
  Duration coherence_lease() const { return coherence_lease_; }

  /// How often something of the key was told, up to now.
  std::size_t told_count(std::size_t key) const { return told_[key].size(); }
  void note_told(std::size_t key, RequestNumber write);
  /// Whether a read that finds this write finds all that was told before, so many times.
  bool is_new_enough(RequestNumber found, std::size_t key, std::size_t told_count,
                     const WriteBook& writes) const;

 private:
  Duration coherence_lease_;
  HeapMemory memory_;
  std::optional<Budget> budget_;
  std::optional<cache::Cache> core_;
  std::array<std::vector<RequestNumber>, cluster_keys_count> told_;
};

}  // namespace plimsoll::sim
