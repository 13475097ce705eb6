#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "plimsoll/native/bridge/gate/rate.h"

// A Rate that all connections of a token share, whichever threads they are in. Thread-safe.
//
// Connections of several threads may all be given what is left, and each may spend it. Then the
// bucket goes below zero, and the debt is refilled first: what is done on average keeps to the
// rate, and a burst has at most so many times one second's worth as there are threads.

namespace plimsoll::bridge {

class SharedRate {
 public:
  /// `per_second` 0: no bound.
  explicit SharedRate(std::uint32_t per_second) : is_bounded_(per_second > 0), rate_(per_second) {}
  SharedRate(const SharedRate&) = delete;
  SharedRate& operator=(const SharedRate&) = delete;

  bool is_bounded() const { return is_bounded_; }

  /// As those of Rate.
  std::size_t left(Rate::Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    return rate_.left(now);
  }
  void spend(std::uint64_t times) {
    const std::lock_guard lock(mutex_);
    rate_.spend(times);
  }
  bool is_full(Rate::Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    return rate_.is_full(now);
  }
  Rate::Clock::duration wait() const {
    const std::lock_guard lock(mutex_);
    return rate_.wait();
  }

 private:
  const bool is_bounded_;
  mutable std::mutex mutex_;
  Rate rate_;
};

}  // namespace plimsoll::bridge
