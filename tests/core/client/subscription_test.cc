#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/fleet.h"
#include "plimsoll/tests/core/client/subscribed.h"

// Subscriptions: confirmed, restored after a loss, and messages in a queue that is bounded.

namespace plimsoll::subscription_test {
namespace {

using namespace std::chrono_literals;
using testing::confirmation;
using testing::Fleet;
using testing::Lines;
using testing::message;
using testing::push;
using testing::Subscribed;
using testing::three;

TEST_CASE("a subscription is complete when every name is confirmed") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.subscribe(1, three);
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE a b c"});
  fleet.say(1, confirmation({"SUBSCRIBE", "a", "b"}));
  CHECK(fleet.take_events().empty());
  fleet.say(1, confirmation({"SUBSCRIBE", "c"}));
  CHECK(fleet.take_events() == Lines{"1: push [\"subscribe\", \"c\", 1]"});
  CHECK(fleet.statistics().names == 3);
}

// What comes lies in segments, and a word may begin in one and end in the next.
TEST_CASE("a confirmation is known wherever it is cut") {
  for (std::size_t cut = 0; cut < 60; ++cut) {
    Subscribed fleet;
    const std::size_t before = message("").size() + 4 + 160;  // the length's digits, the handshake
    fleet.say(1, message(std::string(segment_capacity - before - cut, 'x')));
    fleet.subscribe(1, three);
    INFO(cut);
    CHECK(fleet.take_events().size() == 1);
    CHECK(fleet.statistics().received == 1);
  }
}

// What is there for the rare case lies elsewhere: on a small line, each client's subscription takes
// a part of what the handshakes of others need.
TEST_CASE("an idle subscription is small") { CHECK(sizeof(Subscription) <= 640); }

TEST_CASE("a refused subscription leaves nothing behind, and the next one is taken") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) {
    return "-NOPERM No permissions to access a channel\r\n";
  });
  fleet.subscribe(1, three);
  CHECK(fleet.take_events() ==
        Lines{"1: error \"NOPERM No permissions to access a channel\" permission_denied (no)"});
  CHECK(fleet.statistics().names == 0);
  fleet.set_script(
      [](std::uint32_t, const testing::Words& request) { return confirmation(request); });
  fleet.subscribe(2, three, SubscriptionKind::pattern);
  CHECK(fleet.take_events() == Lines{"2: push [\"psubscribe\", \"c\", 1]"});
}

TEST_CASE("a reply where a confirmation is due is an error of that request, whatever it is") {
  for (const char* const reply : {"+OK\r\n", "$2\r\nOK\r\n", ":1\r\n", "_\r\n", "*0\r\n"}) {
    INFO(reply);
    Subscribed fleet;
    fleet.set_script([reply](std::uint32_t, const testing::Words&) { return std::string(reply); });
    fleet.subscribe(1, three);
    const Lines told = fleet.take_events();
    REQUIRE(!told.empty());
    CHECK(told.front().find("server_error (maybe") != std::string::npos);
    CHECK(fleet.statistics().names == 0);
  }
}

TEST_CASE("messages come in order, whether somebody waits or not") {
  Subscribed fleet;
  SECTION("as they are") {}
  SECTION("taken along") { fleet.keep_replies(); }
  fleet.subscribe_to_news();
  fleet.next(1);
  fleet.say(1, message("one") + message("two") + message("three"));
  CHECK(fleet.take_events() == Lines{"1: push [\"message\", \"news\", \"one\"]"});
  fleet.next(2);
  fleet.next(3);
  CHECK(fleet.take_events() == Lines{"2: push [\"message\", \"news\", \"two\"]",
                                     "3: push [\"message\", \"news\", \"three\"]"});
  CHECK(fleet.statistics().received == 3);
  CHECK(fleet.statistics().lost == 0);
}

TEST_CASE("one user waits at a time") {
  Subscribed fleet;
  fleet.next(1);
  fleet.next(2);
  CHECK(fleet.take_events() ==
        Lines{"2: refused, another call waits for the next message of this subscription already"});
}

TEST_CASE("waiting ends by its timeout or by cancel(), and no message is lost thereby") {
  Subscribed fleet;
  fleet.subscribe_to_news();
  SECTION("timeout") {
    fleet.next(1, 1s);
    fleet.advance(1s);
    CHECK(fleet.take_events() == Lines{"1: timed_out (no)"});
  }
  SECTION("cancel") {
    const auto id = fleet.next(1);
    fleet.client().cancel(*id, fleet.now());
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"1: cancelled (no)"});
    fleet.client().cancel(*id, fleet.now());
  }
  fleet.say(1, message("one"));
  fleet.next(2);
  CHECK(fleet.take_events() == Lines{"2: push [\"message\", \"news\", \"one\"]"});
}

TEST_CASE("the newest messages are kept, as many as subscription_messages_max, the rest counted") {
  Subscribed fleet({.subscription_messages_max = 3});
  fleet.subscribe_to_news();
  for (int i = 0; i < 10; ++i) fleet.say(1, message(std::to_string(i)));
  CHECK(fleet.statistics().lost == 7);
  CHECK(fleet.statistics().queued == 3);
  fleet.next(1);
  CHECK(fleet.take_events() == Lines{"1: push [\"message\", \"news\", \"7\"]"});
}

TEST_CASE("messages are bounded by the pushes pool, which is empty when they are gone") {
  Subscribed fleet({.subscription_messages_max = 1'000'000});
  fleet.subscribe_to_news();
  const std::string text(8192, 'x');
  for (int i = 0; i < 2000; ++i) fleet.say(1, message(text));
  const SubscriptionStatistics full = fleet.statistics();
  CHECK(full.queued > 100);
  CHECK(full.lost > 0);
  CHECK(full.queued + full.lost == 2000);
  fleet.client().close_subscription(fleet.connection, fleet.now());
  fleet.settle();
  fleet.settle();
  CHECK(fleet.client().statistics().subscriptions == 0);
}

TEST_CASE("what is missing is told at its place, also what was too large to be shown") {
  Subscribed fleet({.subscription_messages_max = 2, .reply_bytes_max = reply_bytes_max_min});
  fleet.subscribe_to_news();
  for (const char* text : {"1", "2", "3"}) fleet.say(1, message(text));
  fleet.say(1, message(std::string(reply_bytes_max_min, 'x')));
  fleet.next(1);
  fleet.settle();
  CHECK(fleet.client().messages_missed().lost == 1);
  fleet.next(2);
  fleet.settle();
  CHECK(fleet.client().messages_missed().lost == 0);
  fleet.next(3);
  fleet.say(1, message("4"));
  CHECK(fleet.client().messages_missed().lost == 1);
  CHECK(fleet.statistics().lost == 2);
  CHECK(fleet.statistics().received == 5);
}

TEST_CASE("what is subscribed is restored on a new connection, many names in few requests") {
  Subscribed fleet;
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) texts.push_back("channel-" + std::to_string(i));
  const std::vector<std::string_view> names(texts.begin(), texts.end());
  fleet.subscribe(1, names);
  fleet.subscribe(2, three, SubscriptionKind::pattern);
  fleet.take_requests(1);
  fleet.take_events();
  fleet.break_off(1);
  fleet.reconnect();
  std::size_t restored = 0;
  for (const std::string& line : fleet.take_requests(1)) {
    restored += static_cast<std::size_t>(std::count(line.begin(), line.end(), ' '));
  }
  CHECK(restored == 303);
  CHECK(fleet.take_events().empty());
  CHECK(fleet.statistics().gaps == 1);
  CHECK(fleet.statistics().names == 303);
}

TEST_CASE("names whose connection is lost while they are restored are asked for once by the next") {
  Subscribed fleet;
  fleet.subscribe_to_news();
  constexpr std::array<std::string_view, 1> pattern{"a*"};
  fleet.subscribe(2, pattern, SubscriptionKind::pattern);
  fleet.take_events();
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  for (int i = 0; i < 2; ++i) {
    fleet.take_requests(1);
    fleet.break_off(1);
    fleet.reconnect();
    CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news"});
  }
  fleet.say(1, confirmation({"SUBSCRIBE", "news"}));
  fleet.drive();
  CHECK(fleet.take_requests(1) == Lines{"PSUBSCRIBE a*"});
  fleet.say(1, "-NOPERM no\r\n");
  fleet.drive();
  CHECK(fleet.statistics().refused == 1);
  CHECK(fleet.statistics().names == 1);
}

TEST_CASE("a subscription that was not confirmed yet is sent again, and completes") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.subscribe(1, three);
  fleet.say(1, confirmation({"SUBSCRIBE", "a", "b"}));
  fleet.break_off(1);
  fleet.reconnect();
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE a b c", "SUBSCRIBE a b c"});
  fleet.say(1, confirmation({"SUBSCRIBE", "a", "b"}));
  CHECK(fleet.take_events().empty());
  fleet.say(1, confirmation({"SUBSCRIBE", "c"}));
  CHECK(fleet.take_events() == Lines{"1: push [\"subscribe\", \"c\", 1]"});
}

TEST_CASE("a name that two have asked for is restored if one of them has got it") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  constexpr std::array<std::string_view, 1> news{"news"};
  const auto first = fleet.subscribe(1, news);
  const auto second = fleet.subscribe(2, news);
  const bool keeps_first = GENERATE(true, false);
  fleet.client().cancel(keeps_first ? *second : *first, fleet.now());
  fleet.settle();
  fleet.say(1, confirmation({"SUBSCRIBE", "news"}) + confirmation({"SUBSCRIBE", "news"}));
  CHECK(fleet.statistics().names == 1);
  fleet.take_events();
  fleet.take_requests(1);
  fleet.break_off(1);
  fleet.reconnect();
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news"});
}

TEST_CASE("what is unsubscribed is not restored") {
  Subscribed fleet;
  fleet.subscribe(1, three);
  constexpr std::array<std::string_view, 2> two{"a", "b"};
  fleet.note(2, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::channel, two,
                                           fleet.now(), 0s, 2));
  fleet.drive();
  fleet.take_requests(1);
  CHECK(fleet.take_events().size() == 2);
  fleet.break_off(1);
  fleet.reconnect();
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE c"});
}

TEST_CASE("unsubscribing where the server knows of nothing is no error") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) {
    return "-NOSUB 'unsubscribe' command executed not in subscribed mode\r\n";
  });
  fleet.note(1, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::channel, three,
                                           fleet.now(), 0s, 1));
  fleet.drive();
  const Lines events = fleet.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].starts_with("1: error \"NOSUB"));
  CHECK_FALSE(events[0].ends_with("(yes)"));
}

TEST_CASE("names that the server takes back no more are dropped one by one, and counted") {
  Subscribed fleet;
  fleet.subscribe(1, three);
  fleet.take_requests(1);
  fleet.set_script([](std::uint32_t, const testing::Words& request) {
    const bool refused = std::find(request.begin(), request.end(), "b") != request.end();
    return refused ? "-NOPERM no\r\n" : confirmation(request);
  });
  fleet.break_off(1);
  fleet.reconnect();
  CHECK(fleet.statistics().refused == 1);
  CHECK(fleet.statistics().names == 2);
}

TEST_CASE("a subscription whose request timed out is forgotten, and its late answer taken") {
  Subscribed fleet;
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.subscribe(1, three, SubscriptionKind::channel, 100ms);
  fleet.advance(100ms);
  CHECK(fleet.take_events() == Lines{"1: timed_out (maybe)"});
  CHECK(fleet.statistics().names == 0);
  fleet.say(1, confirmation({"SUBSCRIBE", "a", "b", "c"}));
  fleet.subscribe(2, three);
  fleet.say(1, confirmation({"SUBSCRIBE", "a", "b", "c"}));
  CHECK(fleet.take_events() == Lines{"2: push [\"subscribe\", \"c\", 1]"});
}

// Subscribed by a client that speaks RESP2, on connection 1.
struct SubscribedInResp2 : Fleet {
  explicit SubscribedInResp2(ClientOptions options = {}) : Fleet(in_resp2(options)) {
    set_script(
        [](std::uint32_t, const testing::Words& request) { return confirmation(request, "*"); });
    connect();
    connection = client().open_subscription(now()).value();
    settle();
    drive();
    note(1, client().subscribe(connection, SubscriptionKind::channel, three, now(), 0s, 1));
    drive();
    CHECK(take_events() == Lines{"1: [\"subscribe\", \"c\", 1]"});
  }

  static ClientOptions in_resp2(ClientOptions options) {
    options.protocol = Protocol::resp2;
    return options;
  }

  ConnectionId connection{};
};

TEST_CASE("in RESP2 messages and confirmations are arrays, and PING is still answered") {
  SubscribedInResp2 fleet;
  fleet.note(2, fleet.client().next_message(fleet.connection, fleet.now(), 0s, 2));
  fleet.say(1, push({"message", "a", "text"}, "*"));
  CHECK(fleet.take_events() == Lines{"2: [\"message\", \"a\", \"text\"]"});
  fleet.advance(5s);
  fleet.drive();
  fleet.say(1, push({"pong", ""}, "*"));
  fleet.advance(10s);
  fleet.drive();
  CHECK(fleet.is_open(1));
}

TEST_CASE("in RESP2 a message that is too large is lost alone, as in RESP3") {
  SubscribedInResp2 fleet({.reply_bytes_max = reply_bytes_max_min});
  fleet.say(1, push({"message", "a", std::string(reply_bytes_max_min, 'x')}, "*"));
  fleet.note(2, fleet.client().next_message(fleet.connection, fleet.now(), 0s, 2));
  fleet.say(1, push({"message", "a", "text"}, "*"));
  CHECK(fleet.take_events() == Lines{"2: [\"message\", \"a\", \"text\"]"});
  CHECK(fleet.client().messages_missed().lost == 1);
  CHECK(fleet.is_open(1));
}

TEST_CASE("closing a subscription ends the wait, and the client's end ends all") {
  Subscribed fleet;
  fleet.next(1);
  SECTION("its user closes it") {
    fleet.client().close_subscription(fleet.connection, fleet.now());
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"1: closed (no)"});
    CHECK_FALSE(fleet.is_open(1));
  }
  SECTION("the client is closed") {
    fleet.client().abort();
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"1: closed (no)", "closed: closed"});
    fleet.next(2);
    CHECK(fleet.take_events() == Lines{"2: refused, the client was closed"});
    CHECK(fleet.statistics().names == 0);
    fleet.client().close_subscription(fleet.connection, fleet.now());
  }
}

}  // namespace
}  // namespace plimsoll::subscription_test
