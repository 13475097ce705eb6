#include "plimsoll/tests/commands/reply_pattern.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/wire_value.h"

namespace plimsoll::testing::reply_pattern_test {
namespace {

std::string shown_bytes(std::string_view wire, Order order = Order::kept) {
  return shown(*WireValue(wire), order);
}

TEST_CASE("what has no order is shown in the order of its text, wherever it stands") {
  CHECK(shown_bytes("~2\r\n$1\r\nb\r\n$1\r\na\r\n") == R"({"a", "b"})");
  CHECK(shown_bytes("*1\r\n%2\r\n+b\r\n:1\r\n+a\r\n:2\r\n") == "[{a: 2, b: 1}]");
  CHECK(shown_bytes("*2\r\n+b\r\n+a\r\n") == "[b, a]");
  CHECK(shown_bytes("*2\r\n+b\r\n+a\r\n", Order::sorted) == "[a, b]");
}

TEST_CASE("a pattern without a gap is the text itself") {
  CHECK(matches("", ""));
  CHECK(matches("abc", "abc"));
  CHECK_FALSE(matches("abc", "ab"));
  CHECK_FALSE(matches("ab", "abc"));
}

TEST_CASE("a gap in a pattern stands for anything, also for nothing") {
  CHECK(matches("", "…"));
  CHECK(matches("abc", "…"));
  CHECK(matches("abc", "a…c"));
  CHECK(matches("ac", "a…c"));
  CHECK(matches("abcabc", "…b…bc"));
  CHECK_FALSE(matches("abc", "b…"));
  CHECK_FALSE(matches("abc", "…b"));
  CHECK_FALSE(matches("a", "a…a"));
  CHECK_FALSE(matches("abc", "…c…b…"));
}

}  // namespace
}  // namespace plimsoll::testing::reply_pattern_test
