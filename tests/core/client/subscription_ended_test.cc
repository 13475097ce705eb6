#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/client/subscribed.h"

// Subscriptions that the server ends by itself, as a cluster does when a slot moves, and what such
// a server answers to who ends them as well.

namespace plimsoll::subscription_ended_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::confirmation;
using testing::Lines;
using testing::message;
using testing::Subscribed;
using testing::three;

// What a server says when it ends a subscription: "s" for a shard channel.
std::string ended(const std::string& letter, const std::string& name) {
  return ">3\r\n" + bulk_reply(letter + "unsubscribe") + bulk_reply(name) + ":0\r\n";
}

struct KindOfName {
  SubscriptionKind kind;
  std::string letter;
};
const std::array<KindOfName, 3> kinds{{{SubscriptionKind::channel, ""},
                                       {SubscriptionKind::pattern, "p"},
                                       {SubscriptionKind::shard, "s"}}};

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(c - 'a' + 'A');
  return text;
}

TEST_CASE("a name that the server ends unasked is subscribed again, once, and the gap is told") {
  for (const auto& [kind, letter] : kinds) {
    Subscribed fleet;
    fleet.subscribe(1, three, kind);
    fleet.take_requests(1);
    fleet.take_events();
    fleet.next(2);
    fleet.say(1, ended(letter, "b"));
    fleet.drive();
    CHECK(fleet.take_requests(1) == Lines{upper_case(letter) + "SUBSCRIBE b"});
    CHECK(fleet.take_events().empty());
    CHECK(fleet.statistics().names == 3);
    CHECK(fleet.statistics().received == 0);
    fleet.say(1, message("behind"));
    CHECK(fleet.take_events() == Lines{"2: push [\"message\", \"news\", \"behind\"]"});
    CHECK(fleet.client().messages_missed().gaps == 1);
    CHECK(fleet.statistics().gaps == 1);
    CHECK(fleet.statistics().refused == 0);
  }
}

TEST_CASE("what the server ends unasked and takes back no more is told as its end") {
  const bool waits = GENERATE(true, false);
  Subscribed fleet;
  SECTION("as it is") {}
  SECTION("taken along") { fleet.keep_replies(); }
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_requests(1);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    return request[1] == "b" ? "-MOVED 3300 127.0.0.1:7001\r\n" : confirmation(request);
  });
  if (waits) fleet.next(2);
  fleet.say(1, ended("s", "b"));
  fleet.drive();
  CHECK(fleet.take_requests(1) == Lines{"SSUBSCRIBE b"});
  if (!waits) fleet.next(2);
  CHECK(fleet.take_events() == Lines{"2: push [\"sunsubscribe\", \"b\", 0]"});
  CHECK_FALSE(fleet.client().messages_missed().gaps > 0);
  CHECK(fleet.statistics().names == 2);
  CHECK(fleet.statistics().refused == 1);
  fleet.next(3);
  CHECK(fleet.take_events().empty());
  fleet.break_off(1);
  fleet.reconnect();
  CHECK(fleet.take_requests(1) == Lines{"SSUBSCRIBE a c"});
}

TEST_CASE("all names of a slot that moves are told, and those of other slots stay") {
  Subscribed fleet;
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    const std::string crossed = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
    const std::string moved = "-MOVED 3300 127.0.0.1:7001\r\n";
    if (request.size() > 2) return crossed;
    return request[1] == "c" ? confirmation(request) : moved;
  });
  fleet.say(1, ended("s", "a") + ended("s", "b") + ended("s", "c"));
  fleet.drive();
  fleet.next(2);
  fleet.next(3);
  fleet.next(4);
  CHECK(fleet.take_events() ==
        Lines{"2: push [\"sunsubscribe\", \"a\", 0]", "3: push [\"sunsubscribe\", \"b\", 0]"});
  CHECK(fleet.statistics().names == 1);
  CHECK(fleet.statistics().gaps == 1);
}

TEST_CASE("the end of a name is told behind the messages that came before it") {
  Subscribed fleet({.subscription_messages_max = 2});
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return "-MOVED 1 h:1\r\n"; });
  fleet.say(1, message("1") + message("2") + ended("s", "b"));
  fleet.drive();
  SECTION("in its place") {
    fleet.next(2);
    fleet.say(1, message("3"));
    fleet.next(3);
    fleet.next(4);
    CHECK(fleet.take_events() == Lines{"2: push [\"message\", \"news\", \"1\"]",
                                       "3: push [\"message\", \"news\", \"2\"]",
                                       "4: push [\"sunsubscribe\", \"b\", 0]"});
    fleet.next(5);
    CHECK(fleet.take_events() == Lines{"5: push [\"message\", \"news\", \"3\"]"});
  }
  SECTION("also if newer messages have taken their room") {
    fleet.say(1, message("3") + message("4"));
    fleet.next(2);
    CHECK(fleet.take_events() == Lines{"2: push [\"sunsubscribe\", \"b\", 0]"});
    fleet.next(3);
    CHECK(fleet.take_events() == Lines{"3: push [\"message\", \"news\", \"3\"]"});
    CHECK(fleet.client().messages_missed().lost == 2);
  }
}

TEST_CASE("names that are not restored after a loss are told as ended") {
  Subscribed fleet;
  fleet.subscribe(1, three);
  constexpr std::array<std::string_view, 1> pattern{"a*"};
  fleet.subscribe(2, pattern, SubscriptionKind::pattern);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    return request[0] == "PSUBSCRIBE" ? "-NOPERM no\r\n" : confirmation(request);
  });
  fleet.break_off(1);
  fleet.reconnect();
  fleet.next(3);
  CHECK(fleet.take_events() == Lines{"3: push [\"punsubscribe\", \"a*\", 0]"});
  CHECK(fleet.statistics().names == 3);
}

TEST_CASE("a name that is ended unasked is known wherever it is cut") {
  for (std::size_t cut = 0; cut < 40; ++cut) {
    Subscribed fleet;
    fleet.subscribe(1, three, SubscriptionKind::shard);
    fleet.take_requests(1);
    const std::size_t before = message("").size() + 4 + 260;
    fleet.say(1, message(std::string(segment_capacity - before - cut, 'x')));
    fleet.say(1, ended("s", "b"));
    fleet.drive();
    INFO(cut);
    CHECK(fleet.take_requests(1) == Lines{"SSUBSCRIBE b"});
  }
}

TEST_CASE("a name that the server ends while others are subscribed confirms none of them") {
  Subscribed fleet;
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_requests(1);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  constexpr std::array<std::string_view, 1> news{"news"};
  fleet.subscribe(2, news);
  fleet.say(1, ended("s", "b"));
  fleet.drive();
  CHECK(fleet.take_events().empty());
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news", "SSUBSCRIBE b"});
  fleet.say(1, confirmation({"SUBSCRIBE", "news"}) + confirmation({"SSUBSCRIBE", "b"}));
  CHECK(fleet.take_events() == Lines{"2: push [\"subscribe\", \"news\", 1]"});
  CHECK(fleet.statistics().names == 4);
}

TEST_CASE("a name that the server ends while another is unsubscribed is subscribed again") {
  Subscribed fleet;
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_requests(1);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  constexpr std::array<std::string_view, 2> two{"a", "c"};
  fleet.unsubscribe(2, two);
  const bool first = GENERATE(true, false);
  if (first) fleet.say(1, ended("s", "b") + ended("s", "a") + ended("s", "c"));
  if (!first) fleet.say(1, ended("s", "a") + ended("s", "b") + ended("s", "c"));
  fleet.drive();
  CHECK(fleet.take_requests(1) == Lines{"SUNSUBSCRIBE a c", "SSUBSCRIBE b"});
  CHECK(fleet.take_events().size() == 1);
  fleet.next(3);
  fleet.say(1, confirmation({"SSUBSCRIBE", "b"}) + message("on"));
  CHECK(fleet.take_events() == Lines{"3: push [\"message\", \"news\", \"on\"]"});
  CHECK(fleet.statistics().names == 1);
  CHECK(fleet.is_open(1));
}

// github.com/valkey-io/valkey issue 1066: the push is not the confirmation, it is the move's.
TEST_CASE("a SUNSUBSCRIBE that the server answers twice costs no other request its reply") {
  const char* const second =
      GENERATE("-MOVED 3300 127.0.0.1:7001\r\n", "-CLUSTERDOWN Hash slot not served\r\n",
               "-NOSUB 'sunsubscribe' command executed not in subscribed "
               "mode\r\n",
               ">3\r\n$12\r\nsunsubscribe\r\n$1\r\nb\r\n:0\r\n");
  Subscribed fleet;
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_events();
  fleet.set_script([&](std::uint32_t, const testing::Words& request) {
    return request[0] == "SUNSUBSCRIBE" ? ended("s", "b") + second : confirmation(request);
  });
  constexpr std::array<std::string_view, 1> name{"b"};
  const bool with_time = GENERATE(true, false);
  fleet.note(2, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::shard, name,
                                           fleet.now(), with_time ? 1s : 0s, 2));
  fleet.subscribe(3, name);
  fleet.drive();
  CHECK(fleet.take_events() ==
        Lines{"2: push [\"sunsubscribe\", \"b\", 0]", "3: push [\"subscribe\", \"b\", 1]"});
  fleet.next(4);
  fleet.say(1, message("on"));
  CHECK(fleet.take_events() == Lines{"4: push [\"message\", \"news\", \"on\"]"});
  CHECK(fleet.is_open(1));
  CHECK(fleet.statistics().names == 3);
  CHECK(fleet.statistics().gaps == 0);
}

TEST_CASE("a SUNSUBSCRIBE that is refused because the slot has moved has ended all the same") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    return request[0] == "SUNSUBSCRIBE" ? "-MOVED 3300 127.0.0.1:7001\r\n" : confirmation(request);
  });
  fleet.unsubscribe(1, three);
  fleet.subscribe(2, three);
  const Lines events = fleet.take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0] == "1: error \"MOVED 3300 127.0.0.1:7001\"");
  CHECK(events[1] == "2: push [\"subscribe\", \"c\", 1]");
  fleet.set_script([](std::uint32_t, const testing::Words&) { return "-NOPERM no\r\n"; });
  fleet.unsubscribe(3, three);
  CHECK(fleet.take_events() == Lines{"3: error \"NOPERM no\" permission_denied (no)"});
}

TEST_CASE("unsubscribing without a name is confirmed by a push with null") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) {
    return ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n";
  });
  constexpr std::array<std::string_view, 1> name{"never"};
  fleet.note(1, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::channel, name,
                                           fleet.now(), 0s, 1));
  fleet.drive();
  CHECK(fleet.take_events() == Lines{"1: push [\"unsubscribe\", null, 0]"});
  fleet.next(2);
  fleet.say(1, ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n" + ended("s", "nobody's"));
  CHECK(fleet.take_events().empty());
  CHECK(fleet.is_open(1));
}

TEST_CASE("reading that is paused does not hold up the end of a name") {
  Subscribed fleet(
      {.subscription_messages_max = 1, .subscription_overflow = OverflowPolicy::pause_reading});
  fleet.subscribe(1, three, SubscriptionKind::shard);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return "-MOVED 1 h:1\r\n"; });
  fleet.say(1, message("1") + ended("s", "b"));
  fleet.drive();
  CHECK_FALSE(fleet.statistics().paused);
  fleet.say(1, message("2"));
  CHECK(fleet.statistics().paused);
  CHECK(fleet.unread_bytes(1) == 0);
  fleet.say(1, message("3"));
  for (Tag tag = 2; tag < 6; ++tag) fleet.next(tag);
  CHECK(fleet.take_events() ==
        Lines{"2: push [\"message\", \"news\", \"1\"]", "3: push [\"sunsubscribe\", \"b\", 0]",
              "4: push [\"message\", \"news\", \"2\"]", "5: push [\"message\", \"news\", \"3\"]"});
  CHECK(fleet.statistics().lost == 0);
}

}  // namespace
}  // namespace plimsoll::subscription_ended_test
