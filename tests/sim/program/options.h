#pragma once

#include <cstdint>
#include <optional>

#include "plimsoll/tests/sim/scenario.h"

// The command line of ./dev sim.

namespace plimsoll::sim {

struct Options {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1000;  ///< 1 where a seed is given
  std::uint64_t minutes = 0;   ///< above 0: as many seeds as that takes
  bool trace = false;
  bool speed = false;  ///< measures, and nothing else
  Scenario::Size size = Scenario::Size::normal;

  // In place of what the seed says.
  std::optional<std::size_t> clients;
  std::optional<std::size_t> servers;
  std::optional<std::size_t> requests;
  std::optional<FaultSet> faults;
  std::optional<std::uint64_t> interval_ms;
  std::optional<std::uint64_t> time_max_ms;

  /// The scenario of `seed`, with what was asked for.
  Scenario scenario(std::uint64_t seed) const;
};

/// Options, or the status to exit with.
struct Invocation {
  std::optional<Options> options;
  int exit_status = 0;
};

Invocation parse_options(int argument_count, const char* const* arguments);

}  // namespace plimsoll::sim
