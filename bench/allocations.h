#pragma once

// Counts this process's heap allocations, its libraries' included: a binary that links this has
// malloc and its kin go through a counter. Off by default, when it costs one branch a call.

#include <cstdint>

namespace plimsoll::bench {

/// False under a sanitizer, which needs malloc for itself: nothing is counted then.
bool can_count_allocations();

/// Starts counting from zero, on all threads.
void start_counting_allocations();

/// Stops, and gives the number of calls since that handed out memory (realloc is one each).
std::uint64_t stop_counting_allocations();

}  // namespace plimsoll::bench
