#include "plimsoll/native/bridge/tokens/static_token.h"

#include <cstddef>
#include <functional>
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

// "LINE: TEXT" of each.
std::vector<std::string> problems_of(const bridge::StaticTokens& file) {
  std::vector<std::string> all;
  for (const auto& each : file.problems)
    all.push_back(std::to_string(each.line) + ": " + each.text);
  return all;
}

TEST_CASE("a file of tokens has a line for each, blank lines and comments") {
  const auto file = parse_static_tokens("# who\n\n" + std::string(hash_of_abc) +
                                        " web\r\n \t\n"
                                        "sha256:" +
                                        std::string(64, 'F') + "\t web-2  # jane");
  CHECK(file.problems.empty());
  CHECK(file.problems_count == 0);
  REQUIRE(file.tokens.size() == 2);
  CHECK(file.tokens[0].hash == bridge::sha256("abc"));
  CHECK(file.tokens[0].profile == "web");
  CHECK(file.tokens[1].profile == "web-2");
  CHECK(static_token_line(file.tokens[0]) == std::string(hash_of_abc) + " web");
}

TEST_CASE("problems name their line, all of them, and nothing that could be a token") {
  const std::string hash(hash_of_abc);
  const auto file = parse_static_tokens("hunter2 web\n" +          //
                                        hash + "\n" +              //
                                        hash + " web hunter2\n" +  //
                                        hash + " hunter2/\n" +     //
                                        hash + " web\n" +          //
                                        hash + " web\n" +          //
                                        hash.substr(0, 70) +
                                        " web\n"  //
                                        "SHA256:" +
                                        hash.substr(7) + " web\n");
  const std::string no_hash =
      "does not begin with a hash; expected sha256: and 64 hex digits, a space and a profile";
  const std::vector<std::string> expected = {
      "1: " + no_hash,
      "2: has no profile after the hash",
      "3: has unexpected text after the profile",
      "4: has a profile's name with other characters than letters, digits, - _ and .",
      "6: has the same hash as line 5",
      "7: " + no_hash,
      "8: " + no_hash,
  };
  CHECK(problems_of(file) == expected);
  CHECK(file.problems_count == expected.size());
  REQUIRE(file.tokens.size() == 1);
  CHECK(file.tokens[0].line == 5);
}

std::string lines_of(std::size_t count, const std::function<std::string(std::size_t)>& line) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += line(i) + "\n";
  return text;
}

TEST_CASE("problems beyond token_problems_max are counted, and the file's own is kept") {
  const auto bad = [](std::size_t) { return std::string("hunter2"); };
  const auto some = parse_static_tokens(lines_of(bridge::token_problems_max, bad));
  CHECK(some.problems.size() == bridge::token_problems_max);
  CHECK(some.problems_count == bridge::token_problems_max);
  const auto all = parse_static_tokens(lines_of(bridge::token_problems_max + 1, bad));
  CHECK(all.problems.size() == bridge::token_problems_max);
  CHECK(all.problems_count == bridge::token_problems_max + 1);

  const auto good = [](std::size_t i) {
    return static_token_line({.hash = bridge::sha256(std::to_string(i)), .profile = "web"});
  };
  const std::string most = lines_of(bridge::static_tokens_max, good);
  CHECK(parse_static_tokens(most).problems_count == 0);
  const auto more = parse_static_tokens(lines_of(bridge::token_problems_max, bad) + most +
                                        good(bridge::static_tokens_max));
  CHECK(more.problems.size() == bridge::token_problems_max);
  CHECK(problems_of(more).back() == "0: has 10001 tokens; expected at most 10000");
}

TEST_CASE("a fresh token is 43 letters that nobody had before, and its line is its hash's") {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) {
    const auto fresh = make_token("web");
    CHECK(fresh.token.size() == 43);
    CHECK(all.insert(fresh.token).second);
    const auto read = parse_static_tokens(static_token_line(fresh.entry));
    REQUIRE(read.tokens.size() == 1);
    CHECK(read.tokens[0].hash == bridge::sha256(fresh.token));
  }
}

}  // namespace
}  // namespace plimsoll::testing::static_token_test
