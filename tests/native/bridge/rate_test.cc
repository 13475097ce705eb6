#include "plimsoll/native/bridge/gate/rate.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::rate_test {
namespace {

using bridge::Rate;
using std::chrono::milliseconds;

TEST_CASE("as many at once as in a second, and no more") {
  Rate rate(10);
  const auto now = Rate::Clock::time_point(std::chrono::hours(1));
  CHECK(rate.left(now) == 10);
  rate.spend(4);
  CHECK(rate.left(now) == 6);
  CHECK(rate.wait() == Rate::Clock::duration::zero());
  rate.spend(6);
  CHECK(rate.left(now) == 0);
  CHECK(rate.wait() == milliseconds(100));
  CHECK(rate.left(now + milliseconds(99)) == 0);
  CHECK(rate.left(now + milliseconds(101)) == 1);
  CHECK(rate.left(now + std::chrono::hours(1)) == 10);
}

TEST_CASE("what was done beyond it is owed") {
  Rate rate(10);
  const auto now = Rate::Clock::time_point(std::chrono::hours(1));
  CHECK(rate.left(now) == 10);
  rate.spend(12);
  CHECK(rate.wait() == milliseconds(300));
  CHECK(rate.left(now + milliseconds(299)) == 0);
  CHECK(rate.left(now + milliseconds(301)) == 1);
}

TEST_CASE("without a number there is no bound") {
  CHECK_FALSE(Rate(0).is_bounded());
  CHECK(Rate(1).is_bounded());
}

}  // namespace
}  // namespace plimsoll::testing::rate_test
