#pragma once

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

/// What a Budget has charged from the first.
inline constexpr std::size_t reserve_bytes = progress_reserve_segments * segment_bytes;

}  // namespace plimsoll::testing
