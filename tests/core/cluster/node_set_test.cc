#include "plimsoll/core/cluster/node_set.h"

#include <random>
#include <set>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::node_set_test {
namespace {

std::vector<NodeNumber> all_of(const NodeSet& set) {
  std::vector<NodeNumber> all;
  set.for_each([&all](NodeNumber number) { all.push_back(number); });
  return all;
}

TEST_CASE("a set of nodes is what a set of numbers is") {
  std::mt19937 random(5);
  std::uniform_int_distribution<unsigned> any(0, slot_table_nodes_max - 1);
  for (int round = 0; round < 50; ++round) {
    NodeSet set;
    std::set<NodeNumber> model;
    for (int i = 0; i < 200; ++i) {
      const auto number = static_cast<NodeNumber>(any(random));
      const auto other = static_cast<NodeNumber>(round % 2 == 0 ? any(random) : number);
      set.add(number);
      model.insert(number);
      set.remove(other);
      model.erase(other);
      REQUIRE(set.empty() == model.empty());
      REQUIRE(set.has(number) == model.contains(number));
      if (!model.empty()) REQUIRE(set.first() == *model.begin());
    }
    CHECK(all_of(set) == std::vector<NodeNumber>(model.begin(), model.end()));
    set.clear();
    CHECK(set.empty());
  }
}

TEST_CASE("a walk may take away what it visits") {
  NodeSet set;
  for (const NodeNumber each : {0, 63, 64, 500, 1022}) set.add(each);
  std::size_t visited = 0;
  set.for_each([&](NodeNumber number) {
    set.remove(number);
    ++visited;
  });
  CHECK(visited == 5);
  CHECK(set.empty());
}

}  // namespace
}  // namespace plimsoll::testing::node_set_test
