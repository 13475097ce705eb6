#pragma once

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/run.h"
#include "plimsoll/tests/sim/scenario.h"

namespace plimsoll::sim {

/// Runs the worlds of the first seeds. The test fails at the first that is not in order, with the
/// command that repeats it.
inline Coverage run_slice(std::uint64_t seeds, Scenario::Size size) {
  Coverage coverage;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Scenario scenario = Scenario::of_seed(seed, size);
    const Outcome outcome = run(scenario);
    if (outcome.violation) {
      std::string text = outcome.violation->property + "\n./dev sim " + scenario.arguments() + '\n';
      for (const std::string& line : outcome.violation->last_events) text += line + '\n';
      FAIL(text);
    }
    coverage.add(outcome.coverage);
  }
  return coverage;
}

}  // namespace plimsoll::sim
