#include "plimsoll/core/client/sentinels.h"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/sentinel_world.h"

// A client that asks sentinels: where it goes, when it leaves, what it says if it finds no primary.

namespace plimsoll::client_sentinels_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::SentinelScript;
using testing::SentinelWorld;
using testing::Words;

std::string sentinel_at(int number) { return "s" + std::to_string(number) + ":26379"; }

TEST_CASE("the client goes to the primary that the sentinels name, and sends its requests there") {
  SentinelWorld world(3);
  world.add_usual();
  world.submit(1, {"SET", "k", "v"});
  world.connect();
  CHECK(world.take_events() == Lines{"ready", "1: simple \"OK\""});
  CHECK(world.main_address() == "a:6379");
  CHECK(world.server("a:6379").keys_set == std::vector<std::string>{"k"});
  for (int i = 0; i < 3; ++i) {
    CHECK(world.links_to(sentinel_at(i)) == 1);
    // Those in the options are not connected to again because others name them.
    CHECK(world.attempts_at(sentinel_at(i)) == 1);
  }
  CHECK(world.links_count() == 4);
}

TEST_CASE("one sentinel is enough to find the others, and to be overruled by them") {
  SentinelWorld world(1);
  world.add_usual();
  world.sentinel("s0:26379").primary = "old:6379";
  world.add_server("old:6379");
  world.connect();
  CHECK(world.main_address() == "a:6379");
  CHECK(world.attempts_at("old:6379") == 0);
  CHECK(world.links_count() == 4);
}

TEST_CASE("a sentinel that refuses connections, and one that says nothing, hold nothing up") {
  SentinelWorld world(3);
  world.add_usual();
  SECTION("one refuses") { world.kill("s1:26379"); }
  SECTION("two refuse") {
    world.kill("s0:26379");
    world.kill("s2:26379");
  }
  SECTION("one is silent") { world.freeze("s2:26379"); }
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.main_address() == "a:6379");
}

TEST_CASE("if most sentinels say nothing, the others decide after a quarter of connect_timeout") {
  SentinelWorld world(3, {.connect_timeout = 2s});
  world.add_usual();
  world.freeze("s0:26379");
  world.freeze("s2:26379");
  world.connect();
  world.advance(490ms);
  CHECK(world.main_address().empty());
  world.advance(10ms);
  CHECK(world.take_events() == Lines{"ready"});
  // They are not waited for again until they have answered.
  world.cut("a:6379");
  world.run();
  world.advance(20ms);
  CHECK(world.take_events() == Lines{"disconnected: connection_lost", "ready"});
}

TEST_CASE("two sentinels that disagree are asked again, until they agree") {
  SentinelWorld world(2, {.connect_timeout = 2s});
  world.add_usual();
  world.kill("s2:26379");
  world.sentinel("s1:26379").primary = "c:6379";
  world.add_server("c:6379");
  world.connect();
  world.advance(1s);
  CHECK(world.take_events().empty());
  CHECK(world.main_address().empty());
  SECTION("they agree") {
    world.sentinel("s0:26379").primary = "c:6379";
    world.advance(500ms);
    CHECK(world.take_events() == Lines{"ready"});
    CHECK(world.main_address() == "c:6379");
  }
  SECTION("they never do") {
    world.advance(1s);
    CHECK(world.take_events() == Lines{"closed: connect_failed"});
    CHECK(std::string(world.last_error().what) ==
          "the sentinels do not agree which server is the primary");
    CHECK(world.links_count() == 0);
  }
}

TEST_CASE("an announced switch makes the client leave the old primary at once") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  world.freeze("a:6379");
  world.submit(1, {"SET", "sent", "v"});
  world.run();
  world.server("b:6379").is_replica = false;
  world.sentinel("s1:26379").primary = "b:6379";
  world.announce("s1:26379", "a:6379", "b:6379");
  const std::size_t connections_before = world.links_to("a:6379");
  CHECK(connections_before == 1);
  world.run();
  // Two of three sentinels still name the old one.
  CHECK(world.main_address() == "b:6379");
  CHECK(world.links_to("a:6379") == 0);
  const Lines events = world.take_events();
  REQUIRE(events.size() >= 3);
  CHECK(events[0] == "disconnected: connection_lost");
  CHECK(events[1] == "1: lost_in_doubt (maybe)");
  CHECK(world.server("a:6379").keys_set == std::vector<std::string>{"sent"});
}

TEST_CASE("requests that were not sent go to the new primary") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  world.server("b:6379").is_replica = false;
  world.submit(1, {"SET", "k", "v"});
  // The announcement is read before the request is sent.
  world.announce("s1:26379", "a:6379", "b:6379");
  for (const char* const address : {"s0:26379", "s1:26379", "s2:26379"}) {
    world.sentinel(address).primary = "b:6379";
  }
  world.run();
  CHECK(world.server("a:6379").keys_set.size() + world.server("b:6379").keys_set.size() == 1);
  CHECK(world.main_address() == "b:6379");
}

TEST_CASE("an announcement outweighs what other sentinels say for five seconds") {
  SentinelWorld world(3);
  world.add_usual();
  world.server("b:6379").is_replica = false;
  world.connect();
  world.announce("s1:26379", "a:6379", "b:6379");
  world.sentinel("s1:26379").primary = "b:6379";
  world.run();
  CHECK(world.main_address() == "b:6379");
  world.advance(4900ms);
  CHECK(world.main_address() == "b:6379");
  // Two sentinels never heard of the switch: the majority counts again.
  world.advance(200ms);
  CHECK(world.main_address() == "a:6379");
}

TEST_CASE("a late announcement does no harm: the next one undoes it") {
  SentinelWorld world(3);
  world.add_usual();
  world.server("b:6379").is_replica = false;
  world.connect();
  world.announce("s1:26379", "a:6379", "b:6379");
  world.announce("s1:26379", "b:6379", "a:6379");
  world.run();
  CHECK(world.main_address() == "a:6379");
  CHECK(world.attempts_at("b:6379") == 0);
}

TEST_CASE("announcements about other primaries, and garbage, change nothing") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  world.announce("s1:26379", "a:6379", "b:6379", "others");
  const auto message = [](const std::string& text) {
    return ">3\r\n" + testing::bulk_reply("message") + testing::bulk_reply("+switch-master") +
           testing::bulk_reply(text);
  };
  world.push("s1:26379", message(""));
  world.push("s1:26379", message("orders"));
  world.push("s1:26379", message("orders a 6379 b"));
  world.push("s1:26379", message("orders a 6379 b 0"));
  world.push("s1:26379", message("orders a 6379 b 65536"));
  world.push("s1:26379", message("orders a 6379 b 6379 more"));
  world.push("s1:26379", message("orders a 6379 b\r\nc 6379"));
  world.push("s1:26379", message("orders a 6379 " + std::string(254, 'b') + " 6379"));
  world.push("s1:26379", message("orders a 6379 " + std::string(100'000, 'b') + " 6379"));
  world.push("s1:26379", ">1\r\n+message\r\n");
  world.run();
  CHECK(world.main_address() == "a:6379");
  CHECK(world.take_events().empty());
}

TEST_CASE("a server that says it is a replica is not taken, whatever the sentinels say") {
  SentinelWorld world(3, {.connect_timeout = 2s});
  world.add_usual();
  world.server("a:6379").is_replica = true;
  world.connect();
  world.advance(500ms);
  CHECK(world.take_events().empty());
  CHECK(world.attempts_at("a:6379") > 3);
  world.server("a:6379").is_replica = false;
  world.advance(500ms);
  CHECK(world.take_events() == Lines{"ready"});
}

TEST_CASE("a primary that has become a replica is left once it refuses a write") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  world.server("a:6379").is_replica = true;
  world.server("b:6379").is_replica = false;
  for (int i = 0; i < 3; ++i) world.sentinel(sentinel_at(i)).primary = "b:6379";
  world.submit(1, {"SET", "k", "v"});
  world.run();
  world.advance(100ms);
  CHECK(world.main_address() == "b:6379");
}

TEST_CASE("why there is no primary ends the first attempt, if it would not pass") {
  SentinelWorld world(3, {.connect_timeout = 2s});
  world.add_usual();
  std::string expected;
  SECTION("most sentinels know no primary of this name") {
    world.sentinel("s0:26379").primary = world.sentinel("s1:26379").primary = "";
    world.kill("s2:26379");
    expected = "invalid_option";
  }
  SECTION("all want a password") {
    for (int i = 0; i < 3; ++i) world.sentinel(sentinel_at(i)).password = "hush";
    expected = "authentication_failed";
  }
  SECTION("servers listen there") {
    for (int i = 0; i < 3; ++i) world.add_server(sentinel_at(i));
    expected = "invalid_option";
  }
  SECTION("a sentinel listens where the primary should") {
    world.add_sentinel("a:6379");
    expected = "invalid_option";
  }
  world.connect();
  world.advance(200ms);
  CHECK(world.take_events() == Lines{"closed: " + expected});
  CHECK(world.links_count() == 0);
}

TEST_CASE("a client whose sentinels are all down fails after connect_timeout, and says so") {
  SentinelWorld world(3, {.connect_timeout = 2s});
  world.connect();
  world.advance(2s);
  CHECK(world.take_events() == Lines{"closed: connect_failed"});
  int count = 0;
  world.client().sentinels()->for_each([&](const Sentinels::Known& known) {
    ++count;
    CHECK_FALSE(known.is_connected);
    CHECK(std::string(known.problem.what) == "connection refused");
  });
  CHECK(count == 3);
}

TEST_CASE("a password for the sentinels is shown to them, and to no server") {
  const SentinelOptions sentinel{.primary_name = "orders", .username = "watch", .password = "hush"};
  SentinelWorld world(3, {.username = "app", .password = "other", .sentinel = &sentinel});
  world.add_usual();
  std::vector<Words> hellos;
  world.add_listener("a:6379", [&](const Words& request) {
    if (request[0] == "HELLO") hellos.push_back(request);
    return testing::Peer::default_reply(request);
  });
  for (int i = 0; i < 3; ++i) world.sentinel(sentinel_at(i)).password = "hush";
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(hellos == std::vector<Words>{{"HELLO", "3", "AUTH", "app", "other"}});
}

TEST_CASE("a client keeps its connection while no sentinel can be asked, and looks for them") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  for (int i = 0; i < 3; ++i) world.freeze(sentinel_at(i));
  for (int i = 0; i < 3; ++i) world.cut(sentinel_at(i));
  world.run();
  world.advance(20s);
  world.submit(1, {"SET", "k", "v"});
  world.run();
  CHECK(world.take_events() == Lines{"1: simple \"OK\""});
  for (int i = 0; i < 3; ++i) {
    CHECK(world.attempts_at(sentinel_at(i)) > 3);
    CHECK(world.attempts_at(sentinel_at(i)) < 40);
  }
}

TEST_CASE("a client without a connection waits for a sentinel, and then goes at once") {
  SentinelWorld world(3, {.reconnect_wait_max = 60s});
  world.add_usual();
  world.connect();
  world.take_events();
  const auto three = {sentinel_at(0), sentinel_at(1), sentinel_at(2)};
  std::vector<SentinelScript> kept;
  for (const std::string& address : three) {
    kept.push_back(world.sentinel(address));
    world.kill(address);
  }
  world.cut("a:6379");
  world.run();
  world.advance(30s);
  CHECK(world.take_events() == Lines{"disconnected: connection_lost"});
  world.add_sentinel("s1:26379") = kept[1];
  world.advance(1100ms);
  CHECK(world.take_events() == Lines{"ready"});
}

TEST_CASE("a switch that nobody announced is found by asking again") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.server("b:6379").is_replica = false;
  for (int i = 0; i < 3; ++i) world.sentinel(sentinel_at(i)).primary = "b:6379";
  world.advance(9900ms);
  CHECK(world.main_address() == "a:6379");
  world.advance(200ms);
  CHECK(world.main_address() == "b:6379");
  CHECK(world.client().sentinels()->switches() == 1);
}

TEST_CASE("the sentinels' lists are bounded, and entries that are no addresses are left out") {
  SentinelWorld world(1);
  world.add_usual();
  SentinelScript& first = world.sentinel("s0:26379");
  first.others = {"s1:26379", "s1:26379", ":26379",
                  "s2:0",     "s2:65536", std::string(254, 'x') + ":1"};
  for (int i = 0; i < 200; ++i) first.others.push_back("t" + std::to_string(i) + ":26379");
  for (int i = 0; i < 200; ++i) {
    SentinelScript& sentinel = world.add_sentinel("t" + std::to_string(i) + ":26379");
    sentinel.primary = "a:6379";
  }
  world.connect();
  CHECK(world.main_address() == "a:6379");
  CHECK(world.links_count() == 1 + sentinels_max);
  CHECK(world.links_to("s1:26379") == 1);
  CHECK(world.client().sentinels()->left_out() >= 200 - sentinels_max);
}

TEST_CASE("a sentinel that only others have named is forgotten when it is gone, and found again") {
  SentinelWorld world(1);
  world.add_usual();
  world.connect();
  CHECK(world.links_to("s2:26379") == 1);
  const SentinelScript kept = world.sentinel("s2:26379");
  world.kill("s2:26379");
  world.sentinel("s0:26379").others = world.sentinel("s1:26379").others = {};
  world.run();
  const auto count = [&world] {
    int known = 0;
    world.client().sentinels()->for_each([&known](const Sentinels::Known&) { ++known; });
    return known;
  };
  world.advance(30s);
  CHECK(count() == 2);
  world.add_sentinel("s2:26379") = kept;
  world.sentinel("s0:26379").others = {"s2:26379"};
  world.advance(11s);
  CHECK(count() == 3);
  CHECK(world.links_to("s2:26379") == 1);
}

TEST_CASE("a sentinel with two addresses has one vote") {
  SentinelWorld world(3, {.connect_timeout = 2s});
  world.add_usual();
  world.add_server("old:6379");
  // s0 and s1 are one sentinel, which names another server than s2.
  for (const char* const address : {"s0:26379", "s1:26379"}) {
    world.sentinel(address).id = std::string(40, 'e');
    world.sentinel(address).primary = "old:6379";
    world.sentinel(address).others = {"s2:26379"};
  }
  world.sentinel("s2:26379").others = {"s0:26379"};
  world.connect();
  world.advance(1s);
  CHECK(world.main_address().empty());
}

TEST_CASE("side connections go to the primary, and leave it with the main connection") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  world.take_events();
  world.submit(1, {"BLPOP", "list", "0"});
  const ConnectionId exclusive = world.client().open_exclusive(world.now()).value();
  const ConnectionId subscription = world.client().open_subscription(world.now()).value();
  const std::array<std::string_view, 1> names{"news"};
  CHECK(world.client()
            .subscribe(subscription, SubscriptionKind::channel, names, world.now(), 1s, 2)
            .ok());
  world.run();
  CHECK(world.links_to("a:6379") == 4);
  CHECK(world.take_events().size() == 1);
  world.server("b:6379").is_replica = false;
  world.sentinel("s1:26379").primary = "b:6379";
  world.announce("s1:26379", "a:6379", "b:6379");
  world.run();
  CHECK(world.links_to("a:6379") == 0);
  CHECK(world.links_to("b:6379") == 2);  // the main connection and the subscription
  const Lines events = world.take_events();
  CHECK(std::find(events.begin(), events.end(), "1: lost_in_doubt (maybe)") != events.end());
  const std::string_view word = "PING";
  CommandView ping;
  ping.args = {&word, 1};
  CHECK(world.client().submit_to(exclusive, ping, world.now(), 1s, 3).error().code ==
        ErrorCode::connection_lost);
}

TEST_CASE("closing a client closes its connections to sentinels as well") {
  SentinelWorld world(3);
  world.add_usual();
  SECTION("connected") {
    world.connect();
    world.take_events();
    world.client().close(world.now());
  }
  SECTION("connected, and aborted") {
    world.connect();
    world.take_events();
    world.client().abort();
  }
  SECTION("while the sentinels are asked") {
    for (int i = 0; i < 3; ++i) world.freeze(sentinel_at(i));
    world.connect();
    world.client().close(world.now());
  }
  world.run();
  CHECK(world.take_events() == Lines{"closed: closed"});
  CHECK(world.links_count() == 0);
  CHECK(world.client().poll_timeout() == never);
}

TEST_CASE("whatever memory is missing, a client that asks sentinels ends or connects") {
  for (std::size_t granted = 0; granted < 200; ++granted) {
    CAPTURE(granted);
    SentinelWorld world(3, {.connect_timeout = 2s});
    world.add_usual();
    world.memory().refuse_one_after(granted);
    world.connect();
    world.advance(1s);
    CHECK(world.take_events() == Lines{"ready"});
    if (!world.memory().has_refused()) break;
  }
}

TEST_CASE("an idle client holds 4.5 KiB for each sentinel, and 1 KiB for all") {
  SentinelWorld world(3);
  world.add_usual();
  world.connect();
  const std::size_t bytes = world.bytes_in_use();
  CHECK(bytes <= 4096 + 1024 + 3 * 4608);
  world.advance(30s);
  CHECK(world.bytes_in_use() <= bytes);
}

TEST_CASE("a client that asks sentinels is not recorded") {
  SentinelWorld world(3);
  world.add_usual();
  CHECK(world.client().start_recording(65536).error().code == ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace plimsoll::client_sentinels_test
