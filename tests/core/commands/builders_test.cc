#include "plimsoll/core/commands/builders.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands {
namespace {

using testing::encoded;
using testing::request;
using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> two_words{"a", "bc"};
constexpr std::array<std::string_view, 0> no_words{};

std::string set(const SetOptions& options) { return encoded(Set("ship", "Eastern", options)); }

TEST_CASE("commands without arguments are their names") {
  CHECK(encoded(ping()) == request({"PING"}));
  CHECK(encoded(dbsize()) == request({"DBSIZE"}));
}

TEST_CASE("commands of one key send it behind the name") {
  CHECK(encoded(get("ship")) == request({"GET", "ship"}));
  CHECK(encoded(incr("ship")) == request({"INCR", "ship"}));
  CHECK(encoded(pttl("ship")) == request({"PTTL", "ship"}));
  CHECK(encoded(hgetall("ship")) == request({"HGETALL", "ship"}));
  CHECK(encoded(smembers("ship")) == request({"SMEMBERS", "ship"}));
  CHECK(encoded(hget("ship", "name")) == request({"HGET", "ship", "name"}));
}

TEST_CASE("commands of many keys send them in order, also none") {
  CHECK(encoded(mget(two_words)) == request({"MGET", "a", "bc"}));
  CHECK(encoded(del(two_words)) == request({"DEL", "a", "bc"}));
  CHECK(encoded(exists(two_words)) == request({"EXISTS", "a", "bc"}));
  CHECK(encoded(del(no_words)) == request({"DEL"}));
}

TEST_CASE("members and fields follow their key") {
  constexpr std::array<ArgumentPair, 2> fields{{{"name", "Great"}, {"year", "1858"}}};

  CHECK(encoded(sadd("ship", two_words)) == request({"SADD", "ship", "a", "bc"}));
  CHECK(encoded(hset("ship", fields)) ==
        request({"HSET", "ship", "name", "Great", "year", "1858"}));
}

TEST_CASE("any command is sent as its words are") {
  constexpr std::array<std::string_view, 3> words{"client", "no-evict", "on"};

  CHECK(encoded(any(words)) == request({"client", "no-evict", "on"}));
}

TEST_CASE("arguments may be empty and hold any byte") {
  const std::string bytes("\0\r\n\xff$3", 6);

  CHECK(encoded(get("")) == request({"GET", ""}));
  CHECK(encoded(get(bytes)) == request({"GET", bytes}));
}

TEST_CASE("the lengths of arguments are written with all their digits") {
  for (const std::size_t size : {0u, 9u, 10u, 99u, 100u, 999u, 1000u, 65536u}) {
    const std::string bytes(size, 'x');
    CHECK(encoded(get(bytes)) == request({"GET", bytes}));
  }
}

TEST_CASE("what the compiler knows of a command it encodes, whatever its length") {
  CHECK(fixed<"GET">("a").head == "*2\r\n$3\r\nGET\r\n");
  CHECK(open<"GEORADIUSBYMEMBER_RO">().head == "$20\r\nGEORADIUSBYMEMBER_RO\r\n");
  CHECK(encoded(fixed<"GEORADIUSBYMEMBER_RO">("1", "2", "3", "4", "5", "6", "7", "8", "9")) ==
        request({"GEORADIUSBYMEMBER_RO", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  CHECK(encoded(with(open<"MGET">("first"), two_words)) == request({"MGET", "first", "a", "bc"}));
}

TEST_CASE("a request that was encoded before is sent as it is") {
  const std::string before = request({"PING"});

  CHECK(encoded(CommandView::from_encoded(before)) == before);
}

TEST_CASE("SET without options is key and value") {
  CHECK(set({}) == request({"SET", "ship", "Eastern"}));
}

TEST_CASE("SET says when it stores") {
  CHECK(set({.when = When::if_absent}) == request({"SET", "ship", "Eastern", "NX"}));
  CHECK(set({.when = When::if_present}) == request({"SET", "ship", "Eastern", "XX"}));
}

TEST_CASE("SET says for how long, in milliseconds") {
  CHECK(set({.ttl = 2s}) == request({"SET", "ship", "Eastern", "PX", "2000"}));
  CHECK(set({.ttl = 1ms}) == request({"SET", "ship", "Eastern", "PX", "1"}));
  CHECK(set({.ttl = 1'999'999ns}) == request({"SET", "ship", "Eastern", "PX", "1"}));
  CHECK(set({.ttl = Duration::max()}) ==
        request({"SET", "ship", "Eastern", "PX", "9223372036854"}));
}

TEST_CASE("SET can keep the time to live that the key has") {
  CHECK(set({.old_ttl = SetOptions::OldTtl::kept}) ==
        request({"SET", "ship", "Eastern", "KEEPTTL"}));
}

TEST_CASE("SET takes its options together") {
  CHECK(set({.when = When::if_absent, .ttl = 1min}) ==
        request({"SET", "ship", "Eastern", "NX", "PX", "60000"}));
  CHECK(set({.when = When::if_present, .old_ttl = SetOptions::OldTtl::kept}) ==
        request({"SET", "ship", "Eastern", "XX", "KEEPTTL"}));
}

TEST_CASE("SET's options are valid unless they contradict each other or say too short a time") {
  CHECK(Set::validate({}).ok());
  CHECK(Set::validate({.when = When::if_absent, .ttl = 1ms}).ok());
  CHECK(Set::validate({.old_ttl = SetOptions::OldTtl::kept}).ok());

  for (const Duration ttl : {Duration(0), Duration(999'999ns), Duration(-1s), Duration::min()}) {
    const Status status = Set::validate({.ttl = ttl});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::invalid_argument);
    CHECK(std::string(status.error().what) == "ttl is shorter than a millisecond");
  }

  const Status both = Set::validate({.ttl = 1s, .old_ttl = SetOptions::OldTtl::kept});
  REQUIRE_FALSE(both.ok());
  CHECK(both.error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::commands
