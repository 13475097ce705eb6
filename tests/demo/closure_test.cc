#include "plimsoll/demo/closure.h"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::closure_test {
namespace {

using Names = std::vector<std::string>;

// Packages come sorted by name, as a catalogue gives them.
Package package(std::string name, Names depends = {}, Names provides = {}) {
  Package package;
  package.fields = {{"Package", name}, {"Installed-Size", "10"}};
  package.name = std::move(name);
  package.depends = std::move(depends);
  package.provides = std::move(provides);
  return package;
}

struct World {
  explicit World(std::vector<Package> packages) : model(std::move(packages)), closures(model) {}

  Closure closure(const std::string& name) { return closures.of(*model.index_of(name)); }

  Names members(const std::string& name) {
    Names names;
    for (const auto member : closure(name).members) names.push_back(model.packages()[member].name);
    return names;
  }

  Model model;
  Closures closures;
};

TEST_CASE("a closure holds what is needed at any distance, and the package itself") {
  World world({package("a", {"b"}), package("b", {"c", "d"}), package("c", {"d"}), package("d"),
               package("e", {"a"})});

  CHECK(world.members("a") == Names{"a", "b", "c", "d"});
  CHECK(world.members("d") == Names{"d"});
  CHECK(world.closure("a").installed_kib == 40);
  CHECK(world.closure("a").missing_count == 0);
}

TEST_CASE("a closure ends in spite of cycles, and says if the package lies on one") {
  World world({package("a", {"b"}), package("b", {"c"}), package("c", {"b"}), package("d", {"d"})});

  CHECK(world.members("a") == Names{"a", "b", "c"});
  CHECK_FALSE(world.closure("a").cyclic);
  CHECK(world.closure("b").cyclic);
  CHECK(world.closure("c").cyclic);
  CHECK_FALSE(world.closure("d").cyclic);  // that a package needs itself says nothing
}

TEST_CASE("the first alternative that exists is taken") {
  World world({package("a", {"none | c | b"}), package("b"), package("c")});

  CHECK(world.members("a") == Names{"a", "c"});
}

TEST_CASE("a virtual package stands for its smallest provider, a real one of that name wins") {
  World world({package("a", {"mail"}), package("b", {"shell"}), package("exim", {}, {"mail"}),
               package("postfix", {}, {"mail", "shell"}), package("shell")});

  CHECK(world.members("a") == Names{"a", "exim"});
  CHECK(world.members("b") == Names{"b", "shell"});
}

TEST_CASE("a virtual alternative that comes first goes before a real one that comes later") {
  World world({package("a", {"mail | z"}), package("exim", {}, {"mail"}), package("z")});

  CHECK(world.members("a") == Names{"a", "exim"});
}

TEST_CASE("relations that nothing meets are counted over the whole closure") {
  World world({package("a", {"b", "x | y"}), package("b", {"x"})});

  CHECK(world.members("a") == Names{"a", "b"});
  CHECK(world.closure("a").missing_count == 2);
  CHECK(world.closure("b").missing_count == 1);
}

TEST_CASE("a plan has every installed package, then others as far as they fit") {
  auto packages = std::vector{package("a", {"b"}), package("b"), package("c"), package("d")};
  packages[0].installed = packages[1].installed = true;
  World world(std::move(packages));

  const auto small = plan_walks(world.model, world.closures, 0);
  const auto middle = plan_walks(world.model, world.closures, 4);
  const auto large = plan_walks(world.model, world.closures, 100);

  CHECK(small.packages == std::vector<std::uint32_t>{0, 1});
  CHECK(small.visits_count == 3);
  CHECK(middle.packages.size() == 3);
  CHECK(middle.visits_count == 4);
  CHECK(large.packages.size() == 4);
  CHECK(large.installed_count == 2);
  CHECK(large.visits_count == 5);
}

}  // namespace
}  // namespace plimsoll::demo::closure_test
