#include "plimsoll/native/runtime/cache_relief.h"

#include <utility>

#include "plimsoll/native/base/steady_now.h"

namespace plimsoll::inline v0::native {
namespace {

// A round evicts up to 64 entries of each shard of every cache, besides entries that have expired
// or are out of reach. Even the largest cache needs no more rounds than this.
constexpr int relief_rounds_max = 1 << 20;

bool is_above_line(const Budget& budget) {
  const BudgetStatistics now = budget.statistics();
  return now.limit > now.target;
}

}  // namespace

void CacheRelief::add(std::weak_ptr<cache::Cache> cache) {
  const std::lock_guard lock(mutex_);
  std::erase_if(caches_, [](const auto& other) { return other.expired(); });
  caches_.push_back(std::move(cache));
}

void CacheRelief::relieve(const Budget& budget) {
  std::vector<std::shared_ptr<cache::Cache>> caches;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& each : caches_) {
      if (std::shared_ptr<cache::Cache> cache = each.lock()) caches.push_back(std::move(cache));
    }
  }
  for (int i = 0; i < relief_rounds_max && is_above_line(budget); ++i) {
    const Instant now = steady_now();
    bool has_more = false;
    for (const auto& cache : caches) has_more = cache->relieve(now) || has_more;
    if (!has_more) return;
  }
}

}  // namespace plimsoll::inline v0::native
