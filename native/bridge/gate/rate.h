#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

// How often something may be done: a token bucket that refills at `per_second` and holds at most
// one second's worth. Time is an argument.

namespace plimsoll::bridge {

class Rate {
 public:
  using Clock = std::chrono::steady_clock;

  /// `per_second` 0: no bound.
  explicit Rate(std::uint32_t per_second) : per_second_(per_second), left_(per_second) {}

  bool is_bounded() const { return per_second_ > 0; }

  /// How many more may be done at `now`.
  std::size_t left(Clock::time_point now) {
    left_ = left_at(now);
    at_ = now;
    return left_ < 1 ? 0 : static_cast<std::size_t>(left_);
  }

  /// Takes `times` out of the bucket. It may go below zero; the debt is refilled first.
  void spend(std::uint64_t times) { left_ -= static_cast<double>(times); }

  /// Whether the bucket is full: it can be forgotten, as a new one would behave the same.
  bool is_full(Clock::time_point now) const { return left_at(now) == per_second_; }

  /// How long until one more may be done, as of the last left().
  Clock::duration wait() const {
    const std::chrono::duration<double> seconds(std::max(0.0, (1 - left_) / per_second_));
    return std::chrono::ceil<Clock::duration>(seconds);
  }

 private:
  double left_at(Clock::time_point now) const {
    const std::chrono::duration<double> passed = now - at_.value_or(now);
    return std::min<double>(left_ + passed.count() * per_second_, per_second_);
  }

  const std::uint32_t per_second_;
  double left_;
  std::optional<Clock::time_point> at_;  // when left_ was computed; none: never
};

}  // namespace plimsoll::bridge
