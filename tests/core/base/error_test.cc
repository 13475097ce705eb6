#include "plimsoll/core/base/error.h"

#include <array>
#include <set>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::error_test {
namespace {

std::string text_of(const Error& error) {
  std::array<char, error_text_max> out{};
  return std::string(describe(error, out));
}

TEST_CASE("every error code has a name of its own") {
  std::set<std::string_view> names;
  for (std::size_t code = 0; code < error_codes_count; ++code) {
    names.insert(name(static_cast<ErrorCode>(code)));
  }
  CHECK(names.size() == error_codes_count);
  CHECK_FALSE(names.contains("unknown"));
  CHECK(name(ErrorCode::lost_in_doubt) == "lost_in_doubt");
}

TEST_CASE("what a server may have done has a name") {
  CHECK(name(Executed::no) == "no");
  CHECK(name(Executed::maybe) == "maybe");
  CHECK(name(Executed::yes) == "yes");
}

TEST_CASE("an error's text has the parts that are known, and no others") {
  CHECK(text_of({.code = ErrorCode::timed_out, .what = "no reply in time"}) ==
        "timed_out: no reply in time");
  CHECK(text_of({.code = ErrorCode::wrong_type, .what = "map", .expected = "integer"}) ==
        "wrong_type: map; expected integer");
  CHECK(text_of({.code = ErrorCode::invalid_option, .what = "too low", .value = 7}) ==
        "invalid_option: too low (is 7)");
  CHECK(text_of({.code = ErrorCode::invalid_option, .what = "too low", .limit = 9}) ==
        "invalid_option: too low (limit 9)");
  CHECK(text_of({.code = ErrorCode::protocol_error,
                 .what = "string is too long",
                 .expected = "less",
                 .value = 7,
                 .limit = 5,
                 .offset = 0}) ==
        "protocol_error: string is too long; expected less (is 7, limit 5) at byte 0");
}

TEST_CASE("the largest numbers are written in full") {
  CHECK(text_of({.code = ErrorCode::closed, .what = "x", .offset = UINT64_MAX - 1}) ==
        "closed: x at byte 18446744073709551614");
}

TEST_CASE("an error's text is cut where there is no room") {
  const Error error{.code = ErrorCode::closed, .what = "the client was closed", .value = 12345};
  const std::string whole = text_of(error);
  std::array<char, error_text_max> out{};
  for (std::size_t room = 0; room <= whole.size(); ++room) {
    CHECK(describe(error, std::span(out).first(room)) == whole.substr(0, room));
  }
}

}  // namespace
}  // namespace plimsoll::testing::error_test
