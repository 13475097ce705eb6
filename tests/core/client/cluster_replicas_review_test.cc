#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/read_cluster.h"

// What a review of reads from the replicas of a cluster has found.

namespace plimsoll::testing::cluster_replicas_review_test {
namespace {

using namespace std::chrono_literals;
using State = KnownReplica::State;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it, and node 3 is its replica
constexpr NodeIndex replica = 3;

struct Ready : ReadCluster {
  explicit Ready(ClusterWorldOptions options = reading()) : ReadCluster(std::move(options)) {
    call(1004, {"SET", "f", "old"});  // of another slot of node 0
    replicate_all();
  }

  // Reads of the keys until replicas answer.
  void prove(const std::vector<std::string>& keys = {"b"}) {
    for (int i = 0; i < 10; ++i) {
      for (const std::string& key : keys) call(tags_++, {"GET", key});
      advance(100ms);
    }
    REQUIRE(counters().reads > 0);
  }
  void ask(Tag tag, const Words& words, Duration max_staleness) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    const Result<CommandView> command = commands::prepare(views);
    REQUIRE(command.ok());
    history().note_submitted(tag, {});
    REQUIRE(client().submit(*command, now(), 10s, tag, max_staleness).ok());
    run();
  }
};

TEST_CASE("with a bound on staleness, the owners answer a read of several slots, too") {
  Ready world;
  world.prove({"a", "b", "c"});
  const std::size_t before = world.replica_reads();
  world.ask(1, {"GET", "b"}, 1s);
  CHECK(world.replica_reads() == before);
  world.ask(2, {"MGET", "a", "b", "c"}, 1s);
  CHECK(world.replica_reads() == before);
}

TEST_CASE("reads that leave a silent replica do not exceed inflight_requests_limit") {
  ClusterWorldOptions options = reading();
  options.client.inflight_requests_limit = 8;
  options.client.inflight_overflow = OnLimit::reject;
  Ready world(options);
  world.prove();
  world.freeze(world.address(replica));
  world.hold_answers(world.address(0));
  for (Tag tag = 1; tag <= 7; ++tag) world.submit(tag, {"GET", "b"}, 1s);
  world.run();
  REQUIRE(world.client().statistics().in_flight == 7);
  for (int i = 0; i < 70; ++i) {
    world.advance(10ms);
    CAPTURE(i);
    REQUIRE(world.client().statistics().in_flight <= 8);
  }
  world.let_answers_go(world.address(0));
}

TEST_CASE("what a script without keys has written is read once it is answered") {
  Ready world;
  world.prove();
  REQUIRE(world.main_address() == world.address(0));
  // On the main connection it takes longer than a question on the node's own one.
  bool is_first = true;
  world.delay = [&] { return std::exchange(is_first, false) ? Duration(300ms) : Duration(0ms); };
  world.submit(1, {"EVAL", "return redis.call('set','b','new')", "0"});
  world.run();
  for (int i = 0; i < 5; ++i) {
    world.get("b");
    world.advance(40ms);
  }
  CHECK(world.outcome(1).empty());
  world.advance(50ms);
  // It runs now.
  world.write_elsewhere({"SET", "b", "new"});
  for (int i = 0; i < 60 && world.outcome(1).empty(); ++i) world.advance(1ms);
  REQUIRE_FALSE(world.outcome(1).empty());
  CHECK(world.get("b") == "new");
}

TEST_CASE("what a script without keys has written that waited for room is read") {
  ClusterWorldOptions options = reading();
  options.client.inflight_requests_limit = 2;
  options.client.inflight_overflow = OnLimit::wait;
  Ready world(options);
  world.prove();
  const NodeIndex other = 1;
  world.hold_answers(world.address(other));
  world.submit(1, {"GET", "c"}, 5s);
  world.submit(2, {"SET", "c", "1"}, 5s);
  world.submit(3, {"EVAL", "return redis.call('set','b','new')", "0"});
  world.run();
  REQUIRE(world.outcome(3).empty());
  world.write_elsewhere({"SET", "b", "new"});
  world.let_answers_go(world.address(other));
  world.run();
  REQUIRE_FALSE(world.outcome(3).empty());
  CHECK(world.get("b") == "new");
}

TEST_CASE("a script that is sent again counts as one that may write any key") {
  Ready world;
  world.prove({"b", "c"});
  world.model().move_atomically(slot, 1);
  world.model().tell(1);
  world.model().tell(0);
  world.hold_answers(world.address(0));
  // It is sent to node 0, which says MOVED; node 1 runs it, which has "c", too.
  world.submit(1, {"EVAL", "redis.call('set','c','new')", "1", "b", "e"});
  world.run();
  for (int i = 0; i < 5; ++i) {
    world.replicate_all();
    world.get("c");
    world.advance(100ms);
  }
  REQUIRE(world.outcome(1).empty());
  world.write_elsewhere({"SET", "c", "new"});  // the model does not know what scripts do
  world.let_answers_go(world.address(0));
  world.run();
  REQUIRE_FALSE(world.outcome(1).empty());
  CHECK(world.get("c") == "new");
}

TEST_CASE("a command at a node that may write anything, and is sent again, is seen") {
  Ready world;
  world.prove({"b", "f"});
  // It is on its way to a node whose connection is lost.
  world.piece = [](std::size_t) { return std::size_t{0}; };
  world.history().note_submitted(1, {});
  REQUIRE(world.client()
              .submit_at({.kind = NodeChoice::Kind::owner, .slot = slot},
                         CommandView::from_encoded("*1\r\n$8\r\nFLUSHALL\r\n"), world.now(), 10s, 1)
              .ok());
  world.run();
  world.cut(world.address(0));
  world.piece = [](std::size_t bytes) { return bytes; };
  for (int i = 0; i < 1000 && world.outcome(1).empty(); ++i) {
    world.get("f");
    world.advance(1ms);
  }
  CHECK(world.outcome(1) == "simple \"OK\"");
  CHECK(world.call(3, {"GET", "f"}) == "null");
}

TEST_CASE("an idle client does not ask a primary that refuses to say what it has run") {
  Ready world;
  world.node(0).refused["INFO"] = "-NOPERM no\r\n";
  world.get("b");
  world.advance(10s);
  const auto rounds = world.counters().rounds;
  world.advance(60s);
  CHECK(world.counters().rounds == rounds);
}

TEST_CASE("a replica is read in the end, wherever memory was refused") {
  for (std::size_t after = 0; after < 60; ++after) {
    CAPTURE(after);
    Ready world;
    world.memory().refuse_one_after(after);
    for (int i = 0; i < 60; ++i) {
      world.call(world.tags_++, {"GET", "b"});
      world.advance(100ms);
    }
    const std::size_t before = world.replica_reads();
    world.advance(2s);
    for (int i = 0; i < 60; ++i) {
      world.call(world.tags_++, {"GET", "b"});
      world.advance(100ms);
    }
    CAPTURE(world.state_of(replica), world.cluster().replicas()->counters().left_out);
    CHECK(world.replica_reads() > before);
  }
}

TEST_CASE("a command that blocks and was sent on with ASK tells that its slot is on its way") {
  Ready world;
  world.model().replication().replicas_know_migrations = false;
  world.call(1, {"RPUSH", "{b}l", "1", "2", "3"});
  world.replicate_all();
  world.prove();
  world.model().start_migration(slot, 1);
  while (world.model().move_key(slot)) {
  }
  world.replicate_all();
  world.submit(2, {"BLPOP", "{b}l", "1"});
  world.run();
  world.advance(100ms);
  CHECK(world.outcome(2) == "[\"{b}l\", \"1\"]");
  for (int i = 0; i < 10; ++i) {
    CHECK(world.call(world.tags_++, {"LLEN", "{b}l"}) == "2");
    world.advance(100ms);
    world.replicate_all();
  }
}

TEST_CASE("a primary that was a replica is asked for its zone") {
  Ready world(reading({.read_from = ReadFrom::az_affinity_replicas_and_primary, .zone = "east"}));
  world.node(replica).zone = "east";
  world.node(0).zone = "west";
  world.prove();
  const NodeIndex promoted = world.model().promote_replica_of(0);
  REQUIRE(promoted == replica);
  world.model().tell_all();
  world.model().resynchronize(0);
  for (int i = 0; i < 50; ++i) {
    world.get("b");
    world.advance(100ms);
    world.model().replicate(promoted);
  }
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 5; ++i) CHECK(world.get("b") == "x");
  CHECK(world.replica_reads() == before);
}

TEST_CASE("a slot that does not move in the end is read from replicas again") {
  Ready world;
  world.prove();
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "b");
  CHECK(world.get("b") == "x");
  world.call(1, {"SET", "b", "there"});
  world.model().cancel_migration(slot);
  world.replicate_all();
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 700; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  CHECK(world.replica_reads() > before);
}

TEST_CASE("replicas leave their places to new primaries") {
  ClusterWorldOptions options = reading();
  options.primaries = 744;
  options.replicas_count = 1;
  ClusterWorld world(options);
  world.connect();
  const NodeIndex joined = world.model().add_node("10.0.0.2", 9000);
  world.model().move_atomically(slot, joined);
  world.model().tell_all();
  world.submit(1, {"SET", "b", "x"}, 60s);
  world.run();
  world.advance(30s);
  CHECK(world.outcome(1) == "simple \"OK\"");
}

TEST_CASE("writes in parts are seen") {
  ClusterWorldOptions options = reading();
  options.cross_slot_writes = CrossSlotWrites::split;
  Ready world(options);
  world.prove({"a", "b", "c"});
  for (int i = 0; i < 20; ++i) {
    const std::string v = std::to_string(i);
    world.call(world.tags_++, {"MSET", "a", v, "b", v, "c", v});
    CHECK(world.get("a") == v);
    CHECK(world.get("b") == v);
    CHECK(world.call(world.tags_++, {"MGET", "a", "b", "c"}) ==
          "[\"" + v + "\", \"" + v + "\", \"" + v + "\"]");
    if (i % 3 == 0) world.replicate_all();
    world.advance(150ms);
    CHECK(world.call(world.tags_++, {"DEL", "a", "b"}) == "2");
    CHECK(world.call(world.tags_++, {"MGET", "a", "b", "c"}) == "[null, null, \"" + v + "\"]");
  }
}

TEST_CASE("a replica that changes its address is read at the new one") {
  Ready world;
  world.prove();
  const std::string old = world.address(replica);
  world.kill(old);
  world.node(replica).port = 7099;
  for (int i = 0; i < 600; ++i) {
    CHECK(world.get("b") == "x");
    world.advance(100ms);
  }
  CHECK(world.links_to(world.address(replica)) == 1);
  CHECK(world.state_of(replica) == State::ready);
}

TEST_CASE("a cancelled read that has gone on ends") {
  Ready world;
  world.prove();
  world.freeze(world.address(replica));
  world.hold_answers(world.address(0));
  world.submit(1, {"GET", "b"}, 2s);
  world.run();
  const auto id = world.id_of(1);
  REQUIRE(id);
  world.advance(1100ms);
  CHECK(world.outcome(1).empty());
  world.cancel(*id);
  world.run();
  CHECK_FALSE(world.outcome(1).empty());
  world.let_answers_go(world.address(0));
  world.wake(world.address(replica));
}

TEST_CASE("automatic topology with read_from, as the driver begins") {
  ClusterWorldOptions options = reading();
  options.knows = ClusterWorldOptions::Knows::nothing;
  options.client.primary_only = true;
  ReplicaOptions read{.read_from = ReadFrom::prefer_replica};
  ClusterWorld world(options);
  REQUIRE(world.client().use_replicas(read).ok());
  world.submit(1, {"SET", "b", "x"});
  world.submit(2, {"GET", "b"});
  world.submit(3, {"MGET", "a", "b", "c"});
  world.connect();
  world.advance(1s);
  CHECK(world.outcome(2) == "\"x\"");
  for (NodeIndex i = 0; i < 3; ++i) world.model().replicate(i);
  for (Tag i = 0; i < 20; ++i) {
    CHECK(world.call(100 + i, {"GET", "b"}) == "\"x\"");
    world.advance(100ms);
  }
  CHECK(world.model().replica_reads().size() > 0);
}

TEST_CASE("a replica whose READONLY is refused for a while is read later") {
  Ready world;
  world.node(replica).refused["READONLY"] = "-LOADING wait\r\n";
  for (int i = 0; i < 10; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  world.node(replica).refused.clear();
  for (int i = 0; i < 600; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  CHECK(world.replica_reads() > 0);
}

TEST_CASE("an idle client with a replica that was read sends nothing but PINGs") {
  Ready world;
  world.prove();
  world.advance(5s);
  const auto rounds = world.counters().rounds;
  const auto polls = world.now();
  (void)polls;
  world.advance(60s);
  CHECK(world.counters().rounds == rounds);
}

TEST_CASE("a read without a deadline leaves a frozen replica") {
  Ready world;
  world.prove();
  world.freeze(world.address(replica));
  world.submit(1, {"GET", "b"}, Duration::zero());
  world.run();
  world.advance(120s);
  CHECK(world.outcome(1) == "\"x\"");
}

TEST_CASE("all replicas of a cluster that change their addresses are read soon") {
  ClusterWorldOptions options = reading();
  options.primaries = 40;
  options.replicas_count = 7;
  ClusterWorld world(options);
  world.connect();
  const std::size_t before = world.cluster().replicas()->counters().left_out;
  for (NodeIndex i = 40; i < 320; ++i) world.node(i).port = static_cast<std::uint16_t>(20000 + i);
  world.advance(120s);
  CHECK(world.cluster().replicas()->counters().left_out == before);
}

TEST_CASE("closing with a read at a frozen replica") {
  Ready world;
  world.prove();
  world.freeze(world.address(replica));
  world.submit(1, {"GET", "b"}, 1s);
  world.submit(2, {"MGET", "a", "b", "c"}, 1s);
  world.run();
  world.client().close(world.now());
  world.advance(3s);
  CHECK(world.pending_count() == 0);
  CHECK(world.outcome(1) == "\"x\"");
}

TEST_CASE("a replica that is promoted with reads under way that freezes then") {
  Ready world;
  world.prove();
  world.freeze(world.address(replica));
  world.submit(1, {"GET", "b"}, 2s);
  world.run();
  world.model().promote_replica_of(0);
  world.model().tell_all();
  world.submit(2, {"SET", "b", "n"}, 2s);
  world.run();
  world.advance(100ms);
  // And back.
  world.model().promote(0);
  world.model().tell_all();
  world.advance(3s);
  CHECK_FALSE(world.outcome(1).empty());
  CHECK_FALSE(world.outcome(2).empty());
  world.wake(world.address(replica));
  world.advance(1s);
  world.model().resynchronize(replica);
  for (int i = 0; i < 50; ++i) {
    world.get("b");
    world.advance(100ms);
    world.replicate_all();
  }
  CHECK(world.state_of(replica) == State::ready);
  world.cluster().replicas()->for_each(
      [&](const KnownReplica& known) { CHECK(known.progress.latency.value() < 10s); });
}

TEST_CASE("memory refused at any point while reads leave a replica") {
  for (std::size_t after = 0; after < 40; ++after) {
    for (int how = 0; how < 4; ++how) {
      CAPTURE(after, how);
      Ready world;
      world.validate_always();
      world.prove({"a", "b", "c"});
      world.hold_answers(world.address(replica));
      for (Tag tag = 1; tag <= 6; ++tag) world.submit(tag, {"GET", "b"}, 1s);
      world.submit(7, {"MGET", "a", "b", "c"}, 1s);
      world.submit(8, {"SET", "b", "w"}, 1s);
      world.run();
      world.memory().refuse_one_after(after);
      if (how == 0) world.advance(550ms);
      if (how == 1) world.kill(world.address(replica));
      if (how == 2) {
        world.model().promote_replica_of(0);
        world.model().tell_all();
        world.call(9, {"SET", "b", "v"});
      }
      if (how == 3) {
        world.node(replica).replica_of = 1;
        world.node(replica).view.assign(world.node(1).view.begin(), world.node(1).view.end());
        world.advance(700ms);
      }
      world.advance(1s);
      world.let_answers_go(world.address(replica));
      world.advance(2s);
      CHECK(world.pending_count() == 0);
    }
  }
}

TEST_CASE("a cancelled read at a replica does not go on, and its place is free again") {
  ClusterWorldOptions options = reading();
  options.client.inflight_requests_limit = 4;
  options.client.inflight_overflow = OnLimit::reject;
  Ready world(options);
  world.prove();
  world.hold_answers(world.address(replica));
  for (Tag tag = 1; tag <= 4; ++tag) world.submit(tag, {"GET", "b"}, 1s);
  world.run();
  for (Tag tag = 1; tag <= 4; ++tag) {
    if (const auto id = world.id_of(tag)) world.cancel(*id);  // else the primary has answered it
  }
  world.run();
  for (Tag tag = 1; tag <= 4; ++tag) CHECK_FALSE(world.outcome(tag).empty());
  world.advance(2s);
  world.let_answers_go(world.address(replica));
  world.run();
  CHECK(world.get("b") == "x");
  CHECK(world.client().statistics().in_flight == 0);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_review_test
