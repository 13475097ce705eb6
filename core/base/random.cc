#include "plimsoll/core/base/random.h"

#include <bit>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

struct Product {
  std::uint64_t high;
  std::uint64_t low;
};

// Returns the product of two 64-bit numbers in two halves: not every compiler has a 128-bit
// integer.
Product multiply(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t low_mask = UINT32_MAX;
  const std::uint64_t a_high = a >> 32;
  const std::uint64_t a_low = a & low_mask;
  const std::uint64_t b_high = b >> 32;
  const std::uint64_t b_low = b & low_mask;
  const std::uint64_t low = a_low * b_low;
  const std::uint64_t middle = a_high * b_low + (low >> 32);
  const std::uint64_t other_middle = a_low * b_high + (middle & low_mask);
  return {a_high * b_high + (middle >> 32) + (other_middle >> 32), a * b};
}

}  // namespace

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  PLIMSOLL_CHECK(bound > 0);
  Product product = multiply(next(), bound);
  if (product.low < bound) {
    // 2^64 numbers cannot be divided evenly among `bound` results. The numbers that are left over
    // are drawn again; otherwise the first results would be slightly more likely.
    const std::uint64_t left_over = (0 - bound) % bound;
    while (product.low < left_over) product = multiply(next(), bound);
  }
  return product.high;
}

}  // namespace plimsoll::inline v0
