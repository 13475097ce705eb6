#include "plimsoll/core/base/random.h"

#include <array>
#include <cstdint>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::random_test {
namespace {

// Of a plain implementation in 128-bit arithmetic, apart from this one: the numbers must be the
// same on every platform, or a seed would not repeat a run.
TEST_CASE("a seed gives the numbers of the published algorithm") {
  Random random(1);
  CHECK(random.next() == 0xb3f2af6d0fc710c5);
  CHECK(random.next() == 0x853b559647364cea);
  CHECK(random.next() == 0x92f89756082a4514);
  Random other(2);
  CHECK(other.next() != 0xb3f2af6d0fc710c5);
}

TEST_CASE("numbers stay below their bound, and each of them comes about as often") {
  Random random(7);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60'000; ++i) {
    const std::uint64_t number = random.below(counts.size());
    REQUIRE(number < counts.size());
    ++counts[number];
  }
  for (const int count : counts) {
    CHECK(count > 9'500);
    CHECK(count < 10'500);
  }
  CHECK(random.below(1) == 0);
}

TEST_CASE("a bound may be as large as a number can be") {
  Random random(7);
  bool high = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t number = random.below(UINT64_MAX);
    REQUIRE(number < UINT64_MAX);
    high = high || number > UINT64_MAX / 2;
  }
  CHECK(high);
}

}  // namespace
}  // namespace plimsoll::random_test
