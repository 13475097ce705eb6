#include <array>
#include <chrono>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/peer.h"

// What needs a connection of its own, and is asked for before the client knows that there is a
// cluster: commands that block, exclusive users and subscriptions.

namespace plimsoll::testing::cluster_found_sides_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node2 = ClusterWorld::port(2);

ClusterWorldOptions knowing_nothing(ClientOptions client = {}) {
  return {.knows = ClusterWorldOptions::Knows::nothing, .client = std::move(client)};
}

// From now on the node answers these commands at once.
void serve_sides(ModelNode& node, const std::string& name) {
  node.refused["BLPOP"] = node.refused["WATCH"] = bulk_reply(name);
  node.refused["SSUBSCRIBE"] = ">3\r\n" + bulk_reply("ssubscribe") + bulk_reply("a") + ":1\r\n";
}

TEST_CASE("early commands that block go to the owners of their slots, also behind others") {
  ClientOptions client;
  client.blocking_connections_max = 2;
  client.inflight_overflow = OnLimit::wait;
  ClusterWorld world(knowing_nothing(client));
  for (NodeIndex i = 0; i < 3; ++i) serve_sides(world.node(i), "node" + std::to_string(i));
  world.submit(1, {"BLPOP", "a", "1"});
  world.submit(2, {"BLPOP", "c", "1"});
  world.submit(3, {"BLPOP", "b", "1"});
  world.submit(4, {"BLPOP", "a", "1"});
  const RequestId fifth = world.submit(5, {"BLPOP", "c", "1"}).value();
  CHECK(world.client().statistics().waiting_to_block == 3);
  world.cancel(fifth);
  CHECK(world.attempts() == 0);
  world.connect();
  world.advance(100ms);
  CHECK(world.outcome(1) == "\"node2\"");
  CHECK(world.outcome(2) == "\"node1\"");
  CHECK(world.outcome(3) == "\"node0\"");
  CHECK(world.outcome(4) == "\"node2\"");
  CHECK(world.outcome(5) == "cancelled (no)");
}

TEST_CASE(
    "an early command that blocks on keys of several slots is refused, and others are cancelled") {
  ClusterWorld world(knowing_nothing());
  world.submit(1, {"BLPOP", "a", "b", "1"});
  const RequestId second = world.submit(2, {"BLPOP", "a", "1"}).value();
  const RequestId third = world.submit(3, {"BLPOP", "a", "1"}).value();
  world.cancel(second);
  world.node(0).refused["CLUSTER SLOTS"] = "-CLUSTERDOWN wait\r\n";
  world.connect();
  world.cancel(third);
  world.advance(100ms);
  CHECK(world.outcome(1) == "invalid_argument (no)");
  CHECK(world.outcome(2) == "cancelled (no)");
  CHECK(world.outcome(3) == "cancelled (no)");
}

TEST_CASE("an early exclusive connection leads to the node of its first key, and may go on") {
  ClusterWorld world(knowing_nothing());
  for (NodeIndex i = 0; i < 3; ++i) serve_sides(world.node(i), "node" + std::to_string(i));
  Client& client = world.client();
  const auto watch = [&](ConnectionId own, Tag tag, std::string_view key) {
    const std::array<std::string_view, 2> words{"WATCH", key};
    CommandView command;
    command.args = words;
    world.history().note_submitted(tag, {{"WATCH", std::string(key)}});
    return client.submit_to(own, command, world.now(), 10s, tag).ok();
  };
  const ConnectionId own = client.open_exclusive(world.now()).value();
  const ConnectionId unused = client.open_exclusive(world.now()).value();
  const ConnectionId returned = client.open_exclusive(world.now()).value();
  CHECK(watch(own, 1, "a"));
  client.release(returned, world.now());
  world.connect();
  world.advance(100ms);
  CHECK(world.outcome(1) == "\"node2\"");
  CHECK_FALSE(watch(own, 2, "b"));  // keys of another slot are watched
  CHECK(watch(unused, 3, "b"));
  world.advance(100ms);
  CHECK(world.outcome(3) == "\"node0\"");
  const ConnectionId later = client.open_exclusive(world.now()).value();
  CHECK(watch(later, 4, "c"));
  world.advance(100ms);
  CHECK(world.outcome(4) == "\"node1\"");
  for (const ConnectionId each : {own, unused, later}) client.release(each, world.now());
  world.history().note_outcome(2, "not submitted", nullptr);
  world.run();
}

TEST_CASE("an early subscription to a shard channel begins at the owner of its slot") {
  ClusterWorld world(knowing_nothing());
  serve_sides(world.node(2), "node2");
  const ConnectionId connection = world.client().open_subscription(world.now()).value();
  constexpr std::string_view names[] = {"a"};
  world.history().note_submitted(1, {{"SSUBSCRIBE", "a"}});
  REQUIRE(world.client()
              .subscribe(connection, SubscriptionKind::shard, names, world.now(), 10s, 1)
              .ok());
  world.connect();
  world.advance(100ms);
  CHECK(world.history().has_succeeded(1));
  CHECK(world.links_to(node2) == 2);
  world.client().close_subscription(connection, world.now());
  world.run();
}

TEST_CASE("at a single server they are opened once the client knows its mode") {
  ClusterWorld world(knowing_nothing());
  world.node(0).refused["HELLO"] = hello_reply;  // a single server
  world.hold_answers(node0);
  world.submit(1, {"BLPOP", "a", "1"});
  world.connect();
  CHECK(world.attempts() == 1);
  world.let_answers_go(node0);
  world.run();
  CHECK(world.attempts() == 2);
  CHECK(world.take_events() == Lines{"ready"});
}

TEST_CASE("what ends as the client learns that its server is a single one is not opened") {
  ClusterWorld world(knowing_nothing());
  world.node(0).refused["HELLO"] = hello_reply;
  Client& client = world.client();
  const ConnectionId subscription = client.open_subscription(world.now()).value();
  const ConnectionId exclusive = client.open_exclusive(world.now()).value();
  world.on_event = [&](const Event& event) {
    if (event.kind != Event::Kind::ready) return;
    client.close_subscription(subscription, world.now());
    client.release(exclusive, world.now());
  };
  world.connect();
  world.advance(100ms);
  CHECK(world.call(1, {"ECHO", "ship"}) == "\"ship\"");
}

TEST_CASE("an early subscription begins at the node of the main connection") {
  ClusterWorld world(knowing_nothing());
  const ConnectionId connection = world.client().open_subscription(world.now()).value();
  constexpr std::string_view names[] = {"news"};
  world.history().note_submitted(1, {{"SUBSCRIBE", "news"}});
  REQUIRE(world.client()
              .subscribe(connection, SubscriptionKind::channel, names, world.now(), 1s, 1)
              .ok());
  world.connect();
  CHECK(world.history().has_ended(1));
  CHECK(world.links_to(node0) == 2);
  world.history().note_submitted(2, {{"next"}});
  REQUIRE(world.client().next_message(connection, world.now(), 1s, 2).ok());
  world.call(3, {"PUBLISH", "news", "hello"});
  world.deliver_published();
  world.run();
  CHECK(world.outcome(2).find("hello") != std::string::npos);
  world.client().close_subscription(connection, world.now());
  world.run();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_found_sides_test
