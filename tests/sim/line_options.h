#pragma once

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/sim/faults.h"
#include "plimsoll/tests/sim/random.h"

// How much memory there is in a world, and how it is shared out.

namespace plimsoll::sim {

/// Valid ones, small where memory is to be short.
BudgetOptions draw_line(Random& random, const FaultSet& faults);

}  // namespace plimsoll::sim
