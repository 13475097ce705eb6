#pragma once

// The cases of the pipeline benchmark, on a private server of its own.

#include <cstddef>

#include "plimsoll/bench/pipeline/contender.h"
#include "plimsoll/bench/report.h"

namespace plimsoll::bench {

/// How long to look. Every number of GETs is divided by `divisor`.
struct Effort {
  /// Whether the run is worth anything without valgrind and strace.
  enum class Tools { required, optional };

  int rounds;
  std::size_t divisor;
  int cold_starts;
  Pace pace;
  Tools tools;
};
inline constexpr Effort full_effort{.rounds = 3,
                                    .divisor = 1,
                                    .cold_starts = 51,
                                    .pace = Pace::usual,
                                    .tools = Effort::Tools::required};
// Part of the tests, which share the machine with each other.
inline constexpr Effort quick_effort{.rounds = 1,
                                     .divisor = 20,
                                     .cold_starts = 3,
                                     .pace = Pace::slow,
                                     .tools = Effort::Tools::optional};

/// GETs a second, CPU and latency, contenders taking turns: rates.cc.
void add_rates(const Endpoint& endpoint, const Effort& effort, Report& report);

/// Instructions, allocations and system calls a GET, and the first reply from cold: costs.cc.
void add_costs(const Endpoint& endpoint, const Effort& effort, Report& report);

}  // namespace plimsoll::bench
