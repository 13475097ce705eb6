#pragma once

// States that a process with our client can be in, each made in a process of its own, which then
// says what it has resident. They are what somebody needs who has to size a container:
// docs/memory.md quotes them.

#include <span>

#include "plimsoll/bench/memory/figures.h"

namespace plimsoll::bench {

/// How much of each state is made: all of it, or a part for a smoke run.
enum class Footprint { full, quick };

struct FootprintState {
  const char* name;  ///< also the child's
  const char* text;
  Figures (*measure)(Footprint size);
};

/// In the order in which they are shown. Each has the figures "anonymous", "file" and "accounted"
/// in bytes; those with a cache also "entries" and "payload", the bytes of their keys and values.
std::span<const FootprintState> footprint_states();

}  // namespace plimsoll::bench
