#pragma once

#include <cstddef>

#include "plimsoll/tests/sim/run.h"
#include "plimsoll/tests/sim/scenario.h"

// Makes a failing scenario smaller: fewer clients, requests and kinds of faults, less time, as long
// as the same property is violated.

namespace plimsoll::sim {

struct Shrunk {
  Scenario scenario;
  Violation violation;
};

/// `violation` is what `scenario` leads to. Runs at most `runs_max` worlds.
Shrunk shrink(const Scenario& scenario, const Violation& violation, std::size_t runs_max = 400);

}  // namespace plimsoll::sim
