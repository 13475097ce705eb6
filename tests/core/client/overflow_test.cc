#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// What becomes of the messages of a subscription that has no room for more: each policy at its
// bound, by count and by bytes, in both protocols. Always: received is taken, queued or lost.

namespace plimsoll::overflow_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Fleet;
using testing::Lines;

constexpr std::size_t mib = 1024 * 1024;

// What stands between the last quotes.
std::string text_of(const std::string& line) {
  const std::size_t end = line.rfind('"');
  const std::size_t begin = line.rfind('"', end - 1) + 1;
  return line.substr(begin, end - begin);
}

Lines numbers(int from, int to) {
  Lines all;
  for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
  return all;
}

struct Slow : Fleet {
  Slow(OverflowPolicy overflow, std::uint32_t messages_max, Protocol protocol = Protocol::resp3,
       const BudgetOptions& budget = {})
      : Fleet({.protocol = protocol,
               .subscription_messages_max = messages_max,
               .subscription_overflow = overflow,
               .reply_bytes_max = reply_bytes_max_min * 4},
              budget),
        sign(protocol == Protocol::resp2 ? "*" : ">") {
    set_script([this](std::uint32_t, const testing::Words& request) {
      std::string kind = request[0];
      for (char& c : kind) c = static_cast<char>(c - 'A' + 'a');
      return sign + "3\r\n" + bulk_reply(kind) + bulk_reply("news") + ":1\r\n";
    });
    connect();
    connection = client().open_subscription(now()).value();
    settle();
    drive();
    note(900, client().subscribe(connection, SubscriptionKind::channel, news, now(), 0s, 900));
    drive();
    REQUIRE(take_events().size() == 1);
    take_requests(1);
  }

  std::string frame(const std::string& text) const {
    return sign + "3\r\n" + bulk_reply("message") + bulk_reply("news") + bulk_reply(text);
  }
  // Messages "from" to "to - 1", in one piece.
  void publish(int from, int to) {
    std::string all;
    for (int i = from; i < to; ++i) all += frame(std::to_string(i));
    say(1, all);
  }

  std::optional<RequestId> next(std::size_t messages_max = 1) {
    return note(1, client().next_messages(connection, messages_max, now(), 0s, 1));
  }

  // The text of the next message, and how many are missing before it: "3 (2 lost)". None is there:
  // empty.
  std::string take() {
    const auto id = next();
    const Lines told = take_events();
    if (told.empty()) {
      client().cancel(*id, now());
      settle();
      REQUIRE(take_events() == Lines{"1: cancelled (no)"});
      return {};
    }
    REQUIRE(told.size() == 1);
    ++taken;
    const std::uint64_t lost = client().messages_missed().lost;
    return text_of(told.front()) + (lost > 0 ? " (" + std::to_string(lost) + " lost)" : "");
  }
  Lines take_all() {
    Lines all;
    for (std::string text = take(); !text.empty(); text = take()) all.push_back(text);
    return all;
  }

  SubscriptionStatistics statistics() {
    const SubscriptionStatistics all = client().subscription_statistics(connection);
    CHECK(all.received == taken + all.queued + all.lost);
    return all;
  }

  bool paused() { return client().is_paused(connection); }

  static constexpr std::array<std::string_view, 1> news{"news"};
  const std::string sign;
  ConnectionId connection{};
  std::uint64_t taken = 0;
};

TEST_CASE("drop_oldest keeps the newest messages, and says how many it lost before them") {
  Slow fleet(OverflowPolicy::drop_oldest, 3, GENERATE(Protocol::resp3, Protocol::resp2));
  fleet.publish(0, 10);
  CHECK(fleet.statistics().queued == 3);
  CHECK(fleet.statistics().lost == 7);
  CHECK(fleet.take_all() == Lines{"7 (7 lost)", "8", "9"});
  CHECK(fleet.statistics().received == 10);
}

TEST_CASE("drop_newest keeps the oldest messages, and says how many it lost behind them") {
  Slow fleet(OverflowPolicy::drop_newest, 3, GENERATE(Protocol::resp3, Protocol::resp2));
  fleet.publish(0, 10);
  CHECK(fleet.statistics().queued == 3);
  CHECK(fleet.statistics().lost == 7);
  CHECK(fleet.take() == "0");
  fleet.publish(10, 12);
  CHECK(fleet.take_all() == Lines{"1", "2", "10 (7 lost)"});
  fleet.publish(12, 13);
  CHECK(fleet.take_all() == Lines{"12 (1 lost)"});
}

TEST_CASE("pause_reading reads nothing while the queue is full, and loses nothing") {
  Slow fleet(OverflowPolicy::pause_reading, 3, GENERATE(Protocol::resp3, Protocol::resp2));
  fleet.publish(0, 3);
  CHECK_FALSE(fleet.statistics().paused);
  fleet.publish(3, 10);
  CHECK(fleet.statistics().paused);
  CHECK(fleet.statistics().received == 3);
  fleet.publish(10, 20'000);
  CHECK(fleet.unread_bytes(1) > 0);
  CHECK(fleet.statistics().queued == 3);
  CHECK(fleet.take_all() == numbers(0, 20'000));
  CHECK(fleet.unread_bytes(1) == 0);
  CHECK_FALSE(fleet.statistics().paused);
  CHECK(fleet.statistics().received == 20'000);
  CHECK(fleet.statistics().lost == 0);
  CHECK(fleet.statistics().queued_bytes == 0);
}

TEST_CASE("of a paused subscription somebody may take more at a time than its queue holds") {
  Slow fleet(OverflowPolicy::pause_reading, 2);
  fleet.publish(0, 10);
  fleet.keep_replies();
  fleet.next(7);
  Lines told = fleet.take_events();
  REQUIRE(told.size() == 7);
  for (int i = 0; i < 7; ++i)
    CHECK(text_of(told[static_cast<std::size_t>(i)]) == std::to_string(i));
  fleet.next(7);
  told = fleet.take_events();
  REQUIRE(told.size() == 4);
  CHECK(text_of(told[2]) == "9");
  CHECK(told[3] == "1: ");
}

TEST_CASE("a queue is bounded by bytes as by count, whatever becomes of the rest") {
  const auto overflow = GENERATE(OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest,
                                 OverflowPolicy::pause_reading);
  const auto protocol = GENERATE(Protocol::resp3, Protocol::resp2);
  Slow fleet(overflow, 1'000'000, protocol, {.memory_limit = mib});
  const std::string padding(500, 'x');
  for (int i = 0; i < 1000; ++i) fleet.say(1, fleet.frame(padding + std::to_string(i)));
  const SubscriptionStatistics full = fleet.statistics();
  CHECK(full.queued > 10);
  CHECK(full.queued_bytes > full.queued * 500);
  CHECK(full.queued_bytes < mib / 10);
  const Lines taken = fleet.take_all();
  const SubscriptionStatistics end = fleet.statistics();
  CHECK(end.received == 1000);
  CHECK(end.queued_bytes == 0);
  switch (overflow) {
    case OverflowPolicy::drop_oldest:
      CHECK(taken.size() == full.queued);
      CHECK(taken.front() ==
            padding + std::to_string(full.lost) + " (" + std::to_string(full.lost) + " lost)");
      CHECK(taken.back() == padding + "999");
      break;
    case OverflowPolicy::drop_newest:
      CHECK(taken.front() == padding + "0");
      CHECK(taken.size() == full.queued);
      CHECK(end.lost == 1000 - full.queued);
      break;
    case OverflowPolicy::pause_reading:
      CHECK(full.paused);
      CHECK(taken.size() == 1000);
      CHECK(taken.back() == padding + "999");
      CHECK(end.lost == 0);
      break;
  }
}

TEST_CASE("a message that is too large is lost at its place, in every policy") {
  Slow fleet(GENERATE(OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest,
                      OverflowPolicy::pause_reading),
             10);
  fleet.publish(0, 2);
  fleet.say(1, fleet.frame(std::string(4 * reply_bytes_max_min, 'x')));
  fleet.publish(2, 4);
  CHECK(fleet.statistics().lost == 1);
  CHECK(fleet.take_all() == Lines{"0", "1", "2 (1 lost)", "3"});
}

TEST_CASE("a message for which memory is refused is lost and counted, or held") {
  const auto overflow = GENERATE(OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest,
                                 OverflowPolicy::pause_reading);
  for (std::size_t granted = 0; granted < 2; ++granted) {
    Slow fleet(overflow, 10);
    INFO("refused after " << granted);
    fleet.publish(0, 1);
    CHECK(fleet.take() == "0");
    fleet.memory().refuse_one_after(granted);
    fleet.publish(1, 2);
    CHECK(fleet.memory().has_refused());
    const bool held = overflow == OverflowPolicy::pause_reading;
    CHECK(fleet.statistics().queued == 0);
    CHECK(fleet.statistics().lost == (held ? 0 : 1));
    CHECK(fleet.paused() == held);
    fleet.publish(2, 3);
    // What is held goes straight to the one who waits: no memory is needed for it.
    CHECK(fleet.take_all() == (held ? Lines{"1", "2"} : Lines{"2 (1 lost)"}));
    CHECK(fleet.statistics().received == 3);
  }
}

TEST_CASE("a paused connection is not dead, and is asked for signs of life once it is read again") {
  Slow fleet(OverflowPolicy::pause_reading, 1);
  fleet.publish(0, 3);
  fleet.note(2, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::channel, Slow::news,
                                           fleet.now(), 100ms, 2));
  fleet.drive();
  CHECK(fleet.unread_bytes(1) > 0);
  fleet.advance(100ms);
  CHECK(fleet.take_events() == Lines{"2: timed_out (maybe)"});
  fleet.advance(1h);
  fleet.drive();
  CHECK(fleet.is_open(1));
  CHECK(fleet.paused());
  CHECK(fleet.take() == "0");
  CHECK(fleet.take() == "1");
  CHECK(fleet.unread_bytes(1) == 0);
  CHECK_FALSE(fleet.paused());
  fleet.advance(5s - 1ns);
  CHECK(fleet.client().unsent_connections() == 0);
  fleet.advance(1ns);
  CHECK(fleet.client().unsent_connections() == 0b11);
  fleet.drive();
  CHECK(fleet.is_open(1));
  CHECK(fleet.statistics().gaps == 0);
}

TEST_CASE("a reply that is owed to nobody has its time anew once a paused connection is read") {
  Slow fleet(OverflowPolicy::pause_reading, 1);
  fleet.set_script([](std::uint32_t, const testing::Words&) { return ""; });
  fleet.note(2, fleet.client().subscribe(fleet.connection, SubscriptionKind::channel, Slow::news,
                                         fleet.now(), 100ms, 2));
  fleet.drive();
  fleet.advance(100ms);
  CHECK(fleet.take_events() == Lines{"2: timed_out (maybe)"});
  fleet.advance(4s);
  fleet.publish(0, 2);
  fleet.advance(1h);
  CHECK(fleet.is_open(1));
  CHECK(fleet.take_all() == numbers(0, 2));
  fleet.advance(5s - 1ns);
  CHECK(fleet.is_open(1));
  fleet.advance(1ns);
  CHECK_FALSE(fleet.is_open(1));
  CHECK(fleet.statistics().gaps == 1);
}

TEST_CASE("what is asked for while reading is paused is confirmed behind what was not read") {
  Slow fleet(OverflowPolicy::pause_reading, 2);
  fleet.publish(0, 5);
  fleet.note(2, fleet.client().subscribe(fleet.connection, SubscriptionKind::channel, Slow::news,
                                         fleet.now(), 0s, 2));
  fleet.drive();
  CHECK(fleet.take_requests(1) == Lines{"SUBSCRIBE news"});
  CHECK(fleet.take_events().empty());
  CHECK(fleet.take() == "0");
  CHECK(fleet.take() == "1");
  fleet.next();
  const Lines told = fleet.take_events();
  REQUIRE(told.size() == 2);
  CHECK(text_of(told[0]) == "2");
  CHECK(told[1] == "2: push [\"subscribe\", \"news\", 1]");
}

TEST_CASE("a paused subscription can be closed, and its client") {
  Slow fleet(OverflowPolicy::pause_reading, 1);
  fleet.publish(0, 5000);
  CHECK(fleet.unread_bytes(1) > 0);
  SECTION("the subscription") {
    fleet.client().close_subscription(fleet.connection, fleet.now());
    fleet.settle();
    CHECK_FALSE(fleet.is_open(1));
    fleet.settle();
    CHECK(fleet.client().statistics().subscriptions == 0);
  }
  SECTION("the subscription, while it is owed something: what comes before that is lost") {
    fleet.note(2, fleet.client().unsubscribe(fleet.connection, SubscriptionKind::channel,
                                             Slow::news, fleet.now(), 0s, 2));
    fleet.drive();
    fleet.client().close_subscription(fleet.connection, fleet.now());
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"2: push [\"unsubscribe\", \"news\", 1]"});
    CHECK_FALSE(fleet.is_open(1));
  }
  SECTION("the client") {
    fleet.client().close(fleet.now());
    fleet.settle();
    fleet.drive();
    CHECK(fleet.take_events() == Lines{"closed: closed"});
  }
  SECTION("the client, at once") {
    fleet.client().abort();
    fleet.settle();
    CHECK(fleet.take_events() == Lines{"closed: closed"});
  }
}

TEST_CASE("with a paused connection goes what was not read: a gap, behind what is queued") {
  Slow fleet(OverflowPolicy::pause_reading, 2);
  fleet.publish(0, 5000);
  fleet.break_off(1);
  CHECK_FALSE(fleet.paused());
  while (!fleet.is_open(1)) {
    fleet.advance_to_timeout();
    fleet.drive();
  }
  fleet.publish(7000, 7004);
  CHECK(fleet.paused());
  CHECK(fleet.take() == "0");
  CHECK(fleet.take() == "1");
  CHECK(fleet.client().messages_missed().gaps == 0);
  CHECK(fleet.take() == "7000");
  CHECK(fleet.client().messages_missed().gaps == 1);
  CHECK(fleet.take_all() == numbers(7001, 7004));
  CHECK(fleet.statistics().lost == 0);
}

TEST_CASE("who pauses leaves the progress reserve to others, and loses nothing where it is dry") {
  Slow fleet(OverflowPolicy::pause_reading, 1'000'000, Protocol::resp3, {.memory_limit = mib});
  // Cut where they come, so that one message begins in a segment and ends in the next.
  std::string all;
  for (int i = 0; i < 3000; ++i) all += fleet.frame(std::string(90, 'x') + std::to_string(i));
  for (std::size_t at = 0; at < all.size(); at += 1000) fleet.say(1, all.substr(at, 1000));
  CHECK(fleet.statistics().paused);
  CHECK(fleet.take_all().size() == 3000);
  CHECK(fleet.statistics().lost == 0);
}

TEST_CASE("a queue that drops gives back what others need, and counts it as lost") {
  const auto overflow = GENERATE(OverflowPolicy::drop_oldest, OverflowPolicy::drop_newest);
  Slow fleet(overflow, 1'000'000, Protocol::resp3, {.memory_limit = 4 * mib});
  const ConnectionId other = fleet.client().open_subscription(fleet.now()).value();
  fleet.settle();
  fleet.drive();
  const std::string padding(500, 'x');
  for (int i = 0; i < 1000; ++i) fleet.say(1, fleet.frame(padding + std::to_string(i)));
  const SubscriptionStatistics full = fleet.statistics();
  REQUIRE(full.lost > 0);
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < 1000; ++i) fleet.say(2, fleet.frame(padding));
    for (int i = 0; i < 10; ++i) fleet.advance(100ms);
  }
  const SubscriptionStatistics evened_out = fleet.statistics();
  const std::size_t others = fleet.client().subscription_statistics(other).queued_bytes;
  CHECK(evened_out.queued_bytes < full.queued_bytes * 2 / 3);
  CHECK(others > full.queued_bytes / 4);
  CHECK(evened_out.lost == full.lost + full.queued - evened_out.queued);
  const Lines taken = fleet.take_all();
  CHECK(taken.size() == evened_out.queued);
  const bool oldest_went = overflow == OverflowPolicy::drop_oldest;
  CHECK((taken.front() == padding + "0") != oldest_went);
  CHECK((taken.back() == padding + "999") == oldest_went);
}

}  // namespace
}  // namespace plimsoll::overflow_test
