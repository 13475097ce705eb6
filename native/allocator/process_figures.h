#pragma once

#include <cstddef>
#include <optional>

#include "plimsoll/core/base/time.h"

namespace plimsoll::native {

/// What a process has done, and what it has of the machine.
struct ProcessFigures {
  Duration cpu{};                   ///< processor time of all its threads so far
  std::size_t anonymous_bytes = 0;  ///< resident and not of a file: heaps, stacks, the line's pages
};

/// Of this process, now: a clock and a file of one line, without a lock of the allocator. Nothing
/// where the system does not say.
std::optional<ProcessFigures> process_figures();

}  // namespace plimsoll::native
