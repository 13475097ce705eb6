#include "plimsoll/native/bridge/tokens/base64url.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::testing::base64url_test {
namespace {

using bridge::base64url_decode;
using bridge::base64url_encode;

TEST_CASE("bytes are written and read back as RFC 4648 and RFC 7515 say") {
  struct Row {
    std::string_view bytes;
    std::string_view text;
  };
  // RFC 4648, section 10, without the padding; RFC 7515, appendix C.
  const auto row = GENERATE(Row{"", ""}, Row{"f", "Zg"}, Row{"fo", "Zm8"}, Row{"foo", "Zm9v"},
                            Row{"foob", "Zm9vYg"}, Row{"fooba", "Zm9vYmE"},
                            Row{"foobar", "Zm9vYmFy"}, Row{"\x03\xec\xff\xe0\xc1", "A-z_4ME"});
  CHECK(base64url_encode(row.bytes) == row.text);
  CHECK(base64url_decode(row.text) == row.bytes);
}

TEST_CASE("any text that no bytes are written as is refused") {
  const auto text = GENERATE("Zg==", "Zg=", "Zm8=", "Z", "Zm9vY", "Zm9v\n", " Zm9v", "Zm 9v",
                             "A+z/4ME", "Zm9.", "Zh", "Zm9", "\xff\xff\xff\xff");
  CAPTURE(text);
  CHECK_FALSE(base64url_decode(text));
}

TEST_CASE("of all texts of two letters those are read that one byte is written as") {
  int count = 0;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text{static_cast<char>(first), static_cast<char>(second)};
      const auto bytes = base64url_decode(text);
      if (!bytes) continue;
      ++count;
      REQUIRE(base64url_encode(*bytes) == text);
    }
  }
  CHECK(count == 256);
}

}  // namespace
}  // namespace plimsoll::testing::base64url_test
