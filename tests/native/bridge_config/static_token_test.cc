#include "plimsoll/native/bridge/tokens/static_token.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::static_token_test {
namespace {

using bridge::make_token;
using bridge::parse_static_tokens;
using bridge::static_token_line;

// SHA-256 of "abc" (FIPS 180-2, B.1).
constexpr std::string_view hash_of_abc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST_CASE("a file of tokens has a line for each, blank lines and comments") {
  const auto file = parse_static_tokens("# who\n\n" + std::string(hash_of_abc) +
                                            " web\r\n \t\n"
                                            "sha256:" +
                                            std::string(64, 'F') + "\t web-2  # jane",
                                        "tokens");
  CHECK(file.problems.empty());
  REQUIRE(file.tokens.size() == 2);
  CHECK(file.tokens[0].hash == bridge::sha256("abc"));
  CHECK(file.tokens[0].profile == "web");
  CHECK(file.tokens[1].profile == "web-2");
  CHECK(static_token_line(file.tokens[0]) == std::string(hash_of_abc) + " web");
}

TEST_CASE("problems name file and line, all of them, and nothing that could be a token") {
  const std::string hash(hash_of_abc);
  const auto file = parse_static_tokens("hunter2 web\n" +              //
                                            hash + "\n" +              //
                                            hash + " web hunter2\n" +  //
                                            hash + " hunter2/\n" +     //
                                            hash + " web\n" +          //
                                            hash + " web\n" +          //
                                            hash.substr(0, 70) +
                                            " web\n"  //
                                            "SHA256:" +
                                            hash.substr(7) + " web\n",
                                        "tokens");
  const std::vector<std::string> expected = {
      "tokens:1: expected sha256: and 64 hex digits, a space and a profile",
      "tokens:2: no profile after the hash",
      "tokens:3: unexpected text after the profile",
      "tokens:4: the profile's name has other characters than letters, digits, - _ and .",
      "tokens:6: the same hash as in line 5",
      "tokens:7: expected sha256: and 64 hex digits, a space and a profile",
      "tokens:8: expected sha256: and 64 hex digits, a space and a profile",
  };
  CHECK(file.problems == expected);
  CHECK(file.tokens.size() == 1);
}

TEST_CASE("a fresh token is 43 letters that nobody had before, and its line is its hash's") {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) {
    const auto fresh = make_token("web");
    CHECK(fresh.token.size() == 43);
    CHECK(all.insert(fresh.token).second);
    const auto read = parse_static_tokens(static_token_line(fresh.entry), "tokens");
    REQUIRE(read.tokens.size() == 1);
    CHECK(read.tokens[0].hash == bridge::sha256(fresh.token));
  }
}

}  // namespace
}  // namespace plimsoll::testing::static_token_test
