#pragma once

#include <array>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/leaning.h"
#include "plimsoll/tests/sim/random.h"

namespace plimsoll::sim {

/// By what a client tells the time: the world's, as most; or in steps of a millisecond up to a
/// second, as some browsers and edge runtimes have it. In between it stands still, and clients of
/// one cache read different times.
class Clock {
 public:
  Clock(std::uint64_t seed, std::uint32_t client) {
    using std::chrono::milliseconds;
    constexpr std::array steps = {milliseconds(1), milliseconds(16), milliseconds(100),
                                  milliseconds(1000)};
    Random random(seed, Random::Purpose::clock, client);
    if (random.one_in(3)) step_ = random.one_of(steps);
    // A step that is longer than what is on its way hides nothing.
    if (leaning_of(seed) == Leaning::late_news) {
      step_ = random.one_in(2) ? Duration::zero() : steps[random.below(2)];
    }
  }

  /// Zero: it is the world's.
  Duration step() const { return step_; }

  Instant read(Instant time) const {
    if (step_ == Duration::zero()) return time;
    return Instant(time.time_since_epoch() / step_ * step_);
  }

  /// The world's time when it first reads that, or later.
  Instant reads_at(Instant reading) const {
    if (step_ == Duration::zero() || reading == never) return reading;
    const Instant before = read(reading);
    return before == reading ? before : after(before, step_);
  }

 private:
  Duration step_{};
};

}  // namespace plimsoll::sim
