#include "plimsoll/core/base/time.h"

#include <chrono>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::time_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an instant moves by a duration") {
  const Instant start{5s};
  CHECK(after(start, 250ms) == Instant{5250ms});
  CHECK(after(start, 0s) == start);
}

TEST_CASE("what would be too far off is never") {
  CHECK(after(Instant{5s}, Duration::max()) == never);
  CHECK(after(never - 1s, 1s) == never);
  CHECK(after(never - 1s, 2s) == never);
  CHECK(after(never, 0s) == never);
}

TEST_CASE("an instant before the clock's zero moves as well") {
  CHECK(after(Instant{-5s}, 7s) == Instant{2s});
  CHECK(after(Instant{-5s}, Duration::max()) == Instant{Duration::max() - 5s});
}

}  // namespace
}  // namespace plimsoll::testing::time_test
