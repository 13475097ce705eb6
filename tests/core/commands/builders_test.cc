#include "plimsoll/core/commands/builders.h"

#include <array>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::commands::builders_test {
namespace {

using testing::encoded;
using testing::request;

constexpr std::array<std::string_view, 2> two_words{"a", "bc"};
constexpr std::array<std::string_view, 0> no_words{};

TEST_CASE("commands without arguments are their names") {
  CHECK(encoded(ping()) == request({"PING"}));
  CHECK(encoded(dbsize()) == request({"DBSIZE"}));
  CHECK(encoded(client_id()) == request({"CLIENT", "ID"}));
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
  CHECK(encoded(mset(fields)) == request({"MSET", "name", "Great", "year", "1858"}));
  CHECK(encoded(xadd("s", fields)) == request({"XADD", "s", "*", "name", "Great", "year", "1858"}));
  CHECK(encoded(xack("s", "g", two_words)) == request({"XACK", "s", "g", "a", "bc"}));
  CHECK(encoded(pubsub_numsub(two_words)) == request({"PUBSUB", "NUMSUB", "a", "bc"}));
}

TEST_CASE("a command's head says whether it may be sent again") {
  CHECK(CommandView(get("a")).effect == CommandView::Effect::read);
  CHECK(CommandView(ping()).effect == CommandView::Effect::read);
  CHECK(CommandView(getdel("a")).effect == CommandView::Effect::unknown);
  CHECK(CommandView(zrange("a", 0, -1)).effect == CommandView::Effect::read);
  CHECK(CommandView(eval_ro("script")).effect == CommandView::Effect::unknown);
}

TEST_CASE("any command is sent as its words are") {
  constexpr std::array<std::string_view, 3> words{"client", "no-evict", "on"};

  CHECK(encoded(any(words)) == request({"client", "no-evict", "on"}));
  CHECK(encoded(any({})) == "*0\r\n");
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

}  // namespace
}  // namespace plimsoll::commands::builders_test
