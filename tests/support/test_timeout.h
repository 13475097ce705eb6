#pragma once

#include <chrono>
#include <cstdlib>

namespace plimsoll::testing {

/// How long a test may wait for what takes `usual` on a quiet machine: more under sanitizers and
/// callgrind, which set PLIMSOLL_TIMEOUT_SCALE.
inline std::chrono::milliseconds test_timeout(std::chrono::milliseconds usual) {
  const char* scale = std::getenv("PLIMSOLL_TIMEOUT_SCALE");
  const int factor = scale == nullptr ? 1 : std::atoi(scale);
  return usual * (factor > 0 ? factor : 1);
}

}  // namespace plimsoll::testing
