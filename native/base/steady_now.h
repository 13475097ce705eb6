#pragma once

#include <chrono>
#include <ctime>

#include "plimsoll/core/base/time.h"

namespace plimsoll::inline v0::native {

/// The time that drivers pass to the core.
inline Instant steady_now() { return Instant(std::chrono::steady_clock::now().time_since_epoch()); }

#ifdef CLOCK_MONOTONIC_COARSE

namespace detail {
inline Duration read_timespec(int (*read)(clockid_t, timespec*)) {
  timespec time{};
  if (read(CLOCK_MONOTONIC_COARSE, &time) != 0) return Duration::zero();
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}
inline const Duration coarse_step = read_timespec(::clock_getres);
}  // namespace detail

/// A reading that takes a quarter of the time of steady_now(), for deadlines that lie far ahead: at
/// most a step of the system's timer (some milliseconds) later than the time. Earlier only if the
/// system has missed its step, as a virtual machine may.
inline Instant coarse_now() {
  return Instant(detail::read_timespec(::clock_gettime) + detail::coarse_step);
}

#else

inline Instant coarse_now() { return steady_now(); }

#endif

/// With a timeout of at least this, a deadline may count from coarse_now(): to read the exact clock
/// takes a tenth of what a request costs.
inline constexpr Duration coarse_timeout_min = std::chrono::milliseconds(100);

inline Instant submission_time(Duration timeout) {
  return timeout < coarse_timeout_min ? steady_now() : coarse_now();
}

}  // namespace plimsoll::inline v0::native
