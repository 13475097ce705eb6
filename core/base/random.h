#pragma once

#include <array>
#include <cstdint>

// Seeded randomness: the same seed gives the same numbers on every platform, so a run in which the
// core decides by chance can be repeated exactly. Not for secrets.

namespace plimsoll::inline v0 {

/// xoshiro256**, seeded by SplitMix64 (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2021).
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// Returns 64 random bits.
  std::uint64_t next();

  /// Returns a number from 0 to `bound` - 1, each with the same probability. `bound` must be at
  /// least 1 (Lemire, "Fast random integer generation in an interval", 2019).
  std::uint64_t below(std::uint64_t bound);

 private:
  std::array<std::uint64_t, 4> state_;
};

/// A linear congruential generator (Knuth, MMIX) in one word: for waits and choices that only have
/// to differ from client to client.
class SmallRandom {
 public:
  explicit SmallRandom(std::uint64_t seed) : state_(seed) {}

  /// Returns 32 bits. The upper ones are the better ones.
  std::uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace plimsoll::inline v0
