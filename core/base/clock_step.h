#pragma once

#include <atomic>

#include "plimsoll/core/base/time.h"

namespace plimsoll {

/// By how much readings of a clock may lag behind the time. Some hosts' clocks move in steps of a
/// millisecond or of a hundred, and none says so: the smallest difference between two readings
/// is a bound. note() is for one thread at a time, value() for any.
class ClockStep {
 public:
  /// `most`: before readings have shown better. Zero: finer than anything that is measured by it.
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

}  // namespace plimsoll
