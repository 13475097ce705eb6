#pragma once

#include <cstddef>
#include <string_view>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// What a pipeline needs from outside: a Budget over TestMemory with one account for requests.

namespace plimsoll::testing {

struct RequestMemory {
  explicit RequestMemory(const BudgetOptions& options = {})
      : budget(options, memory),
        account(budget.open_account(PoolKind::requests)),
        idle_bytes(budget.statistics().used) {}

  /// Bytes charged beyond the progress reserve and the account, kept pages given back.
  std::size_t bytes_in_use() {
    budget.reclaim();
    return budget.statistics().used - idle_bytes;
  }

  TestMemory memory;
  Budget budget;
  AccountHandle account;
  std::size_t idle_bytes;
};

/// A request that is `bytes` on the wire, whatever they are.
inline CommandView raw(std::string_view bytes) { return CommandView::from_encoded(bytes); }

}  // namespace plimsoll::testing
