#pragma once

#include <cstdint>

#include "plimsoll/tests/sim/run.h"

// The worlds that are run natively and in WebAssembly, to be the same in both. Memory is not short
// in them: its sizes differ between 32 and 64 bits, and so would what is refused.

namespace plimsoll::sim {

inline constexpr std::uint32_t sample_seeds_count = 70;
/// From this one on, they have a group.
inline constexpr std::uint32_t first_group_seed = 61;

inline Outcome run_sample(std::uint32_t seed) {
  if (seed >= first_group_seed) return run(Scenario::of_seed(seed, Scenario::Size::group));
  const auto size = seed % 3 == 0 ? Scenario::Size::normal : Scenario::Size::small;
  Scenario scenario = Scenario::of_seed(seed, size);
  for (const Fault fault : memory_faults) scenario.faults.remove(fault);
  return run(scenario);
}

}  // namespace plimsoll::sim
