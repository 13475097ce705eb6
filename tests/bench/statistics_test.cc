#include "plimsoll/bench/statistics.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::statistics_test {
namespace {

TEST_CASE("the median is the middle value, or the mean of the middle two") {
  CHECK(median({5, 1, 3}) == 3);
  CHECK(median({4, 1, 3, 2}) == 2.5);
  CHECK(median({7}) == 7);
  CHECK(median({}) == 0);
}

TEST_CASE("a counter per operation leaves out what both runs have, and what is odd") {
  CHECK(per_operation(500, 20'500, 10'000) == 2);
  CHECK(per_operation(500, 20'503, 10'000) == 2);
  CHECK(per_operation(100, 500, 10'000) == 0.04);
}

}  // namespace
}  // namespace plimsoll::bench::statistics_test
