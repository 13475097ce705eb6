#pragma once

// The server's own load generator as a peer: a program, so it is run and its report is read.

#include <cstddef>

#include "plimsoll/bench/pipeline/contender.h"

namespace plimsoll::bench {

/// GETs a second that `valkey-benchmark -c 1 -P depth` makes of this benchmark's key.
double run_valkey_benchmark(const Endpoint& endpoint, std::size_t depth, std::size_t count);

}  // namespace plimsoll::bench
