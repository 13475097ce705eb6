#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/shares.h"

// The statistics of a Budget: plain numbers, in bytes unless the comment says otherwise. Each
// struct is a snapshot of one instant.

namespace plimsoll::inline v0 {

struct PoolStatistics {
  std::size_t share = 0;   ///< what the pool is guaranteed
  std::size_t limit = 0;   ///< in force: less while some of it is lent, more while the pool borrows
  std::size_t target = 0;  ///< the value that the limit is moving to, as memory is released
  std::size_t used = 0;
  std::size_t peak = 0;       ///< includes what accounts had set aside at that time (Allowance)
  std::size_t waiting = 0;    ///< requests or readers that wait for memory
  std::uint64_t refused = 0;  ///< charges that were refused
  std::size_t accounts = 0;
};

struct AccountStatistics {
  std::uint64_t owner = 0;
  PoolKind pool = PoolKind::cache;
  std::size_t limit = 0;   ///< the most that the account may have now
  std::size_t target = 0;  ///< less than `used` if the account must give some back
  std::size_t used = 0;
  std::size_t peak = 0;
  std::size_t waiting = 0;
  std::uint64_t refused = 0;
};

struct PageStatistics {
  std::size_t live = 0;        ///< in use
  std::size_t pooled = 0;      ///< free, and kept for reuse
  std::uint64_t returned = 0;  ///< given back to the system so far
};

/// The pools' `used` add up to the budget's.
struct BudgetStatistics {
  std::size_t limit = 0;   ///< in force: above the target until enough is released
  std::size_t target = 0;  ///< the line
  std::size_t used = 0;
  std::size_t peak = 0;
  std::array<PoolStatistics, pools_count> pools;
  PageStatistics segments;
  PageStatistics chunks;

  const PoolStatistics& pool(PoolKind kind) const { return pools[index_of(kind)]; }
};

/// Which accounts hold the memory of a pool.
struct PoolHolders {
  std::size_t limit = 0;  ///< in force
  std::size_t used = 0;
  std::size_t accounts = 0;         ///< how many hold some of it
  std::size_t most = 0;             ///< the most that one account holds
  std::uint64_t most_owner = 0;     ///< the owner of that account
  std::size_t readers_waiting = 0;  ///< connections that wait for memory to read into
};

}  // namespace plimsoll::inline v0
