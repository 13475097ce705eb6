#include "plimsoll/tests/sim/scenario.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::scenario_test {
namespace {

TEST_CASE("a scenario that its seed gives needs nothing but the seed to be repeated") {
  CHECK(Scenario::of_seed(17, Scenario::Size::normal).arguments() == "--seed 17");
  CHECK(Scenario::of_seed(17, Scenario::Size::small).arguments() == "--seed 17 --small");
  CHECK(Scenario::of_seed(17, Scenario::Size::group).arguments() == "--seed 17 --group");
}

TEST_CASE("what was changed in a scenario is said where it is repeated") {
  Scenario scenario = Scenario::of_seed(17, Scenario::Size::normal);
  scenario.clients += 1;
  scenario.requests = 3;
  scenario.faults = *FaultSet::parse("reset,stall");
  CHECK(scenario.arguments() == "--seed 17 --clients " + std::to_string(scenario.clients) +
                                    " --requests 3 --faults reset,stall");
}

TEST_CASE("some seeds have no faults, some have a few, some have all") {
  int none = 0;
  int all = 0;
  int few = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Scenario scenario = Scenario::of_seed(seed, Scenario::Size::normal);
    if (scenario.faults.empty()) {
      ++none;
    } else {
      ++(scenario.faults == FaultSet::all() ? all : few);
    }
  }
  CHECK(none > 0);
  CHECK(few > 0);
  CHECK(all > 0);
}

}  // namespace
}  // namespace plimsoll::sim::scenario_test
