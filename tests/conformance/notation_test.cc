#include "plimsoll/tests/conformance/notation.h"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/tests/conformance/document.h"

namespace plimsoll::testing::notation_test {
namespace {

using Catch::Matchers::Message;
using namespace std::literals;

TEST_CASE("escapes stand for bytes, and bytes are shown in the same escapes") {
  CHECK(unescape(R"(\r\n\t\\\"\x00\xff)") == "\r\n\t\\\"\0\xff"sv);
  CHECK(escape("\r\n\t\\\"\0\xff"sv) == R"(\r\n\t\\\"\x00\xff)");
}

TEST_CASE("repeats are written out") {
  CHECK(expand_repeats("a<3 x bc>d<2 x e>") == "abcbcbcdee");
  CHECK(expand_repeats("<0 x a>").empty());
}

TEST_CASE("values are shown as they are written") {
  for (const std::string text :
       {"null", "true", "false", "-7", "\"foo\"", "simple \"OK\"", "error \"ERR no\"",
        "bulk error \"ERR no\"", "verbatim \"txt:foo\"", "double 1.5", "big 123", "[]", "[1, [2]]",
        "set [1, 2]", "push [\"kind\", 2]", "{}", "{\"key\": 1, 2: {3: 4}}",
        "@{\"ttl\": 5} \"foo\"", "[@{1: 2} 3, 4]"}) {
    INFO(text);
    const std::vector<Model> frames = parse_values(text);
    REQUIRE(frames.size() == 1);
    CHECK(show(frames.front()) == text);
  }
  CHECK(parse_values("1; 2").size() == 2);
}

TEST_CASE("what cannot be read says where") {
  CHECK_THROWS_MATCHES(parse_values("[1, 2"), BadNotation, Message("expected , or ], at: "));
  CHECK_THROWS_MATCHES(parse_values("bulk \"a\""), BadNotation,
                       Message("not a value: bulk, at:  \"a\""));
  CHECK_THROWS_MATCHES(parse_values("1 2"), BadNotation, Message("expected the end, at: 2"));
  CHECK_THROWS_MATCHES(unescape("\\q"), BadNotation, Message("unknown escape \\q"));
  CHECK_THROWS_MATCHES(expand_repeats("<a>"), BadNotation,
                       Message("expected <NUMBER x TEXT>, at: <a>"));
}

TEST_CASE("a document that is not there is an error") {
  CHECK_THROWS_AS(read_document("nowhere.md"), BadNotation);
}

}  // namespace
}  // namespace plimsoll::testing::notation_test
