#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_plans.h"

using namespace plimsoll;
using namespace plimsoll::exhaustive;

TEST_CASE("deadlines, cancelling and signs of life hold, whatever comes between") {
  Tally tally;
  for (const Plan& plan : timeout_plans()) {
    INFO(plan.name);
    CHECK(carry_out(plan, tally) >= plan.worlds_min);
  }
  CHECK(tally.completed > 0);
  CHECK(tally.count(ErrorCode::timed_out, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::timed_out, Executed::maybe) > 0);
  CHECK(tally.count(ErrorCode::cancelled, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::cancelled, Executed::maybe) > 0);
  CHECK(tally.health_checks > 0);
  CHECK(tally.count(ErrorCode::reply_too_large, Executed::yes) > 0);
  CHECK(tally.count_disconnections(ErrorCode::connection_dead) > 0);
}
