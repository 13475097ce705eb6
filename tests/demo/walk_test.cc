#include "plimsoll/demo/walk.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/demo/closure.h"
#include "plimsoll/demo/verdict.h"
#include "plimsoll/demo/walks.h"
#include "plimsoll/demo/window.h"
#include "plimsoll/tests/demo/map_store.h"

namespace plimsoll::demo::walk_test {
namespace {

using Names = std::vector<std::string>;

Package package(std::string name, Names depends = {}, Names provides = {}) {
  Package package;
  package.version = "1";
  package.fields = {{"Package", name}, {"Version", "1"}, {"Installed-Size", "10"}};
  package.name = std::move(name);
  package.depends = std::move(depends);
  package.provides = std::move(provides);
  return package;
}

struct World {
  explicit World(std::vector<Package> packages, MapStore::Order order = MapStore::Order::first_come)
      : model(std::move(packages)), closures(model), store(model, order), verdict(model) {}

  // Walks from every package, in a window of `in_flight_max`.
  Walks::Summary walk_all(std::size_t in_flight_max) {
    std::vector<std::uint32_t> roots(model.packages().size());
    for (std::uint32_t index = 0; index < roots.size(); ++index) roots[index] = index;
    return walk(roots, in_flight_max);
  }

  Walks::Summary walk(const std::vector<std::uint32_t>& roots, std::size_t in_flight_max) {
    Walks walks(model, closures, verdict, roots);
    Window window(store, verdict, in_flight_max);
    window.begin(walks);
    store.answer_all();
    return walks.summary();
  }

  std::size_t asked_count(const std::string& request) const {
    return static_cast<std::size_t>(std::ranges::count(store.log(), request));
  }

  Model model;
  Closures closures;
  MapStore store;
  Verdict verdict;
};

TEST_CASE("a walk asks for each name once, its version first") {
  World world({package("a", {"b", "c"}), package("b", {"c"}), package("c", {"a"})});

  const auto summary = world.walk({0}, 1);

  CHECK(world.store.log() == Names{"GET package:a", "HGETALL package:a:fields",
                                   "SMEMBERS package:a:depends", "GET package:b", "GET package:c",
                                   "HGETALL package:b:fields", "SMEMBERS package:b:depends",
                                   "HGETALL package:c:fields", "SMEMBERS package:c:depends"});
  CHECK(summary.visits_count == 3);
  CHECK(summary.cyclic_count == 1);
  CHECK(world.verdict.wrong_count() == 0);
}

TEST_CASE("a name without a package is looked up among the virtual ones") {
  World world({package("a", {"mail", "none | mail"}), package("exim", {}, {"mail"})});

  const auto summary = world.walk({0}, 4);

  CHECK(summary.visits_count == 2);
  CHECK(summary.missing_count == 0);
  CHECK(world.asked_count("SMEMBERS provides:mail") == 1);
  CHECK(world.asked_count("SMEMBERS provides:none") == 1);
  CHECK(world.asked_count("GET package:exim") == 1);
  CHECK(world.verdict.wrong_count() == 0);
}

TEST_CASE("nothing is kept from one walk to the next") {
  World world({package("a", {"c"}), package("b", {"c"}), package("c")});

  const auto summary = world.walk_all(8);

  CHECK(world.asked_count("GET package:c") == 3);
  CHECK(world.asked_count("HGETALL package:c:fields") == 3);
  CHECK(summary.visits == std::vector<std::uint32_t>{1, 1, 3});
  CHECK(world.verdict.closures_count() == 3);
}

TEST_CASE("relations that nothing meets are counted and do not stop a walk") {
  World world({package("a", {"b", "x | y"}), package("b", {"x"})});

  const auto summary = world.walk({0}, 4);

  CHECK(summary.visits_count == 2);
  CHECK(summary.missing_count == 2);
  CHECK(world.verdict.wrong_count() == 0);
}

// A tangle of packages whose relations name packages, virtual packages and nothing at all.
std::vector<Package> tangle(std::uint32_t seed) {
  constexpr std::uint32_t packages_count = 40;
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t bound) { return std::uint32_t(random() % bound); };
  const auto any_name = [&]() -> std::string {
    const auto number = std::to_string(10 + below(packages_count + 10));
    return (below(5) == 0 ? "v" : "p") + number;  // p50 to p59 do not exist
  };
  std::vector<Package> packages;
  for (std::uint32_t number = 0; number < packages_count; ++number) {
    Names depends;
    for (auto count = below(4); count > 0; --count) {
      depends.push_back(below(3) == 0 ? any_name() + " | " + any_name() : any_name());
    }
    std::ranges::sort(depends);
    const auto repeats = std::ranges::unique(depends);
    depends.erase(repeats.begin(), repeats.end());
    auto provides = below(3) == 0 ? Names{"v" + std::to_string(10 + below(20))} : Names{};
    packages.push_back(package("p" + std::to_string(10 + number), depends, provides));
  }
  return packages;
}

TEST_CASE("walks arrive at the closures of the files, in whatever order replies come") {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    for (const auto order : {MapStore::Order::first_come, MapStore::Order::last_come}) {
      for (const std::size_t in_flight_max : {1, 3, 100}) {
        INFO("seed " << seed << ", in flight " << in_flight_max);
        World world(tangle(seed), order);

        world.walk_all(in_flight_max);

        CHECK(world.verdict.complaints().empty());
        CHECK(world.verdict.closures_count() == 40);
        CHECK(world.store.waiting_peak() <= in_flight_max);
      }
    }
  }
}

TEST_CASE("a false reply is complained of, and so is the closure that it leads to") {
  World world({package("a", {"b"}), package("b", {"c"}), package("c")});
  world.store.falsify("SMEMBERS package:b:depends", Reply(Members{}));

  world.walk({0}, 4);

  CHECK(world.verdict.wrong_count() == 2);
  CHECK(world.verdict.complaints() ==
        Names{"SMEMBERS package:b:depends gave 0 members, not what the files say",
              "the walk from a found 2 packages, the files give 3"});
}

TEST_CASE("a walk ends whatever the replies are") {
  World world({package("a", {"b"}), package("b", {"mail"}), package("exim", {}, {"mail"})});
  world.store.falsify("GET package:b", Reply(std::int64_t{7}));           // of the wrong type
  world.store.falsify("SMEMBERS provides:b", Reply(Members{"b", "zz"}));  // names itself
  world.store.falsify("GET package:exim", Reply(std::optional<std::string>()));

  world.walk({0, 1}, 4);

  CHECK(world.verdict.closures_count() == 2);
  CHECK(world.verdict.wrong_count() > 2);
}

}  // namespace
}  // namespace plimsoll::demo::walk_test
