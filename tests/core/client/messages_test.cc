#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// Messages of a subscription, several at a time, and what is missing before them.

namespace plimsoll::messages_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Fleet;
using testing::Lines;

std::string push(std::string_view kind, std::string_view last) {
  return ">3\r\n" + bulk_reply(std::string(kind)) + bulk_reply("news") + std::string(last);
}
std::string message(const std::string& text) { return push("message", bulk_reply(text)); }
std::string shown(const std::string& text) {
  return R"(push ["message", "news", ")" + text + "\"]";
}

struct Listening : Fleet {
  explicit Listening(const ClientOptions& options = {}) : Fleet(options) {
    set_script([](std::uint32_t, const testing::Words&) { return push("subscribe", ":1\r\n"); });
    connect();
    connection = client().open_subscription(now()).value();
    settle();
    drive();
    constexpr std::array<std::string_view, 1> names{"news"};
    note(900, client().subscribe(connection, SubscriptionKind::channel, names, now(), 0s, 900));
    drive();
    REQUIRE(take_events().size() == 1);
  }

  std::optional<RequestId> next(Tag tag, std::size_t messages_max, Duration timeout = 0s) {
    const auto id =
        note(tag, client().next_messages(connection, messages_max, now(), timeout, tag));
    drive();
    return id;
  }

  ConnectionId connection{};
};

TEST_CASE("who wants several messages is told all that are there, and then that these are all") {
  Listening fleet;
  fleet.next(1, 10);
  fleet.say(1, message("one") + message("two"));
  CHECK(fleet.take_events() == Lines{shown("one"), shown("two"), "1: "});
  fleet.say(1, message("three") + message("four") + message("five"));
  CHECK(fleet.take_events().empty());
  SECTION("those that were kept") {
    fleet.next(2, 10);
    CHECK(fleet.take_events() == Lines{shown("three"), shown("four"), shown("five"), "2: "});
  }
  SECTION("as many as are wanted: the last one ends it") {
    fleet.next(2, 2);
    CHECK(fleet.take_events() == Lines{shown("three"), "2: " + shown("four")});
    fleet.next(3, 2);
    CHECK(fleet.take_events() == Lines{shown("five"), "3: "});
  }
  SECTION("taken along") {
    fleet.keep_replies();
    fleet.next(2, 3);
    CHECK(fleet.take_events() == Lines{shown("three"), shown("four"), "2: " + shown("five")});
  }
}

void read(Fleet& fleet, ConnectionId connection, std::string_view bytes) {
  const std::span<char> room = fleet.client().read_space(connection);
  REQUIRE(room.size() >= bytes.size());
  bytes.copy(room.data(), bytes.size());
  fleet.client().handle_read(connection, bytes.size(), fleet.now());
}

TEST_CASE("messages in a crowd follow one another, as many as are wanted, and then come others") {
  Listening fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  const std::array<std::string_view, 2> get{"GET", "k"};
  CommandView command;
  command.args = get;
  fleet.note(1, fleet.client().submit(command, fleet.now(), 0s, 1));
  fleet.next(2, 2);

  read(fleet, fleet.connection, message("one") + message("two") + message("three"));
  CHECK(fleet.client().poll_event()->kind == Event::Kind::pushed);
  read(fleet, first_connection, bulk_reply("a value of some length"));
  CHECK(fleet.client().poll_event()->tag == 2);
  CHECK(fleet.client().messages_missed().lost == 0);
  const auto other = fleet.client().poll_event();
  CHECK(other->tag == 1);
  CHECK(fleet.client().keep_reply()->value().as_bytes()->view() == "a value of some length");
  CHECK_FALSE(fleet.client().poll_event());
  fleet.next(3, 1);
  CHECK(fleet.take_events() == Lines{"3: " + shown("three")});
}

TEST_CASE("a connection that is lost between two messages says so") {
  Listening fleet;
  fleet.next(1, 10);
  read(fleet, fleet.connection, message("one") + "*no message\r\n" + message("two"));
  fleet.settle();
  CHECK(fleet.take_events() == Lines{shown("one"), "1: "});
  CHECK(fleet.client().subscription_statistics(fleet.connection).gaps == 1);
}

TEST_CASE("who wants several messages and gets none is told why") {
  Listening fleet;
  const auto id = fleet.next(1, 10);
  fleet.client().cancel(*id, fleet.now());
  fleet.settle();
  CHECK(fleet.take_events() == Lines{"1: cancelled (no)"});
  fleet.next(2, 10, 5ms);
  fleet.advance(5ms);
  CHECK(fleet.take_events() == Lines{"2: timed_out (no)"});
  fleet.next(3, 10);
  fleet.client().close_subscription(fleet.connection, fleet.now());
  fleet.drive();
  fleet.settle();
  CHECK(fleet.take_events() == Lines{"3: closed (no)"});
}

TEST_CASE("a message says how many were lost before it") {
  Listening fleet({.subscription_messages_max = 2});
  fleet.say(1, message("one") + message("two") + message("three"));
  fleet.next(1, 1);
  CHECK(fleet.take_events() == Lines{"1: " + shown("two")});
  CHECK(fleet.client().messages_missed().lost == 1);
  fleet.next(2, 1);
  CHECK(fleet.client().messages_missed().lost == 0);
}

TEST_CASE("the figures of a subscription can be asked for until the client is over") {
  Listening fleet;
  fleet.client().close(fleet.now());
  CHECK(fleet.client().subscription_statistics(fleet.connection).names == 1);
  fleet.settle();
  fleet.drive();
  fleet.settle();
  CHECK(fleet.client().subscription_statistics(fleet.connection).names == 0);
}

}  // namespace
}  // namespace plimsoll::messages_test
