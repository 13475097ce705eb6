#pragma once

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::native {

using plimsoll::PoolKind;

/// Figures of one client and of the memory line that all clients of the process share.
struct Statistics {
  ClientStatistics client;
  BudgetStatistics memory;
};

}  // namespace plimsoll::native
