#include "plimsoll/core/cluster/node_times.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::node_times_test {
namespace {

using std::chrono::milliseconds;

constexpr Instant at(int time) { return Instant{} + milliseconds(time); }

TEST_CASE("at first no node has anything to do") {
  NodeTimes times;
  CHECK(times.next() == never);
  times.visit_due(at(1000), slot_table_nodes_max, [](NodeNumber) {
    FAIL("nobody is due");
    return never;
  });
}

TEST_CASE("who is due is visited, with at most 63 others, and not again before its time") {
  NodeTimes times;
  times.note(70, at(5));
  times.note(999, at(5));
  times.note(3, at(6));
  CHECK(times.next() == at(5));
  std::vector<NodeNumber> visited;
  const auto visit = [&](NodeNumber number) {
    visited.push_back(number);
    return number == 70 ? at(9) : never;
  };
  times.visit_due(at(4), 1000, visit);
  CHECK(visited.empty());
  times.visit_due(at(5), 1000, visit);
  CHECK(visited.size() == 64 + 1000 % 64);
  CHECK(std::count(visited.begin(), visited.end(), 70) == 1);
  CHECK(std::count(visited.begin(), visited.end(), 999) == 1);
  CHECK(times.next() == at(6));
  visited.clear();
  times.visit_due(at(8), 1000, visit);
  CHECK(visited.size() == 64);
  CHECK(times.next() == at(9));
}

TEST_CASE("what is noted during a visit counts, of nodes that were visited and that were not") {
  for (const int other : {1, 500}) {
    NodeTimes times;
    times.note(100, at(5));
    times.visit_due(at(5), 1000, [&](NodeNumber number) {
      if (number == 100) times.note(static_cast<NodeNumber>(other), at(7));
      return never;
    });
    CHECK(times.next() == at(7));
  }
}

TEST_CASE("whatever is noted, nobody is late, and nobody is due for ever") {
  std::mt19937 random(7);
  const auto below = [&random](int end) {
    return std::uniform_int_distribution<int>(0, end - 1)(random);
  };
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{64}, std::size_t{65}, std::size_t{300}}) {
    NodeTimes times;
    std::vector<Instant> due(count, never);
    for (int now = 0; now < 2000; ++now) {
      for (int i = below(4); i > 0; --i) {
        const auto number = static_cast<std::size_t>(below(static_cast<int>(count)));
        due[number] = at(now + 1 + below(50));  // earlier than before, or later
        times.note(static_cast<NodeNumber>(number), due[number]);
      }
      times.visit_due(at(now), count, [&](NodeNumber number) {
        if (due[number] <= at(now)) due[number] = never;
        return due[number];
      });
      const Instant first = *std::min_element(due.begin(), due.end());
      if (first <= at(now)) FAIL("a node is late");
      if (times.next() <= at(now) || times.next() > first) FAIL("the next time is wrong");
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::node_times_test
