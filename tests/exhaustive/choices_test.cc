#include "plimsoll/tests/exhaustive/choices.h"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using plimsoll::exhaustive::Choices;

TEST_CASE("every sequence of choices comes once, the first alternatives first") {
  Choices choices;
  std::vector<std::string> runs;
  do {
    const std::size_t first = choices.choose(2);
    const std::size_t second = choices.choose(3);
    runs.push_back(std::to_string(first) + std::to_string(second));
  } while (choices.next_run());
  CHECK(runs == std::vector<std::string>{"00", "01", "02", "10", "11", "12"});
}

TEST_CASE("how many choices there are may depend on those made before") {
  Choices choices;
  std::vector<std::string> runs;
  do {
    std::string run;
    while (run.size() < 3 && choices.choose(2) == 0) run += 'x';
    runs.push_back(run);
  } while (choices.next_run());
  CHECK(runs == std::vector<std::string>{"xxx", "xx", "x", ""});
}

TEST_CASE("a run that makes no choice is the only one") {
  Choices choices;
  CHECK_FALSE(choices.next_run());
}

TEST_CASE("all permutations of five come of five choices") {
  Choices choices;
  std::set<std::string> permutations;
  do {
    std::string left = "abcde";
    std::string permutation;
    while (!left.empty()) {
      const std::size_t chosen = choices.choose(left.size());
      permutation += left[chosen];
      left.erase(chosen, 1);
    }
    CHECK(permutations.insert(permutation).second);
  } while (choices.next_run());
  CHECK(permutations.size() == 120);
}
