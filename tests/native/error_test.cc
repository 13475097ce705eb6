#include "plimsoll/error.h"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>

#include "plimsoll/result.h"

namespace plimsoll::testing::error_test {
namespace {

using native::Result;

native::Error refused() {
  return native::Error(ErrorCode::server_error, Executed::yes, "WRONGTYPE not a string");
}

TEST_CASE("an error of the core keeps its code, what may have run, and its sentence") {
  const native::Error error(plimsoll::Error{.code = ErrorCode::rejected_by_limit,
                                            .executed = Executed::no,
                                            .what = "too many",
                                            .value = 8,
                                            .limit = 7});
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(error.executed() == Executed::no);
  CHECK(std::string(error.what()) == "rejected_by_limit: too many (is 8, limit 7)");
}

TEST_CASE("a server's error gives its words, and the first of them") {
  const native::Error error = refused();
  CHECK(std::string(error.what()) == "server_error: WRONGTYPE not a string");
  CHECK(error.server_text() == "WRONGTYPE not a string");
  CHECK(error.server_code() == "WRONGTYPE");
  CHECK(error.executed() == Executed::yes);
}

TEST_CASE("where the server refused the client, its words are told from what is to be done") {
  const native::Error error(
      plimsoll::Error{
          .code = ErrorCode::too_many_clients, .what = "in our words", .expected = "fewer clients"},
      native::ServerWords{"ERR max number of clients reached"});
  CHECK(std::string(error.what()) ==
        "too_many_clients: ERR max number of clients reached; expected fewer clients");
  CHECK(error.server_text() == "ERR max number of clients reached");
  CHECK(error.server_code() == "ERR");
}

TEST_CASE("what the transport knows stands behind an error's sentence") {
  const native::Error error(
      plimsoll::Error{.code = ErrorCode::connection_lost, .what = "the connection was reset"},
      "127.0.0.1:6379: Connection reset by peer");
  CHECK(std::string(error.what()) ==
        "connection_lost: the connection was reset (127.0.0.1:6379: Connection reset by peer)");
  CHECK(error.server_text().empty());
}

TEST_CASE("a server's error of one word is all code, an empty one has none") {
  CHECK(native::Error(ErrorCode::server_error, Executed::yes, "NOAUTH").server_code() == "NOAUTH");
  CHECK(native::Error(ErrorCode::server_error, Executed::yes, "").server_code().empty());
  CHECK(native::Error(ErrorCode::server_error, Executed::yes, "").server_text().empty());
}

TEST_CASE("an error that is not the server's has no words of the server's") {
  const native::Error error(ErrorCode::timed_out, Executed::maybe, "ERR is not the server's word");
  CHECK(error.server_text().empty());
  CHECK(error.server_code().empty());
}

TEST_CASE("a long text of a server is not cut") {
  const std::string text = "ERR " + std::string(10'000, 'x');
  CHECK(native::Error(ErrorCode::server_error, Executed::yes, text).server_text() == text);
}

TEST_CASE("an error can be caught as a std::runtime_error") {
  CHECK_THROWS_MATCHES(throw refused(), std::runtime_error,
                       Catch::Matchers::Message("server_error: WRONGTYPE not a string"));
}

TEST_CASE("a result holds a value") {
  Result<std::string> result = std::string("value");
  REQUIRE(result);
  CHECK(result.has_value());
  CHECK(*result == "value");
  CHECK(result->size() == 5);
  CHECK(result.value() == "value");
  result.value() = "other";
  CHECK(*std::move(result) == "other");
}

TEST_CASE("a result holds an error, which value() throws") {
  const Result<std::string> result = refused();
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.has_value());
  CHECK(result.error().server_code() == "WRONGTYPE");
  CHECK_THROWS_AS(result.value(), native::Error);
  CHECK_THROWS_AS(Result<std::string>(refused()).value(), native::Error);
}

TEST_CASE("a result of nothing is success or an error") {
  const Result<void> success;
  CHECK(success);
  CHECK_NOTHROW(success.value());
  const Result<void> failure = refused();
  CHECK_FALSE(failure);
  CHECK(failure.error().code() == ErrorCode::server_error);
  CHECK_THROWS_AS(failure.value(), native::Error);
}

TEST_CASE("a value taken from a result that goes may be walked over") {
  const auto make = [] { return Result<std::string>(std::string(100, 'x')); };
  std::size_t count = 0;
  for (const char c : *make()) count += c == 'x' ? 1 : 0;
  for (const char c : make().value()) count += c == 'x' ? 1 : 0;
  CHECK(count == 200);
}

}  // namespace
}  // namespace plimsoll::testing::error_test
