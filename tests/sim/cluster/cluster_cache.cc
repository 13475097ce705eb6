#include "plimsoll/tests/sim/cluster/cluster_cache.h"

#include <algorithm>

namespace plimsoll::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t cluster_cache_bytes = 64 * 1024;
constexpr std::size_t cluster_cache_line_bytes = 4 * 1024 * 1024;
constexpr std::array cluster_leases = {milliseconds(100), milliseconds(1000), milliseconds(10'000)};

}  // namespace

ClusterCache::ClusterCache(Random& random) : coherence_lease_(random.one_of(cluster_leases)) {
  const cache::CacheOptions options{.bytes_max = cluster_cache_bytes,
                                    .mode = cache::CacheMode::tracking,
                                    .cache_nil = !random.one_in(4),
                                    .coherence_lease = coherence_lease_,
                                    .seed = random.next()};
  budget_.emplace(BudgetOptions{.memory_limit = cluster_cache_line_bytes}, memory_);
  core_.emplace(options, cache::Cache::take_memory(*budget_, options).value());
}

void ClusterCache::note_told(std::size_t key, RequestNumber write) {
  if (write == 0 || (!told_[key].empty() && told_[key].back() == write)) return;
  told_[key].push_back(write);
}

bool ClusterCache::is_new_enough(RequestNumber found, std::size_t key, std::size_t told_count,
                                 const WriteBook& writes) const {
  const auto begin = told_[key].begin();
  return std::all_of(begin, begin + static_cast<std::ptrdiff_t>(told_count), [&](auto before) {
    return writes.is_lost(before) || writes.sequence(found) >= writes.sequence(before);
  });
}

}  // namespace plimsoll::sim
