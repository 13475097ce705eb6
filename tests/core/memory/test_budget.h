#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/memory/test_memory.h"

namespace plimsoll::testing {

/// A Budget over TestMemory, and what its statistics say.
struct TestBudget {
  explicit TestBudget(const BudgetOptions& options = {}) : budget(options, memory) {}

  std::size_t used() const { return budget.statistics().used; }
  std::size_t used(PoolKind pool) const { return of(pool).used; }
  std::size_t refused(PoolKind pool) const { return of(pool).refused; }

  PoolStatistics of(PoolKind pool) const { return budget.statistics().pool(pool); }

  TestMemory memory;
  Budget budget;
};

/// Counts how often it was told that memory is available.
struct CountingWaiter final : BudgetWaiter {
  void handle_budget_available() override { ++calls; }
  int calls = 0;
};

/// Takes every byte of a line but `left`, from all pools.
class Filling {
 public:
  explicit Filling(Budget& budget, std::size_t left = 0) {
    for (std::size_t i = 0; i < shared_pools_count; ++i) {
      accounts_[i] = budget.open_account(static_cast<PoolKind>(i));
    }
    for (std::size_t i = 0; i < shared_pools_count; ++i) {
      charges_[i] = Charge(*accounts_[i]);
      const BudgetStatistics all = budget.statistics();
      const PoolStatistics& pool = all.pools[i];
      const std::size_t room = all.limit - all.used - left;
      const std::size_t share = pool.share > pool.used ? pool.share - pool.used : 0;
      full_ = charges_[i].grow(std::min(room, share)) && full_;
    }
    const BudgetStatistics all = budget.statistics();
    full_ = full_ && all.used + left == all.limit;
  }

  bool full() const { return full_; }

  Charge& of(PoolKind kind) { return charges_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<AccountHandle, shared_pools_count> accounts_;
  std::array<Charge, shared_pools_count> charges_;
  bool full_ = true;
};

/// What a Budget has charged from the first.
inline constexpr std::size_t reserve_bytes = progress_reserve_segments * segment_bytes;

}  // namespace plimsoll::testing
