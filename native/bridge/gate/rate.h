#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

// How often something may be done: so many times a second, and as often at once when it was not
// done for a second (a token bucket).

namespace plimsoll::bridge {

class Rate {
 public:
  using Clock = std::chrono::steady_clock;

  /// 0: no bound.
  explicit Rate(std::uint32_t per_second) : per_second_(per_second), left_(per_second) {}

  bool is_bounded() const { return per_second_ > 0; }

  /// How many more may be done at `now`.
  std::size_t left(Clock::time_point now) {
    left_ = left_at(now);
    at_ = now;
    return left_ < 1 ? 0 : static_cast<std::size_t>(left_);
  }

  /// Some were done; more than were left are owed.
  void spend(std::uint64_t times) { left_ -= static_cast<double>(times); }

  /// Nothing is known of it any more that a new one would not say.
  bool is_full(Clock::time_point now) const { return left_at(now) == per_second_; }

  /// How long until one more may be done.
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
  std::optional<Clock::time_point> at_;  // that left_ is of; none: any
};

}  // namespace plimsoll::bridge
