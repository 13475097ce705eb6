#include <array>
#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// Commands that block: where they go, how they end early, and that nothing is lost thereby.

namespace plimsoll::blocking_test {
namespace {

using namespace std::chrono_literals;
using testing::Fleet;
using testing::Lines;

CommandView view(std::span<const std::string_view> words, Duration block_time = {}) {
  CommandView command;
  command.more_args = words;
  command.block_time = block_time;
  return command;
}

struct Blocking : Fleet {
  explicit Blocking(const ClientOptions& options = {}) : Fleet(options) {
    set_script([](std::uint32_t, const testing::Words& request) {
      if (request[0] == "BLPOP") return std::string();
      if (request[0] == "CLIENT") return std::string(":1\r\n");
      return testing::Peer::default_reply(request);
    });
    connect();
  }

  std::optional<RequestId> blpop(Tag tag, Duration block_time = CommandView::forever,
                                 Duration timeout = 250ms) {
    constexpr std::array<std::string_view, 3> words{"BLPOP", "list", "0"};
    const auto id = note(tag, client().submit(view(words, block_time), now(), timeout, tag));
    drive();
    return id;
  }
  void cancel(RequestId id) {
    client().cancel(id, now());
    settle();
    drive();
  }
  void echo(Tag tag, std::string_view word) {
    const std::array<std::string_view, 2> words{"ECHO", word};
    note(tag, client().submit(view(words), now(), 0s, tag));
    drive();
  }
};

const std::string element = "*2\r\n$4\r\nlist\r\n$1\r\na\r\n";

TEST_CASE("a command that blocks has a connection of its own") {
  Blocking fleet;
  fleet.blpop(1);
  CHECK(fleet.take_requests(0).empty());
  CHECK(fleet.take_requests(1) == Lines{"BLPOP list 0"});
  fleet.echo(2, "meanwhile");
  CHECK(fleet.take_events() == Lines{"2: \"meanwhile\""});
  fleet.say(1, element);
  CHECK(fleet.take_events() == Lines{"1: [\"list\", \"a\"]"});
}

TEST_CASE("the next one takes the connection that the one before has left") {
  Blocking fleet;
  for (Tag tag = 1; tag <= 3; ++tag) {
    fleet.blpop(tag);
    fleet.say(1, element);
  }
  CHECK(fleet.client().statistics().blocking_connections == 1);
  CHECK(fleet.take_events().size() == 3);
}

TEST_CASE("there are as many of them as blocking_connections_max says, and no more") {
  Blocking fleet({.blocking_connections_max = 2});
  fleet.blpop(1);
  fleet.blpop(2);
  fleet.blpop(3);
  CHECK(fleet.take_events() == Lines{"3: refused, blocking_connections_max is reached"});
  fleet.say(2, element);
  fleet.blpop(4);
  fleet.say(2, element);
  CHECK(fleet.take_events() == Lines{"2: [\"list\", \"a\"]", "4: [\"list\", \"a\"]"});
}

TEST_CASE("one that is cancelled is unblocked, and ends with what the server says then") {
  Blocking fleet;
  const auto id = fleet.blpop(1);
  fleet.cancel(*id);
  CHECK(fleet.take_requests(0) == Lines{"CLIENT UNBLOCK 101 TIMEOUT"});
  CHECK(fleet.take_events().empty());
  SECTION("nothing") {
    fleet.say(1, "_\r\n");
    CHECK(fleet.take_events() == Lines{"1: cancelled (no)"});
  }
  SECTION("an element that had been taken") {
    fleet.say(1, element);
    CHECK(fleet.take_events() == Lines{"1: [\"list\", \"a\"]"});
  }
  SECTION("an error") {
    fleet.say(1, "-UNBLOCKED by another\r\n");
    CHECK(fleet.take_events() == Lines{"1: error \"UNBLOCKED by another\" server_error (no)"});
  }
  SECTION("nothing at all: then the connection goes") {
    fleet.advance_to_timeout();
    while (fleet.is_open(1)) {
      fleet.advance_to_timeout();
      fleet.drive();
    }
    CHECK(fleet.take_events() == Lines{"1: cancelled (maybe)"});
  }
  fleet.blpop(2);
  // One that was cut may be over only after this.
  fleet.say(fleet.is_open(1) ? 1 : 2, element);
  CHECK(fleet.take_events() == Lines{"2: [\"list\", \"a\"]"});
}

TEST_CASE("a connection is not used anew while it may still be unblocked") {
  Blocking fleet;
  std::string answer;
  fleet.set_script([&answer](std::uint32_t, const testing::Words& request) {
    return request[0] == "CLIENT" ? answer : "";
  });
  const auto id = fleet.blpop(1);
  fleet.cancel(*id);
  fleet.say(1, element);
  CHECK(fleet.take_events() == Lines{"1: [\"list\", \"a\"]"});
  fleet.blpop(2);
  CHECK(fleet.take_requests(2) == Lines{"BLPOP list 0"});
  fleet.say(0, ":0\r\n");
  fleet.blpop(3);
  CHECK(fleet.take_requests(1) == Lines{"BLPOP list 0", "BLPOP list 0"});
}

TEST_CASE("a server that had not read yet what it should unblock is asked again") {
  Blocking fleet;
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    return request[0] == "CLIENT" ? ":0\r\n" : "";
  });
  const auto id = fleet.blpop(1);
  fleet.cancel(*id);
  fleet.advance(20ms);
  fleet.drive();
  CHECK(fleet.take_requests(0).size() == 2);
  fleet.say(1, "_\r\n");
  CHECK(fleet.take_events() == Lines{"1: cancelled (no)"});
  fleet.advance(20ms);
  fleet.drive();
  CHECK(fleet.take_requests(0).empty());
}

TEST_CASE("where CLIENT UNBLOCK is refused the connection goes instead") {
  Blocking fleet;
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    return request[0] == "CLIENT" ? "-NOPERM no\r\n" : "";
  });
  const auto id = fleet.blpop(1);
  fleet.cancel(*id);
  CHECK(fleet.take_events() == Lines{"1: cancelled (maybe)"});
  CHECK_FALSE(fleet.is_open(1));
}

TEST_CASE("one that was not sent yet is cancelled without the server") {
  Blocking fleet;
  fleet.refuse_connections();
  const auto id = fleet.blpop(1);
  fleet.cancel(*id);
  CHECK(fleet.take_events() == Lines{"1: cancelled (no)"});
  CHECK(fleet.take_requests(0).empty());
}

TEST_CASE("nobody is unblocked by a number that another life of the server may have given") {
  Blocking fleet({.reconnect_wait_max = 10ms});
  std::optional<RequestId> id;
  SECTION("the main connection was made again while it was blocked") {
    id = fleet.blpop(1);
    fleet.break_off(0);
  }
  SECTION("there was no main connection when it was opened") {
    fleet.break_off(0);
    id = fleet.blpop(1);
  }
  SECTION("its number is older than that of the main connection, which was there before it") {
    fleet.give_id(1, 99);
    id = fleet.blpop(1);
  }
  while (!fleet.is_open(0)) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  fleet.take_events();
  fleet.cancel(*id);
  CHECK(fleet.take_requests(0).empty());
  CHECK(fleet.take_events() == Lines{"1: cancelled (maybe)"});
  CHECK_FALSE(fleet.is_open(1));
}

TEST_CASE("idle ones are closed when the main connection is made again") {
  Blocking fleet({.reconnect_wait_max = 10ms});
  fleet.blpop(1);
  fleet.blpop(2);
  fleet.say(1, element);
  fleet.break_off(0);
  while (!fleet.is_open(0)) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  CHECK_FALSE(fleet.is_open(1));
  CHECK(fleet.is_open(2));
  fleet.say(2, element);
  CHECK_FALSE(fleet.is_open(2));
  fleet.take_events();
  const auto id = fleet.blpop(3);
  fleet.cancel(*id);
  CHECK(fleet.take_requests(0) == Lines{"CLIENT UNBLOCK 101 TIMEOUT"});
}

TEST_CASE("its deadline is its own time and the timeout behind it") {
  Blocking fleet;
  fleet.blpop(1, 2s, 250ms);
  fleet.advance(2249ms);
  fleet.drive();
  CHECK(fleet.take_requests(0).empty());
  fleet.advance(1ms);
  fleet.drive();
  CHECK(fleet.take_requests(0) == Lines{"CLIENT UNBLOCK 101 TIMEOUT"});
  fleet.say(1, "_\r\n");
  CHECK(fleet.take_events() == Lines{"1: timed_out (no)"});
}

TEST_CASE("a connection that is lost takes with it what blocks there, and nothing else") {
  Blocking fleet;
  fleet.blpop(1);
  fleet.break_off(1);
  CHECK(fleet.take_events() == Lines{"1: lost_in_doubt (maybe)"});
  CHECK(fleet.client().statistics().blocking_connections == 0);
  fleet.echo(2, "here");
  CHECK(fleet.take_events() == Lines{"2: \"here\""});
  fleet.blpop(3);
  fleet.say(1, element);
  CHECK(fleet.take_events() == Lines{"3: [\"list\", \"a\"]"});
}

TEST_CASE("without a server one that blocks ends when no connection can be made") {
  Blocking fleet;
  fleet.refuse_connections();
  fleet.blpop(1);
  while (fleet.client().statistics().blocking_connections > 0) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  CHECK(fleet.take_events() == Lines{"1: lost_unsent (no)"});
}

TEST_CASE("an idle connection is closed after a while") {
  Blocking fleet({.health_check_interval = 0s});
  fleet.blpop(1);
  fleet.say(1, element);
  fleet.advance(side_connection_idle_max);
  CHECK_FALSE(fleet.is_open(1));
  fleet.settle();
  CHECK(fleet.client().statistics().blocking_connections == 0);
}

TEST_CASE("when a client closes, nobody on the main connection waits for what blocks") {
  Blocking fleet({.close_timeout = 1s});
  fleet.blpop(1);
  fleet.refuse_connections();
  fleet.break_off(0);
  fleet.take_events();
  constexpr std::array<std::string_view, 2> words{"ECHO", "a"};
  fleet.note(2, fleet.client().submit(view(words), fleet.now(), 100ms, 2));
  fleet.client().close(fleet.now());
  fleet.settle();
  CHECK(fleet.take_events() == Lines{"2: lost_unsent (no)"});
  fleet.advance(100ms);
  CHECK(fleet.poll_timeout() > fleet.now());
  fleet.say(1, element);
  CHECK(fleet.take_events() == Lines{"1: [\"list\", \"a\"]", "closed: closed"});
}

TEST_CASE("the end of the client is the end of what blocks") {
  Blocking fleet;
  fleet.blpop(1);
  fleet.take_events();
  SECTION("at once") {
    fleet.client().abort();
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"1: lost_in_doubt (maybe)", "closed: closed"});
  }
  SECTION("in order: the reply is waited for") {
    fleet.client().close(fleet.now());
    fleet.drive();
    CHECK(fleet.take_events().empty());
    fleet.say(1, element);
    fleet.drive();
    CHECK(fleet.take_events() == Lines{"1: [\"list\", \"a\"]", "closed: closed"});
  }
  SECTION("in order: but not for ever") {
    fleet.client().close(fleet.now());
    fleet.drive();
    fleet.advance(1s);
    fleet.drive();
    CHECK(fleet.take_events() == Lines{"1: lost_in_doubt (maybe)", "closed: closed"});
  }
  CHECK_FALSE(fleet.is_open(0));
  CHECK_FALSE(fleet.is_open(1));
  fleet.blpop(2);
  CHECK(fleet.take_events() == Lines{"2: refused, the client was closed"});
}

}  // namespace
}  // namespace plimsoll::blocking_test
