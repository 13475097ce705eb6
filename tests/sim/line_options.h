#pragma once

#include <cstddef>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/sim/faults.h"
#include "plimsoll/tests/sim/random.h"

// How much memory there is in a world, and how it is shared out.

namespace plimsoll::sim {

/// Valid ones, small where memory is to be short.
BudgetOptions draw_line(Random& random, const FaultSet& faults);

/// What each client at work needs of the requests pool for that nobody can keep it out for good.
inline constexpr std::size_t requests_bytes_each = 2 * segment_bytes + 2 * chunk_bytes;

/// The same line where its requests pool is guaranteed that for each of `clients`; else one that
/// is. Valid options stay valid.
BudgetOptions with_requests_for(std::size_t clients, const BudgetOptions& options);

}  // namespace plimsoll::sim
