#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/reply.h"
#include "plimsoll/tests/native/wire_value.h"

namespace plimsoll::testing::reply_text_test {
namespace {

using namespace std::string_literals;

std::string shown(std::string_view wire) { return native::to_string(*WireValue(wire)); }

TEST_CASE("a reply as text shows plain values as they are, strings in quotes") {
  CHECK(shown("_\r\n") == "null");
  CHECK(shown("#t\r\n") == "true");
  CHECK(shown("#f\r\n") == "false");
  CHECK(shown(":-12\r\n") == "-12");
  CHECK(shown(",1.5e3\r\n") == "1.5e3");
  CHECK(shown("(-123456789012345678901\r\n") == "-123456789012345678901");
  CHECK(shown("+OK\r\n") == "OK");
  CHECK(shown("$2\r\nhi\r\n") == "\"hi\"");
  CHECK(shown("$0\r\n\r\n") == "\"\"");
  CHECK(shown("=6\r\ntxt:hi\r\n") == "\"hi\"");
}

TEST_CASE("a reply as text stays on one line, whatever bytes it has") {
  CHECK(shown("$8\r\na\"\\\r\n\0\x7f\x1f\r\n"s) == R"("a\"\\\x0d\x0a\x00\x7f\x1f")");
  CHECK(shown("$2\r\n\xc3\xa9\r\n") == "\"\xc3\xa9\"");
}

TEST_CASE("an error inside of a reply shows as one") {
  CHECK(shown("*2\r\n+a\r\n-ERR no\r\n") == R"([a, error "ERR no"])");
  CHECK(shown("!6\r\nERR no\r\n") == R"(error "ERR no")");
}

TEST_CASE("a reply as text shows what is in it, in its order") {
  CHECK(shown("*0\r\n") == "[]");
  CHECK(shown("%0\r\n") == "{}");
  CHECK(shown("*3\r\n:1\r\n*1\r\n_\r\n~2\r\n:2\r\n:3\r\n") == "[1, [null], {2, 3}]");
  CHECK(shown("%2\r\n+a\r\n:1\r\n$1\r\nb\r\n%1\r\n:2\r\n_\r\n") == R"({a: 1, "b": {2: null}})");
}

TEST_CASE("attributes do not show") {
  CHECK(shown("|1\r\n+ttl\r\n:3\r\n*2\r\n:1\r\n|1\r\n+a\r\n+b\r\n:2\r\n") == "[1, 2]");
}

TEST_CASE("a reply as deep as replies may be has its text") {
  std::string wire;
  for (int i = 0; i < 63; ++i) wire += "*1\r\n";
  CHECK(shown(wire + ":1\r\n") == std::string(63, '[') + "1" + std::string(63, ']'));
}

TEST_CASE("a reply that was taken along shows as it came") {
  const std::string big(100'000, 'x');
  WireValue wire("*2\r\n$100000\r\n" + big + "\r\n,0.5\r\n");
  const native::Reply reply(wire.keep());
  CHECK(reply.to_string() == "[\"" + big + "\", 0.5]");
}

}  // namespace
}  // namespace plimsoll::testing::reply_text_test
