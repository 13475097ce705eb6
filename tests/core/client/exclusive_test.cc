#include <array>
#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// Connections for one user: what is said there stays there, they are never replaced, and what was
// watched is forgotten when they are given back.

namespace plimsoll::exclusive_test {
namespace {

using namespace std::chrono_literals;
using testing::Fleet;
using testing::Lines;

struct Exclusive : Fleet {
  explicit Exclusive(const ClientOptions& options = {}) : Fleet(options) {
    set_script([](std::uint32_t, const testing::Words& request) {
      return request[0] == "ECHO" ? testing::bulk_reply(request[1]) : "+OK\r\n";
    });
    connect();
  }

  std::optional<RequestId> say_on(ConnectionId connection, Tag tag,
                                  std::span<const std::string_view> words) {
    CommandView command;
    command.more_args = words;
    const auto id = note(tag, client().submit_to(connection, command, now(), 0s, tag));
    drive();
    return id;
  }
  void watch(ConnectionId connection, Tag tag) {
    constexpr std::array<std::string_view, 2> words{"WATCH", "key"};
    say_on(connection, tag, words);
  }
};

TEST_CASE("an exclusive connection carries its user's requests alone") {
  Exclusive fleet;
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  CHECK(fleet.take_requests(1) == Lines{"WATCH key"});
  CHECK(fleet.take_requests(0).empty());
  CHECK(fleet.take_events() == Lines{"1: simple \"OK\""});
}

TEST_CASE("when it is given back nothing is watched any more, and others may have it") {
  Exclusive fleet({.blocking_connections_max = 1});
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  CHECK(fleet.client().open_exclusive(fleet.now()).error().code == ErrorCode::rejected_by_limit);
  fleet.client().release(own, fleet.now());
  fleet.settle();
  fleet.drive();
  CHECK(fleet.take_requests(1) == Lines{"WATCH key", "UNWATCH"});
  CHECK(fleet.client().open_exclusive(fleet.now()).ok());
}

TEST_CASE("who comes behind it need not wait until the server has forgotten what was watched") {
  Exclusive fleet({.blocking_connections_max = 1});
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.client().release(own, fleet.now());
  const ConnectionId next = fleet.client().open_exclusive(fleet.now()).value();
  CHECK(next == own);
  CHECK(fleet.client().open_exclusive(fleet.now()).error().code == ErrorCode::rejected_by_limit);
  fleet.watch(next, 2);
  CHECK(fleet.take_requests(1) == Lines{"WATCH key", "UNWATCH", "WATCH key"});
  fleet.say(1, "+OK\r\n+OK\r\n");
  CHECK(fleet.take_events() == Lines{"1: simple \"OK\"", "2: simple \"OK\""});
}

TEST_CASE("without WATCH there is nothing to forget, and it is free at once") {
  Exclusive fleet({.blocking_connections_max = 1});
  constexpr std::array<std::string_view, 2> words{"ECHO", "a"};
  for (Tag tag = 1; tag <= 20; ++tag) {
    const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
    fleet.say_on(own, tag, words);
    fleet.client().release(own, fleet.now());
  }
  CHECK(fleet.take_requests(1) == Lines(20, "ECHO a"));
}

TEST_CASE("a connection that is given back before it is there is free at once") {
  Exclusive fleet({.blocking_connections_max = 1});
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.client().release(own, fleet.now());
  const ConnectionId next = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(next, 1);
  CHECK(fleet.take_requests(1) == Lines{"WATCH key"});
}

TEST_CASE("where it cannot be said that nothing is watched any more, nobody else has it") {
  Exclusive fleet({.blocking_connections_max = 1});
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  fleet.set_script([](std::uint32_t, const testing::Words& words) {
    return words[0] == "UNWATCH" ? std::string("-NOPERM no\r\n") : "+OK\r\n";
  });
  fleet.client().release(own, fleet.now());
  fleet.settle();
  fleet.drive();
  CHECK(fleet.take_events() == Lines{"1: simple \"OK\""});
  fleet.settle();
  CHECK(fleet.client().statistics().blocking_connections == 0);
  CHECK(fleet.client().open_exclusive(fleet.now()).ok());
}

TEST_CASE("what is under way when it is given back has its outcome, before anyone else has it") {
  Exclusive fleet({.blocking_connections_max = 1});
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  fleet.client().release(own, fleet.now());
  fleet.settle();
  fleet.drive();
  CHECK_FALSE(fleet.client().open_exclusive(fleet.now()).ok());
  fleet.say(1, "+OK\r\n");
  CHECK(fleet.take_events() == Lines{"1: simple \"OK\""});
  CHECK(fleet.client().open_exclusive(fleet.now()).ok());
}

TEST_CASE("a lost one is not replaced: what comes next is refused") {
  Exclusive fleet;
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.watch(own, 1);
  fleet.break_off(1);
  CHECK(fleet.take_events() == Lines{"1: lost_in_doubt (maybe)"});
  CommandView command;
  constexpr std::array<std::string_view, 1> words{"EXEC"};
  command.more_args = words;
  const auto id = fleet.client().submit_to(own, command, fleet.now(), 0s, 2);
  REQUIRE_FALSE(id);
  CHECK(id.error().code == ErrorCode::connection_lost);
  CHECK(fleet.client().statistics().blocking_connections == 1);
  fleet.client().release(own, fleet.now());
  fleet.settle();
  fleet.settle();
  CHECK(fleet.client().statistics().blocking_connections == 0);
}

TEST_CASE("who cancels late cancels nothing on the connection that has its number now") {
  Exclusive fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  constexpr std::array<std::string_view, 2> words{"ECHO", "a"};
  const auto late = fleet.say_on(own, 1, words);
  fleet.break_off(1);
  fleet.client().release(own, fleet.now());
  fleet.settle();
  REQUIRE(fleet.client().open_subscription(fleet.now()).value() == own);
  const auto late_wait = fleet.client().next_message(own, fleet.now(), 0s, 2);
  fleet.client().close_subscription(own, fleet.now());
  fleet.settle();
  fleet.drive();
  REQUIRE(fleet.client().open_exclusive(fleet.now()).value() == own);
  fleet.take_events();
  fleet.say_on(own, 3, words);
  fleet.client().cancel(*late, fleet.now());
  fleet.client().cancel(*late_wait, fleet.now());
  fleet.settle();
  CHECK(fleet.take_events().empty());
  fleet.say(1, testing::bulk_reply("a"));
  CHECK(fleet.take_events() == Lines{"3: \"a\""});
}

TEST_CASE("what blocks there has its own time, and the timeout behind it") {
  Exclusive fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  constexpr std::array<std::string_view, 3> words{"WAIT", "1", "2000"};
  CommandView wait;
  wait.more_args = words;
  wait.block_time = 2s;
  fleet.note(1, fleet.client().submit_to(own, wait, fleet.now(), 250ms, 1));
  fleet.drive();
  fleet.advance(2249ms);
  CHECK(fleet.take_events().empty());
  fleet.advance(1ms);
  CHECK(fleet.take_events() == Lines{"1: timed_out (maybe)"});
}

TEST_CASE("the end of the client takes it along, and may be followed by its user's") {
  Exclusive fleet;
  const ConnectionId own = fleet.client().open_exclusive(fleet.now()).value();
  fleet.watch(own, 1);
  fleet.take_events();
  fleet.client().abort();
  fleet.settle();
  CHECK(fleet.take_events() == Lines{"closed: closed"});
  fleet.watch(own, 2);
  CHECK(fleet.take_events() == Lines{"2: refused, the client was closed"});
  fleet.client().release(own, fleet.now());
}

}  // namespace
}  // namespace plimsoll::exclusive_test
