#pragma once

#include <cstddef>
#include <optional>

#include "plimsoll/core/base/time.h"

namespace plimsoll::inline v0::native {

/// How much processor time and memory a process has used.
struct ProcessUsage {
  Duration cpu{};  ///< processor time of all threads so far
  std::size_t anonymous_bytes =
      0;  ///< resident memory that no file backs: heaps, stacks, the client's pages
};

/// Returns the usage of this process so far. Reads a clock and a file of one line, and takes no
/// lock of the allocator. Returns nothing if the system does not provide the numbers.
std::optional<ProcessUsage> process_usage();

}  // namespace plimsoll::inline v0::native
