#include "plimsoll/decode.h"

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/wire_value.h"

namespace plimsoll::testing::decode_test {
namespace {

using namespace std::string_literals;

template <class T>
T decoded(std::string_view wire) {
  const WireValue value(wire);
  T out{};
  const plimsoll::Status status = native::decode(*value, out);
  REQUIRE(status);
  return out;
}

template <class T>
std::string refusal(std::string_view wire) {
  const WireValue value(wire);
  T out{};
  const plimsoll::Status status = native::decode(*value, out);
  REQUIRE_FALSE(status);
  CHECK(status.error().executed == Executed::yes);
  std::array<char, error_text_max> text{};
  return std::string(describe(status.error(), text));
}

TEST_CASE("every reply that is text becomes a string, with any bytes") {
  CHECK(decoded<std::string>("+OK\r\n") == "OK");
  CHECK(decoded<std::string>("$0\r\n\r\n").empty());
  CHECK(decoded<std::string>("$4\r\n\r\n\0\xff\r\n"s) == "\r\n\0\xff"s);
  CHECK(decoded<std::string>("=7\r\ntxt:abc\r\n") == "abc");
  CHECK(decoded<std::string>(",1.50\r\n") == "1.50");
  CHECK(decoded<std::string>("(12345678901234567890\r\n") == "12345678901234567890");
}

TEST_CASE("a string that crosses read buffers is put together") {
  std::string text(300'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i % 251);
  const std::string wire = "$300000\r\n" + text + "\r\n";
  CHECK(decoded<std::string>(wire) == text);
  CHECK(decoded<std::optional<std::string>>(wire) == text);
}

TEST_CASE("null is no string, and none where one is optional") {
  CHECK(refusal<std::string>("_\r\n") == "wrong_type: null; expected string");
  CHECK(decoded<std::optional<std::string>>("_\r\n") == std::nullopt);
  CHECK(decoded<std::optional<std::string>>("$-1\r\n") == std::nullopt);
  CHECK(decoded<std::optional<std::string>>("$0\r\n\r\n") == "");
  CHECK(decoded<std::optional<std::int64_t>>("_\r\n") == std::nullopt);
  CHECK(decoded<std::optional<std::int64_t>>(":7\r\n") == 7);
}

TEST_CASE("what was in an optional goes when the reply is null") {
  const WireValue null("_\r\n");
  std::optional<std::string> out = "old";
  REQUIRE(native::decode(*null, out));
  CHECK_FALSE(out);
}

TEST_CASE("integers are all those of 64 bits") {
  CHECK(decoded<std::int64_t>(":0\r\n") == 0);
  CHECK(decoded<std::int64_t>(":-9223372036854775808\r\n") ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(decoded<std::int64_t>(":9223372036854775807\r\n") ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(refusal<std::int64_t>("$1\r\n7\r\n") == "wrong_type: bulk string; expected integer");
}

TEST_CASE("doubles come as such, as integers, or as text") {
  CHECK(decoded<double>(",1.5\r\n") == 1.5);
  CHECK(decoded<double>(":3\r\n") == 3);
  CHECK(decoded<double>("$4\r\n-2.5\r\n") == -2.5);
  CHECK(decoded<double>(",inf\r\n") == std::numeric_limits<double>::infinity());
  CHECK(decoded<double>(",-inf\r\n") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(decoded<double>(",nan\r\n")));
  CHECK(refusal<double>("$3\r\nabc\r\n") == "wrong_type: bulk string; expected double");
}

TEST_CASE("booleans come as such, or as 0 and 1") {
  CHECK(decoded<bool>("#t\r\n"));
  CHECK_FALSE(decoded<bool>("#f\r\n"));
  CHECK(decoded<bool>(":1\r\n"));
  CHECK_FALSE(decoded<bool>(":0\r\n"));
  CHECK(refusal<bool>(":2\r\n") == "wrong_type: integer; expected boolean");
}

TEST_CASE("what was stored says OK or the old value, what was not says null") {
  CHECK(decoded<native::Stored>("+OK\r\n").yes);
  CHECK(decoded<native::Stored>("$3\r\nold\r\n").yes);
  CHECK_FALSE(decoded<native::Stored>("_\r\n").yes);
  CHECK(refusal<native::Stored>("*0\r\n") == "wrong_type: array; expected string");
}

TEST_CASE("arrays and sets become vectors in the order of the wire") {
  using Strings = std::vector<std::string>;
  CHECK(decoded<Strings>("*2\r\n$1\r\na\r\n+b\r\n") == Strings{"a", "b"});
  CHECK(decoded<Strings>("~2\r\n$1\r\nb\r\n$1\r\na\r\n") == Strings{"b", "a"});
  CHECK(decoded<Strings>("*0\r\n").empty());
  CHECK(refusal<Strings>("+a\r\n") ==
        "wrong_type: simple string; expected array, set, map or push");
  CHECK(refusal<Strings>("*2\r\n$1\r\na\r\n:1\r\n") == "wrong_type: integer; expected string");
}

TEST_CASE("vectors may hold optionals and vectors") {
  using Optionals = std::vector<std::optional<std::string>>;
  CHECK(decoded<Optionals>("*3\r\n$1\r\na\r\n_\r\n$0\r\n\r\n") == Optionals{"a", std::nullopt, ""});
  using Nested = std::vector<std::vector<std::int64_t>>;
  CHECK(decoded<Nested>("*2\r\n*2\r\n:1\r\n:2\r\n*0\r\n") == Nested{{1, 2}, {}});
}

TEST_CASE("what was in a vector or a map goes") {
  const WireValue array("*1\r\n$1\r\na\r\n");
  std::vector<std::string> out{"old", "older"};
  REQUIRE(native::decode(*array, out));
  CHECK(out == std::vector<std::string>{"a"});

  const WireValue map("%1\r\n$1\r\nk\r\n$1\r\nv\r\n");
  std::unordered_map<std::string, std::string> fields{{"old", "value"}};
  REQUIRE(native::decode(*map, fields));
  CHECK(fields == std::unordered_map<std::string, std::string>{{"k", "v"}});
}

TEST_CASE("maps come as such, or as arrays of even length") {
  using Map = std::unordered_map<std::string, std::string>;
  const Map two{{"a", "1"}, {"b", "2"}};
  CHECK(decoded<Map>("%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n") == two);
  CHECK(decoded<Map>("*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n") == two);
  CHECK(decoded<Map>("%0\r\n").empty());
  CHECK(refusal<Map>("*1\r\n$1\r\na\r\n") == "wrong_type: array; expected map");
  CHECK(refusal<Map>("%1\r\n$1\r\na\r\n*0\r\n") == "wrong_type: array; expected string");
}

}  // namespace
}  // namespace plimsoll::testing::decode_test
