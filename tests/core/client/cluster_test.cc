#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// A client of a cluster at rest: who gets which command, what is refused, and how it begins.

namespace plimsoll::testing::cluster_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

Lines words_run(ClusterWorld& world, NodeIndex number) {
  Lines names;
  for (const ClusterModel::Run& run : world.model().runs()) {
    if (run.node == number) names.push_back(run.words[0] + " " + run.words.at(1));
  }
  return names;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

TEST_CASE("a client is ready once it knows the slots, and connects to nodes that are needed") {
  ClusterWorld world;
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.main_address() == node0);
  CHECK(world.attempts() == 1);
  CHECK(world.node(0).views_told == 1);
  CHECK(world.call(1, {"RPUSH", "c", "1"}) == "1");
  CHECK(world.links_to(node1) == 1);
  CHECK(world.links_to(node2) == 0);
  CHECK(world.call(2, {"RPUSH", "c", "2"}) == "2");
  CHECK(world.attempts() == 2);
  world.verify();
}

TEST_CASE("each key's commands go to the owner of its slot") {
  ClusterWorld world;
  world.connect();
  CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  CHECK(world.call(2, {"SET", "b", "y"}) == "simple \"OK\"");
  CHECK(world.call(3, {"SET", "c", "z"}) == "simple \"OK\"");
  CHECK(world.call(4, {"GET", "{a}1"}) == "null");
  CHECK(world.call(5, {"MGET", "{b}1", "b"}) == "[null, \"y\"]");
  CHECK(world.call(6, {"EVAL", "append", "1", "c", "w"}) == "2");
  CHECK(words_run(world, 0) == Lines{"SET b", "MGET {b}1"});
  CHECK(words_run(world, 1) == Lines{"SET c", "EVAL append"});
  CHECK(words_run(world, 2) == Lines{"SET a", "GET {a}1"});
  CHECK(world.cluster().counters().moved == 0);
}

TEST_CASE("commands without a key go to the node of the main connection") {
  ClusterWorld world({.seeds = {node1}});
  world.connect();
  CHECK(world.call(1, {"ECHO", "ship"}) == "\"ship\"");
  CHECK(world.call(2, {"PUBLISH", "port", "hello"}) == "0");
  CHECK(world.call(4, {"PING"}) == "simple \"PONG\"");
  CHECK(world.call(3, {"EVAL", "append", "0"}) == "simple \"OK\"");
  CHECK(world.node(1).keyless.size() >= 3);
  CHECK(world.attempts() == 1);
}

TEST_CASE("keys of several slots are refused where no part of the command makes sense") {
  ClusterWorld world;
  world.connect();
  CHECK(world.call(1, {"SINTER", "a", "b"}) == "refused with invalid_argument (no)");
  CHECK(has(std::string(world.last_error().what) + world.last_error().expected, "CROSSSLOT"));
  CHECK(world.call(2, {"MSET", "a", "1", "c", "2"}) == "refused with invalid_argument (no)");
  CHECK(world.call(3, {"MSET", "{a}1", "1", "{a}2", "2"}) == "simple \"OK\"");
  world.submit_transaction(4, {{"SET", "a", "1"}, {"SET", "b", "2"}});
  CHECK(world.outcome(4) == "refused with invalid_argument (no)");
  CHECK(world.model().runs().size() == 1);
}

TEST_CASE("commands whose answers no node can give for all are refused by name") {
  ClusterWorld world;
  world.connect();
  const std::vector<Words> refused{
      {"INFO"}, {"LATENCY", "DOCTOR"}, {"MEMORY", "STATS"}, {"FUNCTION", "STATS"}};
  Tag tag = 0;
  for (const Words& words : refused) {
    CAPTURE(words[0]);
    CHECK(world.call(++tag, words) == "refused with refused_command (no)");
  }
}

TEST_CASE("a transaction with a command that concerns every node is refused as that one is") {
  ClusterWorld world;
  world.connect();
  const std::size_t keyless = world.node(0).keyless.size();
  const std::vector<std::vector<Words>> refused{
      {{"FLUSHALL"}},
      {{"PING"}, {"SCRIPT", "LOAD", "x"}},
      {{"SET", "a", "1"}, {"FLUSHALL"}},
      {{"KEYS", "*"}, {"SET", "a", "1"}},
      {{"SET", "a", "1"}, {"SET", "b", "1"}, {"DBSIZE"}},
      {{"SCAN", "0"}},
  };
  Tag tag = 0;
  for (const std::vector<Words>& commands : refused) {
    CAPTURE(tag);
    world.submit_transaction(++tag, commands);
    CHECK(world.outcome(tag) == "refused with refused_command (no)");
  }
  world.run();
  CHECK(world.model().runs().empty());
  CHECK(world.node(0).keyless.size() == keyless);
}

TEST_CASE("what is refused is refused also behind requests that wait for room") {
  ClusterWorldOptions options;
  options.client.inflight_requests_limit = 1;
  options.client.inflight_overflow = OnLimit::wait;
  ClusterWorld world(options);
  world.connect();
  const std::size_t keyless = world.node(0).keyless.size();
  world.push(1, "a");
  world.push(2, "a");
  world.submit(3, {"MEMORY", "STATS"});
  world.submit(4, {"SINTER", "a", "b"});
  world.submit_transaction(5, {{"PING"}, {"DBSIZE"}});
  CHECK(world.outcome(3) == "refused with refused_command (no)");
  CHECK(world.outcome(4) == "refused with invalid_argument (no)");
  CHECK(world.outcome(5) == "refused with refused_command (no)");
  world.run();
  CHECK(world.outcome(2) == "2");
  CHECK(world.node(0).keyless.size() == keyless);
  world.verify();
}

TEST_CASE("a client of one request at a time has one after the other answered") {
  ClusterWorldOptions options;
  options.client.inflight_requests_limit = 1;
  ClusterWorld world(options);
  world.connect();
  for (Tag tag = 1; tag <= 3; ++tag) {
    world.push(tag, "a");
    world.run();
    CHECK(world.outcome(tag) == std::to_string(tag));
  }
  world.verify();
}

TEST_CASE("new credentials are used for every node") {
  ClusterWorld world({.client = {.password = "old"}});
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).password = "old";
  world.connect();
  CHECK(world.call(1, {"SET", "b", "x"}) == "simple \"OK\"");
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).password = "new";
  world.client().set_credentials({.username = {}, .password = "new"});
  world.run();
  CHECK(world.call(2, {"SET", "b", "y"}) == "simple \"OK\"");
  CHECK(world.call(3, {"SET", "a", "x"}) == "simple \"OK\"");
  world.cut(node0);
  world.run();
  world.submit(4, {"SET", "b", "z"});
  world.advance(500ms);
  CHECK(world.outcome(4) == "simple \"OK\"");
}

TEST_CASE("a transaction of one slot runs as one") {
  ClusterWorld world;
  world.connect();
  world.submit_transaction(1, {{"RPUSH", "c", "1"}, {"LRANGE", "c", "0", "-1"}});
  world.submit_transaction(2, {{"RPUSH", "{c}x", "2"}, {"RPUSH", "c", "2/2"}});
  world.run();
  CHECK(world.outcome(1) == "[1, [\"1\"]]");
  CHECK(world.outcome(2) == "[1, 2]");
  world.verify();
}

TEST_CASE("requests that come before the client is ready are sent once the slots are known") {
  ClusterWorld world;
  world.client().connect(world.now());
  world.push(1, "a");
  world.push(2, "b");
  world.submit(3, {"ECHO", "ship"});
  world.push(4, "a");
  world.read(5, "a");
  CHECK(world.pending_count() == 5);
  world.run();
  CHECK(world.outcome(3) == "\"ship\"");
  CHECK(world.outcome(5) == "[\"1\", \"4\"]");
  CHECK(world.pending_count() == 0);
  world.verify();
}

TEST_CASE("a client whose seeds are dead tries the next") {
  ClusterWorld world({.seeds = {node0, node1, node2}});
  world.kill(node0);
  world.kill(node1);
  world.connect();
  world.advance(1s);
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.main_address() == node2);
  CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
}

TEST_CASE("a server that is no node of a cluster is called one") {
  ClusterWorld world;
  world.node(0).refused["CLUSTER"] = "-ERR This instance has cluster support disabled\r\n";
  world.client().connect(world.now());
  world.push(1, "a");
  world.run();
  world.advance(3s);
  const Lines events = world.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].starts_with("closed: invalid_option"));
  CHECK(world.pending_count() == 0);
  CHECK(world.model().runs().empty());
}

TEST_CASE("a view that is empty, or garbage, is not believed") {
  const std::string view = GENERATE(
      as<std::string>{}, "*0\r\n", "+OK\r\n", "_\r\n", "*1\r\n:5\r\n", "*1\r\n*2\r\n:0\r\n:5\r\n",
      "*1\r\n*3\r\n:0\r\n:16384\r\n*3\r\n$1\r\nh\r\n:7000\r\n$1\r\nx\r\n",
      "*1\r\n*3\r\n:9\r\n:5\r\n*3\r\n$1\r\nh\r\n:7000\r\n$1\r\nx\r\n",
      "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$1\r\nh\r\n:70000\r\n$1\r\nx\r\n", "-NOPERM no\r\n");
  CAPTURE(view);
  SECTION("at the only seed: there is no client") {
    ClusterWorld world;
    world.node(0).refused["CLUSTER SLOTS"] = view;
    world.connect();
    world.advance(3s);
    const Lines events = world.take_events();
    CHECK(events.back().starts_with("closed: "));
    CHECK(std::count(events.begin(), events.end(), "ready") == 0);
  }
  SECTION("at one of two seeds: the other one is asked") {
    ClusterWorld world({.seeds = {node0, node1}});
    world.node(0).refused["CLUSTER SLOTS"] = view;
    world.connect();
    world.advance(1s);
    CHECK(world.take_events().back() == "ready");
    CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  }
  SECTION("later: what is known goes on") {
    ClusterWorld world;
    world.connect();
    world.node(0).refused["CLUSTER SLOTS"] = view;
    world.advance(90s);
    CHECK(world.cluster().counters().views_refused > 0);
    CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  }
}

TEST_CASE("a view with null or empty hosts means the host that was asked") {
  ClusterWorld world({.seeds = {node2}});
  for (NodeIndex i = 0; i < 3; ++i) {
    world.node(i).host_form = i == 2 ? ModelNode::HostForm::null : ModelNode::HostForm::empty;
  }
  world.connect();
  CHECK(world.call(1, {"SET", "b", "x"}) == "simple \"OK\"");
  CHECK(world.links_to(node0) == 1);
}

TEST_CASE("a password is shown to every node") {
  ClusterWorld world({.client = {.password = "secret"}});
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).password = "secret";
  world.connect();
  CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  CHECK(world.call(2, {"SET", "b", "x"}) == "simple \"OK\"");
}

TEST_CASE("close() waits for what nodes owe; abort() does not") {
  ClusterWorld world;
  world.connect();
  CHECK(world.call(1, {"SET", "a", "x"}) == "simple \"OK\"");
  world.hold_answers(node2);
  world.push(2, "{a}list");
  world.push(3, "{a}list");
  world.run();
  world.client().close(world.now());
  world.push(4, "{a}list");
  CHECK(world.outcome(4) == "refused with closed (no)");
  world.run();
  CHECK(world.pending_count() == 2);
  SECTION("and they answer") {
    world.let_answers_go(node2);
    world.run();
    CHECK(world.outcome(3) == "2");
  }
  SECTION("and they do not") {
    world.advance(2s);
    CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  }
  SECTION("and abort() comes") {
    world.client().abort();
    world.run();
    CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  }
  CHECK(world.take_events().back().starts_with("closed: "));
  CHECK(world.pending_count() == 0);
  world.verify();
}

TEST_CASE("a plain subscription hears what is published at any node") {
  ClusterWorld world;
  world.connect();
  const Result<ConnectionId> connection = world.client().open_subscription(world.now());
  REQUIRE(connection.ok());
  const std::vector<std::string_view> names{"port"};
  world.history().note_submitted(1, {});
  REQUIRE(world.client()
              .subscribe(*connection, SubscriptionKind::channel, names, world.now(), 1s, 1)
              .ok());
  world.run();
  CHECK(world.history().has_ended(1));
  world.history().note_submitted(2, {});
  REQUIRE(world.client().next_message(*connection, world.now(), 1s, 2).ok());
  CHECK(world.call(3, {"PUBLISH", "port", "hello"}) == "0");
  world.deliver_published();
  world.run();
  CHECK(has(world.outcome(2), "hello"));
  world.client().close_subscription(*connection, world.now());
  world.run();
}

TEST_CASE(
    "a client beyond its limit of requests makes the others wait, whatever node they are for") {
  ClusterWorld world(
      {.client = {.inflight_overflow = OnLimit::wait, .inflight_requests_limit = 4}});
  world.connect();
  for (Tag tag = 1; tag <= 60; ++tag) {
    if (tag % 5 == 0) {
      world.submit(tag, {"ECHO", "x"});
    } else {
      world.push(tag, std::string(1, static_cast<char>('a' + tag % 3)));
    }
  }
  CHECK(world.client().statistics().waiting == 56);
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.history().succeeded_count() == 60);
  CHECK(world.client().statistics().in_flight == 0);
  world.verify();
}

TEST_CASE("no connection is opened twice for requests that come together") {
  ClusterWorld world;
  world.connect();
  for (Tag tag = 1; tag <= 100; ++tag) world.push(tag, tag % 2 == 0 ? "a" : "c");
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.attempts() == 3);
  world.verify();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_test
