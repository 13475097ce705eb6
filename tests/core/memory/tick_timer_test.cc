#include "plimsoll/core/memory/tick_timer.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::tick_timer_test {
namespace {

constexpr Instant start{Duration(1)};

// Users are told apart by address, and are not looked at.
const int first_user = 1;
const int second_user = 2;

TEST_CASE("no tick is due before anybody wants one") {
  TickTimer timer;
  CHECK(timer.poll(&first_user, start) == never);
  CHECK_FALSE(timer.is_due(start));
}

TEST_CASE("a tick that is wanted is due a tick after the first question") {
  TickTimer timer;
  timer.arm();
  CHECK_FALSE(timer.is_due(start));
  CHECK(timer.poll(&first_user, start) == start + budget_tick);
  CHECK_FALSE(timer.is_due(start + budget_tick - Duration(1)));
  CHECK(timer.is_due(start + budget_tick));
  timer.stop();
  CHECK_FALSE(timer.is_due(start + budget_tick));
}

TEST_CASE("to want a tick again does not move it") {
  TickTimer timer;
  timer.arm();
  CHECK(timer.poll(&first_user, start) == start + budget_tick);
  timer.arm();
  CHECK(timer.poll(&first_user, start + Duration(5)) == start + budget_tick);
}

TEST_CASE("one user is given the time, until it leaves or the tick is passed on") {
  TickTimer timer;
  timer.arm();
  const Instant due = timer.poll(&first_user, start);
  CHECK(timer.poll(&second_user, start) == never);
  timer.leave(&second_user);
  CHECK(timer.poll(&second_user, start) == never);
  timer.leave(&first_user);
  CHECK(timer.poll(&second_user, start) == due);
  CHECK(timer.poll(&first_user, start) == never);
  timer.pass_on();
  CHECK(timer.poll(&first_user, start) == due);
}

}  // namespace
}  // namespace plimsoll::testing::tick_timer_test
