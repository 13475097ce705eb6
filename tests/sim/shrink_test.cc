#include "plimsoll/tests/sim/shrink.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::shrink_test {
namespace {

// Fails as long as there are two clients, three requests, and resets.
Outcome run_toy(const Scenario& scenario) {
  Outcome outcome;
  const bool fails = scenario.size == Scenario::Size::normal && scenario.clients >= 2 &&
                     scenario.requests >= 3 && scenario.faults.has(Fault::reset);
  if (fails) outcome.violation = Violation{.property = "toy", .where = "", .last_events = {}};
  return outcome;
}

TEST_CASE("a failing scenario is made as small as it still fails") {
  Scenario scenario = Scenario::of_seed(1, Scenario::Size::normal);
  scenario.clients = 8;
  scenario.servers = 2;
  scenario.requests = 500;
  scenario.faults = FaultSet::all();
  const Shrunk shrunk = shrink(scenario, *run_toy(scenario).violation, run_toy);
  CHECK(shrunk.scenario.clients == 2);
  CHECK(shrunk.scenario.servers == 1);
  CHECK(shrunk.scenario.requests == 3);
  CHECK(shrunk.scenario.faults.names() == "reset");
}

TEST_CASE("what also fails in a small world is shown there") {
  Scenario scenario = Scenario::of_seed(1, Scenario::Size::normal);
  scenario.clients = 8;
  const auto run_any = [](const Scenario& any) {
    Outcome outcome;
    const bool fails = any.clients >= 2;
    if (fails) outcome.violation = Violation{.property = "toy", .where = "", .last_events = {}};
    return outcome;
  };
  const Shrunk shrunk = shrink(scenario, *run_any(scenario).violation, run_any);
  CHECK(shrunk.scenario.size == Scenario::Size::small);
  CHECK(shrunk.scenario.clients == 2);
}

TEST_CASE("another violation is not taken for the one that was found") {
  const Scenario scenario = Scenario::of_seed(1, Scenario::Size::normal);
  const Violation other{.property = "other", .where = "", .last_events = {}};
  CHECK(shrink(scenario, other, run_toy).scenario == scenario);
}

}  // namespace
}  // namespace plimsoll::sim::shrink_test
