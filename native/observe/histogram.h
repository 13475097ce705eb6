#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

// Counts durations by size, for a histogram of Prometheus. It allocates nothing, and add() is a
// search in 16 numbers, so it may run for each request. Used by one thread.

namespace plimsoll::inline v0::native {

class Histogram {
 public:
  /// The largest duration of each bucket. The last bucket, for all that takes longer, has none.
  static constexpr std::array<std::chrono::nanoseconds, 16> bounds = {
      std::chrono::microseconds(100),  std::chrono::microseconds(250),
      std::chrono::microseconds(500),  std::chrono::microseconds(1000),
      std::chrono::microseconds(2500), std::chrono::milliseconds(5),
      std::chrono::milliseconds(10),   std::chrono::milliseconds(25),
      std::chrono::milliseconds(50),   std::chrono::milliseconds(100),
      std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
      std::chrono::milliseconds(1000), std::chrono::milliseconds(2500),
      std::chrono::seconds(5),         std::chrono::seconds(10)};

  /// A duration below zero, which no steady clock gives, counts as zero.
  void add(std::chrono::nanoseconds took) {
    took = std::max(took, std::chrono::nanoseconds::zero());
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin();
    ++counts_[static_cast<std::size_t>(bucket)];
    sum_ += static_cast<std::uint64_t>(took.count());
  }

  /// Adds all durations of another one.
  void add(const Histogram& others) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
    sum_ += others.sum_;
  }

  /// How many durations fell into each bucket; Prometheus wants these added up.
  const std::array<std::uint64_t, bounds.size() + 1>& counts() const { return counts_; }

  /// All durations together. Wraps after 584 years.
  std::chrono::nanoseconds sum() const {
    return std::chrono::nanoseconds(static_cast<std::int64_t>(sum_));
  }

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  std::uint64_t sum_ = 0;  // nanoseconds
};

}  // namespace plimsoll::inline v0::native
