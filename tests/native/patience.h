#pragma once

#include <chrono>
#include <thread>

#include "plimsoll/options.h"
#include "plimsoll/tests/support/test_timeout.h"

// How the tests of this folder wait: for a condition, up to a limit that only a hung test reaches.

namespace plimsoll::testing {

/// Longer than anything takes that works, on a busy machine and under sanitizers.
inline std::chrono::milliseconds patience() { return test_timeout(std::chrono::seconds(15)); }

/// Options under which nothing ends by its deadline that works.
inline native::Options patient_options() {
  native::Options options;
  options.request_timeout = patience();
  options.connect_timeout = patience();
  options.close_timeout = patience();
  return options;
}

/// Whether `condition` comes true; asks again every millisecond.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace plimsoll::testing
