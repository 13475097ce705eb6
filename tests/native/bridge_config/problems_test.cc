#include "plimsoll/native/bridge/config/problems.h"

#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// In which order problems are listed, and how many.

namespace plimsoll::testing::problems_test {
namespace {

using bridge::Problems;
using bridge::problems_listed_max;
using Lines = std::vector<std::string>;

TEST_CASE("problems are listed by file and line, behind those of the command line") {
  Problems problems;
  CHECK(problems.empty());
  problems.begin_file("b.toml");
  problems.add({.file = "tokens", .line = 2}, "is one");
  problems.add({.file = "b.toml", .line = 10, .key = "x"}, "is two");
  problems.add({.file = "b.toml", .line = 9, .key = "y"}, "is three");
  problems.add({.file = "b.toml", .line = 9, .key = "a"}, "is four");
  problems.add({.file = "b.toml", .key = "z"}, "is five");
  problems.add("--listen", "is six");
  problems.add_line({.file = "tokens", .line = 1}, "seven");
  CHECK(problems.lines() == Lines{"--listen: is six", "b.toml: z: is five", "b.toml:9: y: is three",
                                  "b.toml:9: a: is four", "b.toml:10: x: is two", "seven",
                                  "tokens:2: is one"});
  CHECK(problems.count() == 7);
}

TEST_CASE("no more than problems_listed_max are listed, the first ones, and the others counted") {
  Problems problems;
  const auto line = [](std::size_t number) { return "t:" + std::to_string(number) + ": is bad"; };
  for (std::size_t i = problems_listed_max; i > 0; --i) {
    problems.add({.file = "t", .line = i}, "is bad");
  }
  REQUIRE(problems.lines().size() == problems_listed_max);
  CHECK(problems.lines().front() == line(1));
  CHECK(problems.lines().back() == line(problems_listed_max));
  // So many that those in between are dropped; then one that comes before all of them.
  for (std::size_t i = 5 * problems_listed_max; i > problems_listed_max; --i) {
    problems.add({.file = "t", .line = i}, "is bad");
  }
  problems.add("--allow", "is bad");
  problems.add_more(7);
  const Lines lines = problems.lines();
  REQUIRE(lines.size() == problems_listed_max + 1);
  CHECK(lines[0] == "--allow: is bad");
  CHECK(lines[1] == line(1));
  CHECK(lines[problems_listed_max - 1] == line(problems_listed_max - 1));
  CHECK(lines.back() == "and " + std::to_string(4 * problems_listed_max + 1 + 7) + " more");
}

}  // namespace
}  // namespace plimsoll::testing::problems_test
