#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/exhaustive/client_plans.h"

using namespace plimsoll;
using namespace plimsoll::exhaustive;

TEST_CASE("a client closes at any moment, whatever comes between") {
  Tally tally;
  for (const Plan& plan : closing_plans()) {
    INFO(plan.name);
    CHECK(carry_out(plan, tally) >= plan.worlds_min);
  }
  CHECK(tally.completed > 0);
  CHECK(tally.count_ends(ErrorCode::closed) > 0);
  CHECK(tally.count_ends(ErrorCode::connection_lost) > 0);
  CHECK(tally.count(ErrorCode::lost_unsent, Executed::no) > 0);
  CHECK(tally.count(ErrorCode::lost_in_doubt, Executed::maybe) > 0);
}
