#pragma once

#include "plimsoll/tests/sim/run.h"
#include "plimsoll/tests/sim/scenario.h"

// Makes a failing scenario smaller: fewer clients, requests and kinds of faults, less time, as long
// as the same property is violated.

namespace plimsoll::sim {

struct Shrunk {
  Scenario scenario;
  Violation violation;
};

using Run = Outcome (*)(const Scenario&);

/// `violation` is what `scenario` leads to when it is `run`.
Shrunk shrink(const Scenario& scenario, const Violation& violation, Run run);

}  // namespace plimsoll::sim
