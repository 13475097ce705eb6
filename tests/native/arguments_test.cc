#include "plimsoll/arguments.h"

#include <array>
#include <deque>
#include <list>
#include <map>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::arguments_test {
namespace {

using namespace std::string_literals;
using native::Fields;
using native::Words;

std::vector<std::string> words(const Words& words) {
  const std::span<const std::string_view> row = words;
  return {row.begin(), row.end()};
}

std::vector<std::pair<std::string, std::string>> fields(const Fields& fields) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const ArgumentPair& pair : std::span<const ArgumentPair>(fields)) {
    all.emplace_back(pair.first, pair.second);
  }
  return all;
}

using List = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("words may be one string of any kind") {
  const std::string owned = "b";
  CHECK(words("a") == List{"a"});
  CHECK(words(owned) == List{"b"});
  CHECK(words(std::string_view("c")) == List{"c"});
  CHECK(words("a\0b"s) == List{"a\0b"s});
}

TEST_CASE("words may be up to sixteen in braces, of mixed kinds") {
  const std::string owned = "b";
  CHECK(words({"a", owned, std::string_view("c")}) == List{"a", "b", "c"});
  CHECK(words({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15",
               "16"}) == List{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13",
                              "14", "15", "16"});
}

TEST_CASE("words may be any range of strings") {
  const List expected{"a", "b"};
  const std::array<std::string_view, 2> views{"a", "b"};
  CHECK(words(std::vector<std::string>{"a", "b"}) == expected);
  CHECK(words(std::vector<std::string_view>{"a", "b"}) == expected);
  CHECK(words(views) == expected);
  CHECK(words(std::vector<const char*>{"a", "b"}) == expected);
  CHECK(words(std::span<const std::string_view>(views)) == expected);
  CHECK(words(std::deque<std::string>{"a", "b"}) == expected);
  CHECK(words(std::list<std::string>{"a", "b"}) == expected);
  CHECK(words(std::set<std::string>{"b", "a"}) == expected);
  CHECK(words(std::vector<std::string>()).empty());
}

TEST_CASE("words may be a view of what the caller has") {
  const std::vector<std::string> all{"drop", "a", "b"};
  CHECK(words(all | std::views::drop(1)) == List{"a", "b"});
  const std::map<std::string, int> keyed{{"a", 1}, {"b", 2}};
  CHECK(words(keyed | std::views::keys) == List{"a", "b"});
}

TEST_CASE("words may be a view that makes its strings as it goes") {
  const std::vector<int> numbers{1, 2};
  const std::string prefix = "a key that is longer than a string can hold in itself: ";
  const auto keys = numbers | std::views::transform([&prefix](int number) {
                      return prefix + std::to_string(number);
                    });
  CHECK(words(keys) == List{prefix + "1", prefix + "2"});
}

TEST_CASE("fields may be up to eight in braces") {
  const std::string owned = "2";
  CHECK(fields({{"a", "1"}}) == Pairs{{"a", "1"}});
  CHECK(fields({{"a", "1"}, {"b", owned}}) == Pairs{{"a", "1"}, {"b", "2"}});
  CHECK(
      fields({{"1", ""},
              {"2", ""},
              {"3", ""},
              {"4", ""},
              {"5", ""},
              {"6", ""},
              {"7", ""},
              {"", "8"}}) ==
      Pairs{
          {"1", ""}, {"2", ""}, {"3", ""}, {"4", ""}, {"5", ""}, {"6", ""}, {"7", ""}, {"", "8"}});
}

TEST_CASE("fields may be any range of pairs") {
  const Pairs expected{{"a", "1"}, {"b", "2"}};
  CHECK(fields(std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}) == expected);
  CHECK(fields(Pairs{{"a", "1"}, {"b", "2"}}) == expected);
  CHECK(fields(std::unordered_map<std::string, std::string>{{"a", "1"}}) == Pairs{{"a", "1"}});
  const std::array<ArgumentPair, 2> pairs{ArgumentPair{"a", "1"}, ArgumentPair{"b", "2"}};
  CHECK(fields(std::span<const ArgumentPair>(pairs)) == expected);
  CHECK(fields(Pairs()).empty());
}

}  // namespace
}  // namespace plimsoll::testing::arguments_test
