#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_plans.h"

using namespace plimsoll;
using namespace plimsoll::exhaustive;

TEST_CASE("a handshake holds, whatever comes between") {
  Tally tally;
  for (const Plan& plan : handshake_plans()) {
    INFO(plan.name);
    CHECK(carry_out(plan, tally) >= plan.worlds_min);
  }
  CHECK(tally.completed > 0);
  CHECK(tally.count(ErrorCode::timed_out, Executed::no) > 0);
  CHECK(tally.count_ends(ErrorCode::authentication_failed) > 0);
  CHECK(tally.count_ends(ErrorCode::tracking_refused) > 0);
  CHECK(tally.count_ends(ErrorCode::protocol_error) > 0);
  CHECK(tally.count_ends(ErrorCode::connect_failed) > 0);
  CHECK(tally.count_disconnections(ErrorCode::protocol_error) > 0);
}
