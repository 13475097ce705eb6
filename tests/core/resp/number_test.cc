#include "plimsoll/core/resp/number.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

// Which texts are numbers is in tests/conformance; here is what they are read as.

namespace plimsoll::testing::number_test {
namespace {

// As on the wire, where a CR is behind the number.
double read(const std::string& text) {
  const std::string line = text + "\r";
  REQUIRE(is_real(text));
  return to_real(std::string_view(line).substr(0, text.size()));
}

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

TEST_CASE("special doubles are read as what they are") {
  CHECK(read("inf") == std::numeric_limits<double>::infinity());
  CHECK(read("-inf") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(read("nan")));
  CHECK(std::isnan(read("-nan")));
  CHECK(same(read("-0"), -0.0));
  CHECK(same(read("-0.0e5"), -0.0));
}

TEST_CASE("a double is read to the last bit, however it was written") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    std::snprintf(text, sizeof text, i % 2 == 0 ? "%.17g" : "%.17e", value);
    if (!same(read(text), value)) FAIL(text);
  }
}

TEST_CASE("what is too large or too small for a double is infinity or zero, with its sign") {
  const std::string zeros(400, '0');
  const std::vector<std::string> texts{
      "1e309",
      "0.1e310",
      "1e400",
      "1" + zeros,
      "1" + zeros + "e-1",
      "0.0001e99999999999999999999",
      "1e-324" + zeros,
      "1e-400",
      "0." + zeros + "1",
      "00." + zeros + "1e1",
      "1e-99999999999999999999",
      "0e99999999999999999999",
      "0.000e-400",
      "1" + zeros + "e-400",
      "0." + zeros + "1e401",
      "2.4703282292062327e-324",
      "2.4703282292062328e-324",
      "1.7976931348623158e308",
      "1.7976931348623159e308",
  };
  for (const std::string sign : {"", "-", "+"}) {
    for (const std::string& text : texts) {
      const std::string whole = sign + text;
      INFO(whole);
      CHECK(same(read(whole), std::strtod(whole.c_str(), nullptr)));
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::number_test
