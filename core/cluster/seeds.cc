#include "plimsoll/core/cluster/seeds.h"

#include <bit>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/base/random.h"

namespace plimsoll::inline v0 {
namespace {

constexpr std::uint64_t all_of(std::uint32_t count) { return ~std::uint64_t{0} >> (64 - count); }

}  // namespace

Seeds::Seeds(std::uint32_t count)
    : untried_(all_of(count)), count_(static_cast<std::uint8_t>(count)) {
  PLIMSOLL_CHECK(count >= 1 && count <= seeds_max);
}

void Seeds::begin_round() {
  ruled_out_ = 0;
  untried_ = all_of(count_);
}

std::uint32_t Seeds::left() const { return static_cast<std::uint32_t>(std::popcount(untried_)); }

void Seeds::draw(std::uint64_t random_seed) {
  PLIMSOLL_CHECK(untried_ != 0);
  std::uint64_t bits = untried_;
  if (const std::uint32_t others = left() - 1; others > 0) {
    // The upper half tells the draws of a round apart, the lower one belongs to the caller.
    const std::uint64_t seed = random_seed + (std::uint64_t{others} << 32);
    for (std::uint64_t skip = Random(seed).below(others + 1); skip > 0; --skip) bits &= bits - 1;
  }
  current_ = static_cast<std::uint8_t>(std::countr_zero(bits));
  untried_ &= ~(std::uint64_t{1} << current_);
}

}  // namespace plimsoll::inline v0
