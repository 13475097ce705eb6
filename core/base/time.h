#pragma once

#include <chrono>

// Time is an argument. The core's clock has no now(): a driver reads its own clock and passes an
// Instant to every call that can depend on the time, so a simulator can decide what time it is.

namespace plimsoll::inline v0 {

struct CoreClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};

using Duration = CoreClock::duration;
using Instant = CoreClock::time_point;

/// Later than every Instant: "no deadline", "no timer wanted".
inline constexpr Instant never = Instant::max();

/// Returns `start + wait`, or `never` if that would overflow.
constexpr Instant after(Instant start, Duration wait) {
  const bool may_overflow = start > Instant{};
  return may_overflow && wait >= never - start ? never : start + wait;
}

/// Returns the earliest of these. (std::min() of a list stores them all, and loops over them.)
template <class... Instants>
constexpr Instant earliest(Instant first, Instants... others) {
  ((first = others < first ? others : first), ...);
  return first;
}

}  // namespace plimsoll::inline v0
