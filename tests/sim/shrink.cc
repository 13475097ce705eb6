#include "plimsoll/tests/sim/shrink.h"

#include <vector>

namespace plimsoll::sim {
namespace {

// Some take long to fail, and each step can need as many runs as there are faults.
constexpr std::size_t runs_max = 600;

// Smaller ones, the smallest first.
std::vector<Scenario> smaller_than(const Scenario& scenario) {
  std::vector<Scenario> candidates;
  const auto offer = [&](auto change) {
    Scenario candidate = scenario;
    change(candidate);
    if (candidate != scenario) candidates.push_back(candidate);
  };
  const auto offer_sizes = [&](std::size_t Scenario::* member) {
    const std::size_t size = scenario.*member;
    for (const std::size_t smaller :
         {std::size_t{1}, size / 4, size / 2, size - size / 4, size - 1}) {
      if (smaller >= 1 && smaller < size) offer([&](Scenario& s) { s.*member = smaller; });
    }
  };
  offer([](Scenario& s) { s.faults = {}; });
  offer_sizes(&Scenario::clients);
  offer_sizes(&Scenario::servers);
  offer_sizes(&Scenario::requests);
  for (std::size_t width = faults_count; width >= 1; width /= 2) {
    for (std::size_t begin = 0; begin < faults_count; begin += width) {
      offer([&](Scenario& s) {
        for (std::size_t i = begin; i < begin + width && i < faults_count; ++i) {
          s.faults.remove(static_cast<Fault>(i));
        }
      });
    }
  }
  if (scenario.time_max > std::chrono::milliseconds(10)) {
    offer([](Scenario& s) { s.time_max /= 2; });
  }
  return candidates;
}

}  // namespace

Shrunk shrink(const Scenario& scenario, const Violation& violation, Run run) {
  std::size_t runs_left = runs_max;
  Shrunk smallest{scenario, violation};
  for (bool found = true; found;) {
    found = false;
    for (const Scenario& candidate : smaller_than(smallest.scenario)) {
      if (runs_left-- == 0) return smallest;
      const Outcome outcome = run(candidate);
      if (!outcome.violation || outcome.violation->property != violation.property) continue;
      smallest = {candidate, *outcome.violation};
      found = true;
      break;
    }
  }
  return smallest;
}

}  // namespace plimsoll::sim
