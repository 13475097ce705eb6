#include "plimsoll/tests/sim/shrink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::sim {
namespace {

// Some take long to fail, and each step can need as many runs as there are faults.
constexpr std::size_t runs_max = 600;

constexpr std::uint64_t small_seeds_max = 300;

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

// Runs worlds until one violates the property; null where none does, or none is left.
class Search {
 public:
  Search(const std::string& property, Run run) : property_(property), run_(run) {}

  bool exhausted() const { return runs_left_ == 0; }

  std::optional<Violation> violation_in(const Scenario& scenario) {
    if (exhausted()) return std::nullopt;
    --runs_left_;
    Outcome outcome = run_(scenario);
    if (outcome.violation && outcome.violation->property == property_) return outcome.violation;
    return std::nullopt;
  }

 private:
  const std::string property_;
  const Run run_;
  std::size_t runs_left_ = runs_max;
};

Shrunk shrink_step_by_step(Shrunk smallest, Search& search) {
  for (bool found = true; found;) {
    found = false;
    for (const Scenario& candidate : smaller_than(smallest.scenario)) {
      std::optional<Violation> violation = search.violation_in(candidate);
      if (!violation) continue;
      smallest = {candidate, std::move(*violation)};
      found = true;
      break;
    }
  }
  return smallest;
}

}  // namespace

Shrunk shrink(const Scenario& scenario, const Violation& violation, Run run) {
  Search search(violation.property, run);
  Shrunk smallest = shrink_step_by_step({scenario, violation}, search);
  if (scenario.size != Scenario::Size::normal) return smallest;
  // The same may happen in some small world, of which one sees more.
  Search small_search(violation.property, run);
  for (std::uint64_t seed = 1; seed <= small_seeds_max; ++seed) {
    Scenario small = Scenario::of_seed(seed, Scenario::Size::small);
    small.faults = smallest.scenario.faults;
    std::optional<Violation> found = small_search.violation_in(small);
    if (found) return shrink_step_by_step({small, std::move(*found)}, small_search);
  }
  return smallest;
}

}  // namespace plimsoll::sim
