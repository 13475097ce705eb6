#pragma once

#include <cstddef>

#include "plimsoll/core/memory/budget.h"

// What a Budget has to give, seen from outside: whoever is refused less than that is wronged.

namespace plimsoll::sim {

/// Whether `pool` could pay for `bytes` more, if need be at the cost of the pages that lie unused.
bool has_room_for(const Budget& budget, PoolKind pool, std::size_t bytes);

}  // namespace plimsoll::sim
