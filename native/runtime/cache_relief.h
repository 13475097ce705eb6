#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::native {

/// The caches of the process, which give way when the line is lowered: at once, and also where no
/// client of theirs comes by. Thread-safe.
class CacheRelief {
 public:
  /// Those that have ended are forgotten.
  void add(std::weak_ptr<cache::Cache> cache);

  /// Evicts, a few entries of each cache in turn with its locks held, until the limit in force is
  /// the line, or the caches have no more than their pool is guaranteed.
  void relieve(const Budget& budget);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<cache::Cache>> caches_;
};

}  // namespace plimsoll::native
