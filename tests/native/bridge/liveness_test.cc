#include "plimsoll/native/bridge/relay/liveness.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::liveness_test {
namespace {

using bridge::Liveness;
using Due = Liveness::Due;
using std::chrono::seconds;

constexpr Liveness::Clock::time_point start{std::chrono::hours(1)};

TEST_CASE("whoever is silent is asked as often as may be missed, and is gone then") {
  Liveness liveness(seconds(25), 2);
  CHECK(liveness.check(start, true) == Due::nothing);
  CHECK(liveness.check(start + seconds(24), true) == Due::nothing);
  CHECK(liveness.check(start + seconds(25), true) == Due::ping);
  CHECK(liveness.check(start + seconds(49), true) == Due::nothing);
  CHECK(liveness.check(start + seconds(50), true) == Due::ping);
  CHECK(liveness.check(start + seconds(74), true) == Due::nothing);
  CHECK(liveness.check(start + seconds(75), true) == Due::end);
}

TEST_CASE("any sign of life begins anew") {
  Liveness liveness(seconds(25), 1);
  liveness.check(start, true);
  CHECK(liveness.check(start + seconds(25), true) == Due::ping);
  liveness.handle_sign();
  CHECK(liveness.check(start + seconds(49), true) == Due::nothing);
  CHECK(liveness.check(start + seconds(74), true) == Due::ping);
  CHECK(liveness.check(start + seconds(99), true) == Due::end);
}

TEST_CASE("nobody is gone who could not be heard") {
  Liveness liveness(seconds(25), 1);
  liveness.check(start, true);
  CHECK(liveness.check(start + seconds(25), true) == Due::ping);
  liveness.handle_sign();
  CHECK(liveness.check(start + seconds(100), false) == Due::nothing);
  CHECK(liveness.check(start + seconds(124), true) == Due::nothing);
  CHECK(liveness.check(start + seconds(125), true) == Due::ping);
}

TEST_CASE("who is not read, and sends nothing, is pinged again and again, and never gone") {
  Liveness liveness(seconds(25), 0);
  liveness.check(start, true);
  for (int second = 1; second < 200; ++second) {
    CHECK(liveness.check(start + seconds(second), false) == Due::ping);
    const auto soon = start + seconds(second) + Liveness::unread_ping_interval / 2;
    CHECK(liveness.check(soon, false) == Due::nothing);
  }
  liveness.handle_sign();
  CHECK(liveness.check(start + seconds(200), false) == Due::nothing);
  CHECK(liveness.check(start + seconds(201), false) == Due::ping);
}

}  // namespace
}  // namespace plimsoll::testing::liveness_test
