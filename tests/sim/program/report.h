#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/tests/sim/run.h"
#include "plimsoll/tests/sim/shrink.h"

// What a run of many worlds has to say.

namespace plimsoll::sim {

/// Of all worlds so far.
struct Tally {
  std::uint64_t seeds = 0;
  Duration time{};  ///< simulated
  std::uint64_t steps = 0;
  Coverage coverage;

  void add(const Outcome& outcome);
};

/// "120 seeds, 1.5 h simulated, 300000 requests (250000 a second)": `elapsed` is real time.
std::string progress_line(const Tally& tally, Duration elapsed);

/// What happened how often, a line a kind.
std::vector<std::string> coverage_lines(const Coverage& coverage);

/// The property, the last events around it, the command that repeats it.
std::vector<std::string> violation_lines(const Scenario& scenario, const Violation& violation,
                                         const Shrunk& shrunk);

}  // namespace plimsoll::sim
