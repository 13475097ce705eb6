#include "plimsoll/core/resp/value.h"

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/resp/parsed.h"

namespace plimsoll::testing::value_test {
namespace {

// One reply of every type.
constexpr std::string_view null_bytes = "_\r\n";
constexpr std::string_view boolean_bytes = "#t\r\n";
constexpr std::string_view integer_bytes = ":7\r\n";
constexpr std::string_view real_bytes = ",1.5\r\n";
constexpr std::string_view big_bytes = "(123\r\n";
constexpr std::string_view simple_bytes = "+OK\r\n";
constexpr std::string_view bulk_bytes = "$3\r\nfoo\r\n";
constexpr std::string_view verbatim_bytes = "=7\r\ntxt:foo\r\n";
constexpr std::string_view error_bytes = "-ERR no\r\n";
constexpr std::string_view bulk_error_bytes = "!6\r\nERR no\r\n";
constexpr std::string_view array_bytes = "*2\r\n:1\r\n:2\r\n";
constexpr std::string_view set_bytes = "~1\r\n:1\r\n";
constexpr std::string_view map_bytes = "%1\r\n:1\r\n:2\r\n";
constexpr std::string_view push_bytes = ">1\r\n+k\r\n";
constexpr std::string_view all_bytes[] = {
    null_bytes,   boolean_bytes, integer_bytes,  real_bytes,  big_bytes,
    simple_bytes, bulk_bytes,    verbatim_bytes, error_bytes, bulk_error_bytes,
    array_bytes,  set_bytes,     map_bytes,      push_bytes};

// The types for which `as` says yes, by name.
template <class As>
std::string accepted_by(As&& as) {
  std::string accepted;
  for (const std::string_view bytes : all_bytes) {
    const Parsed reply(bytes);
    if (as(reply.value()).ok()) accepted += std::string(name(reply.value().type())) + ", ";
  }
  return accepted;
}

TEST_CASE("each access has its types, and no others") {
  CHECK(accepted_by([](Value value) { return value.as_integer(); }) == "integer, ");
  CHECK(accepted_by([](Value value) { return value.as_boolean(); }) == "boolean, ");
  CHECK(accepted_by([](Value value) { return value.as_real(); }) == "integer, double, ");
  CHECK(accepted_by([](Value value) { return value.as_bytes(); }) ==
        "double, big number, simple string, bulk string, verbatim string, ");
  CHECK(accepted_by([](Value value) { return value.as_error(); }) == "simple error, bulk error, ");
  CHECK(accepted_by([](Value value) { return value.as_format(); }) == "verbatim string, ");
  CHECK(accepted_by([](Value value) { return value.as_elements(); }) == "array, set, map, push, ");
  CHECK(accepted_by([](Value value) { return value.as_entries(); }) == "array, map, ");
}

TEST_CASE("a wrong type is an error that names both, behind a command that has run") {
  const Parsed reply(map_bytes);
  const Error error = reply.value().as_integer().error();
  CHECK(error.code == ErrorCode::wrong_type);
  CHECK(error.executed == Executed::yes);
  CHECK(std::string(error.what) == "map");
  CHECK(std::string(error.expected) == "integer");
}

TEST_CASE("null and errors are told from the rest") {
  for (const std::string_view bytes : all_bytes) {
    const Parsed reply(bytes);
    CHECK(reply.value().is_null() == (bytes == null_bytes));
    CHECK(reply.value().is_error() == (bytes == error_bytes || bytes == bulk_error_bytes));
  }
  CHECK(Parsed("$-1\r\n").value().is_null());
  CHECK(Parsed("*-1\r\n").value().is_null());
}

TEST_CASE(
    "the null array of RESP2 is told from the other nulls, at any depth and when it is kept") {
  CHECK(Parsed("*-1\r\n").value().is_null_array());
  CHECK(Parsed("|1\r\n+a\r\n$-1\r\n*-1\r\n", 1).value().is_null_array());
  for (const std::string_view bytes : all_bytes) {
    CHECK_FALSE(Parsed(bytes).value().is_null_array());
  }
  CHECK_FALSE(Parsed("$-1\r\n").value().is_null_array());
  CHECK_FALSE(Parsed(":1\r\n").value().is_null_array());
  Parsed inside("*3\r\n$-1\r\n*-1\r\n_\r\n");
  const auto kept = inside.reader().keep();
  REQUIRE(kept);
  std::string found;
  for (const Value& element : *kept->value().as_elements()) {
    found += element.is_null_array() ? '*' : '-';
  }
  CHECK(found == "-*-");
}

TEST_CASE("a boolean may be an integer, as RESP2 has it, if that is 0 or 1") {
  CHECK(*Parsed("#t\r\n").value().as_boolean());
  CHECK_FALSE(*Parsed("#f\r\n").value().as_boolean());
  CHECK(*Parsed(":1\r\n").value().as_boolean());
  CHECK_FALSE(*Parsed(":0\r\n").value().as_boolean());
  CHECK_FALSE(Parsed(":2\r\n").value().as_boolean().ok());
  CHECK_FALSE(Parsed(":-1\r\n").value().as_boolean().ok());
}

TEST_CASE("a boolean is no integer") { CHECK_FALSE(Parsed("#t\r\n").value().as_integer().ok()); }

TEST_CASE("a double may be an integer or a string that holds one, as RESP2 has it") {
  CHECK(*Parsed(",1.5\r\n").value().as_real() == 1.5);
  CHECK(*Parsed(":-3\r\n").value().as_real() == -3);
  CHECK(*Parsed("$3\r\n1.5\r\n").value().as_real() == 1.5);
  CHECK(*Parsed("$4\r\n-inf\r\n").value().as_real() == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(*Parsed("$3\r\nnan\r\n").value().as_real()));
  CHECK(*Parsed("$?\r\n;2\r\n1.\r\n;2\r\n25\r\n;0\r\n").value().as_real() == 1.25);
  // INCRBYFLOAT writes all digits, and may have more than a double has room for.
  const auto power_of_10 = [](std::size_t exponent) {
    const std::string text = "1" + std::string(exponent, '0');
    return *Parsed("$" + std::to_string(text.size()) + "\r\n" + text + "\r\n").value().as_real();
  };
  CHECK(power_of_10(126) == 1e126);
  CHECK(power_of_10(127) == 1e127);
  CHECK(power_of_10(300) == 1e300);
  CHECK(power_of_10(4932) == std::numeric_limits<double>::infinity());
}

TEST_CASE("a string that holds no double, or more than one can be, is a wrong type") {
  for (const std::string text : {"", "foo", "1.5x", " 1", "1e", ".5", "0x10"}) {
    const std::string bytes = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    CHECK(Parsed(bytes).value().as_real().error().code == ErrorCode::wrong_type);
  }
  const std::string digits(5119, '7');
  CHECK(Parsed("$5119\r\n" + digits + "\r\n").value().as_real().ok());
  CHECK_FALSE(Parsed("$5120\r\n7" + digits + "\r\n").value().as_real().ok());
}

TEST_CASE("a verbatim string's bytes come without its format") {
  const Parsed reply("=7\r\nmkd:foo\r\n");
  CHECK(*reply.value().as_bytes() == "foo");
  CHECK(*reply.value().as_format() == VerbatimFormat{'m', 'k', 'd'});
  CHECK(Parsed("=4\r\ntxt:\r\n").value().as_bytes()->empty());
}

TEST_CASE("an error's text is what the server said") {
  CHECK(*Parsed(error_bytes).value().as_error() == "ERR no");
  CHECK(*Parsed(bulk_error_bytes).value().as_error() == "ERR no");
}

TEST_CASE("numbers in text form keep their text") {
  CHECK(*Parsed(",1.50e1\r\n").value().as_bytes() == "1.50e1");
  CHECK(*Parsed("(-00123\r\n").value().as_bytes() == "-00123");
}

TEST_CASE("every type has a name of its own") {
  for (const std::string_view bytes : all_bytes) {
    int same = 0;
    for (const std::string_view other : all_bytes) {
      const std::string theirs = name(Parsed(other).value().type());
      if (theirs == name(Parsed(bytes).value().type())) ++same;
    }
    CHECK(same == 1);
  }
}

}  // namespace
}  // namespace plimsoll::testing::value_test
