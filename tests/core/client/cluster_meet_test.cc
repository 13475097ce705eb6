#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/cluster/node_choice.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Where two of the things meet that a client of a cluster can do: requests in parts, walks, nodes
// that the caller chooses, connections of their own, and a cluster that is found.

namespace plimsoll::testing::cluster_meet_test {
namespace {

using namespace std::chrono_literals;
using Knows = ClusterWorldOptions::Knows;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

ClusterWorldOptions knowing_nothing(ClientOptions client = {}) {
  return {.knows = Knows::nothing, .client = std::move(client)};
}

Result<RequestId> submit_at_all(ClusterWorld& world, Tag tag, const Words& words,
                                Duration timeout = 10s) {
  CommandView command;
  const std::vector<std::string_view> views(words.begin(), words.end());
  command.args = views;
  world.history().note_submitted(tag, {words});
  return world.client().submit_at({.kind = NodeChoice::Kind::all_primaries}, command, world.now(),
                                  timeout, tag);
}

TEST_CASE("an error that a chosen node says has run counts, if the whole fails by another node") {
  ClusterWorld world;
  world.connect();
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).refused["FCALL"] = "-ERR in the middle\r\n";
  world.call(1, {"GET", "a"});
  world.call(2, {"GET", "b"});
  world.call(3, {"GET", "c"});
  world.kill(node1);
  world.advance(100ms);
  REQUIRE(submit_at_all(world, 4, {"FCALL", "f", "0"}, 300ms).ok());
  world.advance(1s);
  INFO(world.last_error_words());
  CHECK(world.outcome(4) == "timed_out (maybe)");
}

TEST_CASE("a part without memory beside one that waits for its node lets the client sleep") {
  ClusterWorldOptions options{.cross_slot_writes = CrossSlotWrites::split};
  options.budget.memory_limit = std::size_t{4} << 20;
  ClusterWorld world(options);
  world.connect();
  for (const char* key : {"a", "b", "c"}) {
    world.call(static_cast<Tag>(key[0]), {"SET", key, "1"});
  }
  world.kill(node0);
  world.advance(100ms);
  const std::size_t most = world.budget().limit(PoolKind::requests) / 10 * 6;
  world.submit(1, {"MSET", "a", std::string(most, 'x'), "b", "2"}, 3s);
  world.advance(5s);
  CHECK(world.outcome(1) == "timed_out (no)");
  world.revive(node0);
  world.advance(5s);
  CHECK(world.call(2, {"MGET", "a", "b"}) == "[\"1\", \"1\"]");
}

TEST_CASE("an early command that blocks finds its owner although the log cuts its key") {
  const std::size_t size = GENERATE(10, 200'000);
  ClusterWorld world(knowing_nothing());
  for (NodeIndex i = 0; i < 3; ++i) {
    world.node(i).refused["BLPOP"] = "$5\r\nnode" + std::to_string(i) + "\r\n";
  }
  world.node(0).refused["BLPOP"] = "-MOVED 15495 " + node2 + "\r\n";
  world.submit(1, {"BLPOP", "{a}" + std::string(size, 'x'), "1"});
  world.connect();
  world.advance(100ms);
  CHECK(world.outcome(1) == "\"node2\"");
}

TEST_CASE("an exclusive user goes from slot to slot without another place") {
  ClusterWorldOptions options;
  options.client.blocking_connections_max = 1;
  ClusterWorld world(options);
  world.connect();
  const ConnectionId own = world.client().open_exclusive(world.now()).value();
  Tag tag = 0;
  for (const std::string key : {"a", "b", "c"}) {
    CAPTURE(key);
    world.submit_to(own, ++tag, {{"WATCH", key}});
    world.advance(50ms);
    CHECK(world.outcome(tag) == "simple \"OK\"");
    ++tag;
    world.submit_to(own, tag,
                    {{"SET", key, "1"}, {"RPUSH", "{" + key + "}l", std::to_string(tag)}});
    world.advance(50ms);
    CHECK(world.outcome(tag) == "[simple \"OK\", 1]");
  }
  world.client().release(own, world.now());
  world.run();
}

TEST_CASE("before the client knows whether there is a cluster, no node can be chosen") {
  ClusterWorld world(knowing_nothing());
  const Result<RequestId> early = submit_at_all(world, 1, {"DBSIZE"});
  REQUIRE_FALSE(early.ok());
  INFO(early.error().what);
  CHECK(early.error().code != ErrorCode::invalid_argument);
  world.history().note_outcome(1, "not submitted", nullptr);
  world.connect();
  REQUIRE(submit_at_all(world, 2, {"DBSIZE"}).ok());
  world.advance(100ms);
}

TEST_CASE("primaries take turns, whatever else is submitted between") {
  ClusterWorld world;
  world.connect();
  constexpr std::string_view words[] = {"DBSIZE"};
  CommandView command;
  command.args = words;
  Tag tag = 0;
  for (int i = 0; i < 3; ++i) {
    world.history().note_submitted(++tag, {{"DBSIZE"}});
    REQUIRE(world.client().submit_at({}, command, world.now(), 10s, tag).ok());
    for (const char* key : {"a", "b"}) world.submit(++tag, {"GET", key});
    world.run();
  }
  for (NodeIndex i = 0; i < 3; ++i) {
    const std::vector<std::string>& run = world.node(i).keyless;
    CHECK(std::count(run.begin(), run.end(), "DBSIZE") == 1);
  }
}

TEST_CASE("whatever is under way early, a refused allocation ends each call once") {
  const OnLimit overflow = GENERATE(OnLimit::reject, OnLimit::wait);
  bool is_all = false;
  for (std::size_t granted = 0; !is_all && granted < 400; ++granted) {
    CAPTURE(granted);
    ClientOptions client;
    client.inflight_requests_limit = 3;
    client.inflight_overflow = overflow;
    client.blocking_connections_max = 2;
    ClusterWorld world(knowing_nothing(client));
    for (NodeIndex i = 0; i < 3; ++i) world.node(i).refused["BLPOP"] = "$1\r\nx\r\n";
    const auto own = world.client().open_exclusive(world.now());
    world.submit(1, {"MGET", "a", "b", "c"});
    world.submit(2, {"SCAN", "0"});
    world.submit(3, {"GET", "a"});
    world.submit(4, {"DBSIZE"});
    world.submit(5, {"MGET", "c", "b"});
    world.submit(6, {"MSET", "c", "1", "b", "2"});
    world.submit(7, {"BLPOP", "a", "1"});
    world.submit(8, {"BLPOP", "b", "1"});
    if (own) world.submit_to(*own, 9, {{"WATCH", "c"}});
    world.memory().refuse_one_after(granted);
    world.connect();
    world.advance(200ms);
    if (own) world.submit_to(*own, 10, {{"WATCH", "a"}});
    world.advance(15s);
    is_all = !world.memory().has_refused();
    world.memory().refuse_one_after(TestMemory::no_refusal);
    CHECK(world.pending_count() == 0);
    if (own) world.client().release(*own, world.now());
    world.client().close(world.now());
    world.advance(10s);
    CHECK(world.pending_count() == 0);
  }
  CHECK(is_all);
}

TEST_CASE("early waiters of every kind are cancelled, admitted or run out of time at each moment") {
  const std::size_t limit = GENERATE(1, 2);
  const int what = GENERATE(0, 1, 2);  // nothing, cancel, a short deadline
  for (int at = -1; at < 30; at += 6) {
    CAPTURE(limit, what, at);
    ClientOptions client;
    client.inflight_requests_limit = limit;
    client.inflight_overflow = OnLimit::wait;
    client.blocking_connections_max = 1;
    ClusterWorldOptions options = knowing_nothing(client);
    options.cross_slot_writes = at % 4 == 1 ? CrossSlotWrites::split : CrossSlotWrites::refuse;
    ClusterWorld world(options);
    world.delay = [] { return 3ms; };
    world.validate_always();
    for (NodeIndex i = 0; i < 3; ++i) world.node(i).refused["BLPOP"] = "$1\r\nx\r\n";
    const Duration timeout = what == 2 ? std::chrono::milliseconds(at + 2) : 10s;
    Tag tag = 0;
    const auto submit_all = [&] {
      for (const Words& words : std::vector<Words>{{"GET", "a"},
                                                   {"MGET", "a", "b", "c"},
                                                   {"SCAN", "0"},
                                                   {"MSET", "a", "1", "c", "2"},
                                                   {"BLPOP", "a", "1"},
                                                   {"DBSIZE"},
                                                   {"INFO"},
                                                   {"BLPOP", "b", "1"},
                                                   {"ECHO", "ship"},
                                                   {"BLPOP", "a", "b", "1"},
                                                   {"SCAN", "none"}}) {
        world.submit(++tag, words, timeout);
      }
    };
    submit_all();
    const auto cancel_all = [&] {
      for (Tag each = 1; each <= tag; ++each) {
        if (const auto id = world.id_of(each)) world.cancel(*id);
      }
    };
    if (at < 0 && what == 1) cancel_all();
    world.connect();
    for (int i = 0; i < at; ++i) {
      world.advance(1ms);
      if (i % 8 == 5) submit_all();
    }
    if (at >= 0 && what == 1) cancel_all();
    world.advance(15s);
    CHECK(world.pending_count() == 0);
    CHECK(world.client().cluster() != nullptr);
    CHECK(world.cluster().in_flight() == 0);
    if (what == 0) {
      CHECK(world.outcome(1) == "null");
      CHECK(world.outcome(2) == "[null, null, null]");
      CHECK(world.outcome(5) == "\"x\"");
      CHECK(world.outcome(6) == (options.cross_slot_writes == CrossSlotWrites::split ? "2" : "0"));
      CHECK(world.outcome(7) == "refused_command (no)");
      CHECK(world.outcome(9) == "\"ship\"");
      CHECK(world.outcome(11) == "invalid_argument (no)");
    }
  }
}

TEST_CASE("close and abort at each moment end each call once, with all that is under way") {
  const bool is_abort = GENERATE(true, false);
  const std::size_t limit = GENERATE(1, 2, 5);
  const bool knows = GENERATE(true, false);
  for (int at = 0; at < 40; at += 5) {
    CAPTURE(is_abort, limit, knows, at);
    const OnLimit overflow = at % 2 == 0 ? OnLimit::reject : OnLimit::wait;
    ClusterWorldOptions options{.knows = knows ? Knows::cluster : Knows::nothing};
    options.client.inflight_requests_limit = limit;
    options.client.inflight_overflow = overflow;
    options.client.blocking_connections_max = 2;
    ClusterWorld world(options);
    world.delay = [] { return 3ms; };
    world.validate_always();
    const auto own = world.client().open_exclusive(world.now());
    Tag tag = 0;
    world.submit(++tag, {"MGET", "a", "b", "c"});
    world.submit(++tag, {"SCAN", "0"});
    world.submit(++tag, {"BLPOP", "a", "1"});
    world.submit(++tag, {"BLPOP", "b", "1"});
    world.submit(++tag, {"BLPOP", "c", "1"});
    world.connect();
    for (int i = 0; i < at; ++i) {
      world.advance(1ms);
      if (i % 7 == 3) {
        world.submit(++tag, {"MGET", "a", "b", "c"});
        world.submit(++tag, {"SCAN", "0"});
        if (own) world.submit_to(*own, ++tag, {{"WATCH", "c"}});
      }
    }
    is_abort ? world.client().abort() : world.client().close(world.now());
    world.advance(10s);
    CHECK(world.pending_count() == 0);
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_meet_test
