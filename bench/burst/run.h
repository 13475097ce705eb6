#pragma once

// One worker through all its bursts.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plimsoll/bench/burst/feed.h"
#include "plimsoll/bench/burst/samples.h"
#include "plimsoll/bench/burst/subject.h"

namespace plimsoll::bench {

struct Effort {
  std::size_t bursts_count = 3;  ///< behind the one that warms up
  std::uint64_t events_count = 100'000;
  double quiet_seconds = bench::quiet_seconds;
};

struct Run {
  std::string allocator;
  std::string contender;  ///< "hiredis", "plimsoll", ...
  std::vector<Sample> samples;
  std::vector<Span> bursts;  ///< that which warms up first
  Account last;
  std::size_t wrong_count = 0;  ///< events without the right result, or not acknowledged once
};

Run run_subject(const WorkerOptions& options, const Allocator& allocator, const Effort& effort,
                Feed& feed);

}  // namespace plimsoll::bench
