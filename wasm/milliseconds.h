#pragma once

#include <cstdint>
#include <limits>

#include "plimsoll/core/base/time.h"

// The host's times (abi.h: milliseconds in a double) as the core's, in whole microseconds. So a
// time that went out by poll_timeout() comes back as the very same Instant, and never just before
// it, which would have the host ask again at once.

namespace plimsoll::wasm {

/// 142 years: up to here a double holds every microsecond.
inline constexpr double milliseconds_max = 4.5e12;

/// What an error says of a time that is none.
inline constexpr const char* time_expected = "milliseconds from 0 to 4.5e12";

/// Whether it is a time at all: no NaN, nothing negative, nothing too large.
inline bool is_time(double milliseconds) {
  return milliseconds >= 0 && milliseconds <= milliseconds_max;
}

/// Only where is_time().
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
