// How long requests took, as a histogram with a constant size: buckets are powers of two, each cut
// in 32, so that a percentile is off by 3 % at most however many requests there were.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace plimsoll::demo {

class Latencies {
 public:
  void add(std::chrono::nanoseconds latency);

  /// The latency that `share` (0 to 1) of all stayed under; zero where there were none.
  [[nodiscard]] std::chrono::nanoseconds percentile(double share) const;

  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr unsigned cut_bits = 5;
  static constexpr std::size_t buckets_count = std::size_t{64} << cut_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t lowest_of(std::size_t bucket);

  std::array<std::uint32_t, buckets_count> buckets_{};
  std::size_t count_ = 0;
};

}  // namespace plimsoll::demo
