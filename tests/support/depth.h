#pragma once

#include <cstdlib>
#include <string_view>

namespace plimsoll::testing {

/// How far a test goes that could go on for ever. ./dev test stops at a slice, in which each mutant
/// of the quick list dies and all happens that can; ./dev soak sets PLIMSOLL_DEPTH=full.
enum class Depth { slice, full };

inline Depth depth() {
  const char* chosen = std::getenv("PLIMSOLL_DEPTH");
  return chosen != nullptr && std::string_view(chosen) == "full" ? Depth::full : Depth::slice;
}

}  // namespace plimsoll::testing
