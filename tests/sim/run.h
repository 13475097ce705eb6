#pragma once

#include <cstdint>
#include <optional>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/coverage.h"
#include "plimsoll/tests/sim/referee.h"
#include "plimsoll/tests/sim/scenario.h"
#include "plimsoll/tests/sim/trace.h"

// One world from its beginning to its end.

namespace plimsoll::sim {

struct Outcome {
  std::optional<Violation> violation;
  std::uint64_t hash = 0;  // of the trace
  Duration time{};         // that passed in the world
  std::uint64_t steps = 0;
  Coverage coverage;
};

/// A CHECK of the core's that fails ends the world as a violation. What the world held is lost
/// then.
Outcome run(const Scenario& scenario, Trace::Printing printing = Trace::Printing::off);

}  // namespace plimsoll::sim
