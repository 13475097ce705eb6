#pragma once

#include <atomic>

#include "plimsoll/core/base/time.h"

namespace plimsoll::inline v0 {

/// An upper bound of how much a clock's readings may lag behind the time. The clocks of some hosts
/// move in steps of a millisecond, or of a hundred milliseconds, and no host says so; the smallest
/// difference between two readings is an upper bound of the step. One thread at a time may call
/// note(); any thread may call value().
class ClockStep {
 public:
  /// `most` is the bound until the readings have shown a better one. Zero means that the clock is
  /// finer than anything that is measured with it.
  explicit ClockStep(Duration most) : step_(most.count()) {}

  void note(Instant reading) {
    if (reading == last_) return;
    const Duration moved = last_ == never ? value() : reading - last_;
    last_ = reading;
    if (moved < value()) step_.store(moved.count(), std::memory_order_relaxed);
  }

  Duration value() const { return Duration(step_.load(std::memory_order_relaxed)); }

 private:
  std::atomic<Duration::rep> step_;
  Instant last_ = never;
};

}  // namespace plimsoll::inline v0
