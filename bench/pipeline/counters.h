#pragma once

// What a GET costs in things that do not wobble. This binary is run as a child under a tool that
// counts, twice with different numbers of GETs; the difference leaves out start-up and connecting.

#include <cstddef>

#include "plimsoll/bench/pipeline/load.h"

namespace plimsoll::bench {

/// Instructions in user space, over all threads, by callgrind.
double instructions_per_get(const Load& load, const Endpoint& endpoint, std::size_t count);

/// System calls, over all threads, by strace.
double system_calls_per_get(const Load& load, const Endpoint& endpoint, std::size_t count);

}  // namespace plimsoll::bench
