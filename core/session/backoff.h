#pragma once

#include <cstdint>

#include "plimsoll/core/base/time.h"

// How long to wait before the next attempt at a connection: exponential backoff with full jitter
// (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015), so that the clients of
// a server that comes back do not all come back at once.

namespace plimsoll::inline v0 {

class Backoff {
 public:
  /// The first wait is at most `wait_min`, later ones at most twice the one before, up to
  /// `wait_max`.
  Backoff(Duration wait_min, Duration wait_max, std::uint64_t seed)
      : wait_min_(wait_min), wait_max_(wait_max), ceiling_(wait_min), draw_(seed) {}

  /// Returns how long to wait before the next attempt. Never zero; at most ceiling(), which doubles
  /// with each call, up to `wait_max`.
  Duration next();

  /// The upper bound of what next() returns next.
  Duration ceiling() const { return ceiling_; }

  void reset() { ceiling_ = wait_min_; }

  /// What decides about the next wait: the seed, plus how often next() was called. For the same
  /// ceiling() and the same number here, next() returns the same. So a recording can be replayed
  /// from the middle, with this number as the seed.
  std::uint64_t draw() const { return draw_; }

 private:
  const Duration wait_min_;
  const Duration wait_max_;
  Duration ceiling_;
  std::uint64_t draw_;
};

}  // namespace plimsoll::inline v0
