#include "plimsoll/string_map.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/arguments.h"
#include "plimsoll/tests/native/wire_value.h"

namespace plimsoll::testing::string_map_test {
namespace {

using native::StringMap;
using Pairs = std::vector<std::pair<std::string, std::string>>;

StringMap decoded(std::string_view wire) {
  const WireValue value(wire);
  StringMap map;
  REQUIRE(native::decode(*value, map));
  return map;
}

StringMap map_of(const Pairs& pairs) {
  std::string wire = "%" + std::to_string(pairs.size()) + "\r\n";
  for (const auto& [key, value] : pairs) {
    for (const std::string& text : {key, value}) {
      wire += "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    }
  }
  return decoded(wire);
}

Pairs pairs_of(const StringMap& map) { return Pairs(map.begin(), map.end()); }

std::string refusal(std::string_view wire) {
  const WireValue value(wire);
  StringMap map = map_of({{"old", "value"}});
  const auto status = native::decode(*value, map);
  REQUIRE_FALSE(status);
  return std::string(status.error().what) + "; expected " + status.error().expected;
}

const Pairs three{{"b", "2"}, {"", "any \r\n\x01"}, {"a", ""}};

TEST_CASE("the pairs keep the server's order, also if they come as an array") {
  CHECK(pairs_of(map_of(three)) == three);
  CHECK(pairs_of(decoded("*4\r\n+b\r\n,1.5\r\n$1\r\na\r\n=7\r\ntxt:abc\r\n")) ==
        Pairs{{"b", "1.5"}, {"a", "abc"}});
}

TEST_CASE("a value that crosses read buffers is put together") {
  const Pairs large{{"a", std::string(100'000, 'x')}, {"b", std::string(70'000, 'y')}, {"c", "z"}};
  CHECK(pairs_of(map_of(large)) == large);
}

TEST_CASE("what is no map of text is refused") {
  CHECK(refusal("*1\r\n$1\r\na\r\n") == "array; expected map");
  CHECK(refusal("$1\r\na\r\n") == "bulk string; expected map");
  CHECK(refusal("%1\r\n$1\r\na\r\n*0\r\n") == "array; expected string");
  CHECK(refusal("%1\r\n$1\r\na\r\n_\r\n") == "null; expected string");
}

TEST_CASE("a map without pairs") {
  for (const StringMap& map : {StringMap(), map_of({}), decoded("*0\r\n")}) {
    CHECK(map.empty());
    CHECK(map.size() == 0);
    CHECK(map.begin() == map.end());
    CHECK_FALSE(map.contains(""));
    CHECK(map == StringMap());
    CHECK(StringMap(map) == map);
  }
}

TEST_CASE("a key is found, or the error names it") {
  const StringMap map = map_of(three);
  CHECK(map.at("b") == "2");
  CHECK(map.at("").size() == 7);
  CHECK(map.find("a")->second.empty());
  CHECK(map.find("none") == map.end());
  CHECK_FALSE(map.contains("B"));
  CHECK_THROWS_WITH(map.at("none"), "StringMap::at: no key 'none'");
  CHECK_THROWS_AS(map.at("none"), std::out_of_range);
}

TEST_CASE("a copy has strings of its own; moving keeps the views valid") {
  auto map = std::make_unique<StringMap>(map_of(three));
  const StringMap copied = *map;
  CHECK(copied == *map);
  CHECK(copied.at("b").data() != map->at("b").data());

  const std::string_view view = map->at("b");
  StringMap moved = std::move(*map);
  map.reset();
  CHECK(view == "2");
  CHECK(moved.at("b").data() == view.data());

  moved = copied;
  CHECK(pairs_of(moved) == three);
  moved = map_of({{"b", "3"}});
  CHECK_FALSE(moved == copied);
}

TEST_CASE("it becomes a map of the standard library, and fields to set") {
  const StringMap map = map_of(three);
  const std::unordered_map<std::string, std::string> unordered = map;
  CHECK(unordered == std::unordered_map<std::string, std::string>(three.begin(), three.end()));
  const std::map<std::string, std::string, std::less<>> ordered = map;
  CHECK(ordered.begin()->first.empty());
  const std::map<std::string_view, std::string_view> views = map;
  CHECK(views.at("b").data() == map.at("b").data());

  const native::Fields fields(map);
  const std::span<const ArgumentPair> given = fields;
  REQUIRE(given.size() == 3);
  CHECK(given[0].first == "b");
  CHECK(given[0].second == "2");
}

}  // namespace
}  // namespace plimsoll::testing::string_map_test
