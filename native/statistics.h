#pragma once

#include <string>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/budget.h"

namespace plimsoll::native {

using plimsoll::PoolKind;

/// Figures of one client and of the memory line that all clients of the process share.
struct Statistics {
  ClientStatistics client;
  BudgetStatistics memory;

  /// ClientStatistics::last_problem in words, with what the system said; empty: there was none.
  std::string last_problem;

  /// Why files that Options::tls names could not be read again after they had changed: what was
  /// read before is still in use. Empty: all is as the files say.
  std::string tls_problem;

  /// Why Options::credentials had none the last time; empty: it had.
  std::string credentials_problem;
};

}  // namespace plimsoll::native
