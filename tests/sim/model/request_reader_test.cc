#include "plimsoll/tests/sim/model/request_reader.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::model::request_reader_test {
namespace {

constexpr std::size_t bulk_bytes_max = std::size_t{512} * 1024 * 1024;

// What came out: each request's words, and the error that ended it all.
struct Outcome {
  std::vector<std::vector<std::string>> requests = {};
  std::string error = {};

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Each piece lies in memory of its own, gone when the next one comes.
Outcome read(const std::vector<std::string>& pieces, Trust trust = Trust::authenticated) {
  RequestReader reader(bulk_bytes_max);
  Outcome outcome;
  for (const std::string& piece : pieces) {
    const std::string bytes = piece;
    reader.begin(bytes);
    for (;;) {
      const RequestReader::Found found = reader.next(trust);
      if (found == RequestReader::Found::incomplete) break;
      if (found == RequestReader::Found::protocol_error) {
        outcome.error = reader.error();
        return outcome;
      }
      outcome.requests.emplace_back(reader.arguments().begin(), reader.arguments().end());
    }
    reader.end();
  }
  return outcome;
}

Outcome requests(std::vector<std::vector<std::string>> all) { return {std::move(all), {}}; }

TEST_CASE("requests are the same in whatever two or three pieces they come") {
  const std::string bytes =
      "*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n*0\r\n"
      "ECHO \"a b\"\n*1\r\n$4\r\nPING\r\n";
  const Outcome expected =
      requests({{"GET", "k"}, {"PING"}, {"SET", "", "a\r\nbc"}, {}, {"ECHO", "a b"}, {"PING"}});
  for (std::size_t one = 0; one <= bytes.size(); ++one) {
    for (std::size_t two = one; two <= bytes.size(); ++two) {
      const Outcome outcome =
          read({bytes.substr(0, one), bytes.substr(one, two - one), bytes.substr(two)});
      if (outcome != expected) FAIL("cut at " << one << " and " << two);
    }
  }
}

TEST_CASE("requests may come byte by byte") {
  std::vector<std::string> pieces;
  for (const char c : std::string_view("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n")) {
    pieces.emplace_back(1, c);
  }
  CHECK(read(pieces) == requests({{"GET", "k"}, {"PING"}}));
}

TEST_CASE("an inline command's words may be quoted") {
  CHECK(read({"SET 'it\\'s' \"\\x41\\n\\\"\"\r\n"}) == requests({{"SET", "it's", "A\n\""}}));
  CHECK(read({"GET a\"b c\"\n"}) == requests({{"GET", "ab c"}}));
  CHECK(read({"GET 'a\n"}).error == "Protocol error: unbalanced quotes in request");
  CHECK(read({"GET 'a'b\n"}).error == "Protocol error: unbalanced quotes in request");
}

TEST_CASE("behind a line of blanks an array is read as inline commands") {
  CHECK(read({" \n*1\r\n$4\r\nPING\r\n"}) == requests({{"*1"}, {"$4"}, {"PING"}}));
  CHECK(read({" \n", " \n", "\n*1\r\n$4\r\nPING\r\n"}) == requests({{}, {"PING"}}));
}

TEST_CASE("what is no request is answered as the server does") {
  const auto error = [](const std::string& bytes) { return read({bytes}).error; };
  CHECK(error("*x\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error("*2147483648\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error("*1\r\n:1\r\n") == "Protocol error: expected '$', got ':'");
  CHECK(error("*1\r\n$-1\r\n") == "Protocol error: invalid bulk length");
  CHECK(error("*1\r\n$536870913\r\n") == "Protocol error: invalid bulk length");
  CHECK(error(std::string(65537, 'a')) == "Protocol error: too big inline request");
  CHECK(error("*" + std::string(65536, '1')) == "Protocol error: too big mbulk count string");
  CHECK(error("*1\r\n$" + std::string(65536, '1')) == "Protocol error: too big bulk count string");
  CHECK(error(std::string(65536, 'a')).empty());
}

TEST_CASE("a stranger may not send much") {
  CHECK(read({"*11\r\n"}, Trust::unauthenticated).error ==
        "Protocol error: unauthenticated multibulk length");
  CHECK(read({"*1\r\n$16385\r\n"}, Trust::unauthenticated).error ==
        "Protocol error: unauthenticated bulk length");
  CHECK(read({"*10\r\n$16384\r\n"}, Trust::unauthenticated).error.empty());
}

}  // namespace
}  // namespace plimsoll::sim::model::request_reader_test
