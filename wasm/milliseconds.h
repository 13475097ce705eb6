#pragma once

#include <cstdint>
#include <limits>

#include "plimsoll/core/base/time.h"

// Converts the host's times (milliseconds in a double, abi.h) to the core's and back, in whole
// microseconds. So the time that poll_timeout() returned comes back as the same Instant. If it were
// rounded to an earlier one, nothing would be due yet, and the host would call again at once.

namespace plimsoll::wasm {

/// 142 years: a double represents every microsecond up to here.
inline constexpr double milliseconds_max = 4.5e12;

/// What an error about an invalid time says was expected.
inline constexpr const char* time_expected = "milliseconds from 0 to 4.5e12";

/// Returns true for a valid time: not NaN, not negative, not too large.
inline bool is_time(double milliseconds) {
  return milliseconds >= 0 && milliseconds <= milliseconds_max;
}

/// `milliseconds` must be valid (is_time()).
inline Duration to_duration(double milliseconds) {
  return std::chrono::microseconds(static_cast<std::int64_t>(milliseconds * 1000 + 0.5));
}

inline Instant to_instant(double milliseconds) { return Instant(to_duration(milliseconds)); }

inline double to_milliseconds(Duration time) {
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(time).count();
  return static_cast<double>(microseconds) / 1000;
}

inline double to_milliseconds(Instant time) {
  if (time == never) return std::numeric_limits<double>::infinity();
  return to_milliseconds(time.time_since_epoch());
}

}  // namespace plimsoll::wasm
