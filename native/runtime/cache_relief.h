#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::inline v0::native {

/// The caches of the process. When the line is lowered they release memory at once, even if no
/// client uses them. Thread-safe.
class CacheRelief {
 public:
  /// Adds a cache, and removes caches that have ended.
  void add(std::weak_ptr<cache::Cache> cache);

  /// Evicts a few entries of each cache in turn, with the cache's locks held, until the limit in
  /// force has fallen to the line, or the caches hold no more than their pool is guaranteed.
  void relieve(const Budget& budget);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<cache::Cache>> caches_;
};

}  // namespace plimsoll::inline v0::native
