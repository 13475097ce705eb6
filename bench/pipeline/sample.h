#pragma once

// What one timed run of a contender gives, and the middle of several.

#include <cstddef>
#include <vector>

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

/// User and system time of this process so far, all threads.
double cpu_seconds();

struct Sample {
  double gets_per_second = 0;
  /// User and system time of the whole process, all threads.
  double cpu_seconds_per_get = 0;
  /// Half of the requests took less. With one request in flight only, else 0.
  double p50_seconds = 0;
};

/// Runs the contender until connections, buffers and branch predictors have settled.
void warm_up(Contender& contender);

/// Times `count` GETs.
Sample take_sample(Contender& contender, Shape shape, std::size_t count);

/// The median of each figure by itself.
Sample median_of(const std::vector<Sample>& samples);

}  // namespace plimsoll::bench
