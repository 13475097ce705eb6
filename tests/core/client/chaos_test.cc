#include "plimsoll/tests/core/client/chaos.h"

#include <cstdint>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing {
namespace {

TEST_CASE("whatever happens, each request has one outcome, and it is true") {
  std::multiset<std::string> outcomes;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Chaos chaos(seed);
    for (int step = 0; step < 2000 && !chaos.over(); ++step) chaos.step();
    chaos.finish();
    outcomes.insert(chaos.outcomes().begin(), chaos.outcomes().end());
  }

  for (const char* outcome : {"completed", "timed_out (no)", "timed_out (maybe)", "cancelled (no)",
                              "cancelled (maybe)", "lost_unsent (no)", "lost_in_doubt (maybe)",
                              "protocol_error (maybe)", "reply_too_large (yes)",
                              "refused with rejected_by_limit (no)", "refused with closed (no)"}) {
    INFO(outcome);
    CHECK(outcomes.count(outcome) > 5);
  }
}

}  // namespace
}  // namespace plimsoll::testing
