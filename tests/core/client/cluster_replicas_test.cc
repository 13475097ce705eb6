#include "plimsoll/core/client/cluster_replicas.h"

#include <chrono>
#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/read_cluster.h"

// What a client of a cluster reads from replicas, and what it does not.

namespace plimsoll::testing::cluster_replicas_test {
namespace {

using namespace std::chrono_literals;
using State = KnownReplica::State;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it, and node 3 is its replica
constexpr NodeIndex replica = 3;

using Ready = ReadCluster;

TEST_CASE("a replica is read once it is proved to have what its primary has") {
  Ready world;
  CHECK(world.links_to(world.address(replica)) == 0);
  CHECK(world.state_of(replica) == State::idle);
  CHECK(world.get("b") == "x");
  CHECK(world.replica_reads() == 0);
  world.prove();
  CHECK(world.links_to(world.address(replica)) == 1);
  CHECK(world.state_of(replica) == State::ready);
  const std::size_t before = world.replica_reads();
  CHECK(world.get("b") == "x");
  CHECK(world.replica_reads() == before + 1);
  // Nobody has read the other primaries' slots.
  CHECK(world.links_to(world.address(4)) == 0);
  CHECK(world.cluster().slots_unserved() == 0);
}

TEST_CASE("what the client has written is read at the owner until the replica has it") {
  Ready world;
  world.prove();
  world.call(1, {"SET", "b", "new"});
  CHECK(world.get("b") == "new");
  CHECK(world.counters().reads_behind > 0);
  const std::size_t before = world.replica_reads();
  world.advance(1s);
  CHECK(world.get("b") == "new");
  CHECK(world.replica_reads() == before);
  world.model().replicate(0);
  world.advance(200ms);
  CHECK(world.get("b") == "new");
  world.advance(200ms);
  CHECK(world.get("b") == "new");
  CHECK(world.replica_reads() > before);
}

TEST_CASE("a replica that falls behind replica_lag_max is not read") {
  Ready world(reading({.read_from = ReadFrom::prefer_replica, .lag_max = 400ms}));
  world.prove();
  world.write_elsewhere({"SET", "b", "later"});
  // It never gets that write, and each round asks for it.
  for (int i = 0; i < 10; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  const std::size_t before = world.replica_reads();
  CHECK(world.get("b") == "later");
  CHECK(world.replica_reads() == before);
}

TEST_CASE("a read that a replica refuses goes to the owner") {
  Ready world;
  world.prove();
  SECTION("because the slot has moved, which only the replica knows") {
    world.model().move_atomically(slot, 1);
    world.model().tell(replica);
    world.model().tell(1);
    world.model().tell(0);
    CHECK(world.get("b") == "x");
    CHECK(world.owner_known(slot) == world.address(1));
  }
  SECTION("because it is loading") {
    world.node(replica).refusal = "-LOADING wait\r\n";
    CHECK(world.get("b") == "x");
    const std::size_t reads = world.counters().reads;
    CHECK(world.get("b") == "x");
    CHECK(world.counters().reads == reads);
  }
  SECTION("because it is gone") {
    const auto sent = world.counters().reads;
    world.hold_answers(world.address(replica));
    world.submit(1, {"GET", "b"});
    world.run();
    REQUIRE(world.counters().reads == sent + 1);
    world.kill(world.address(replica));
    world.let_answers_go(world.address(replica));
    world.run();
    CHECK(Ready::bare(world.outcome(1)) == "x");
    CHECK(world.counters().reads_moved == 1);
  }
  world.verify();
}

TEST_CASE("a read leaves a silent replica after half of its time") {
  Ready world;
  world.prove();
  world.freeze(world.address(replica));
  const std::size_t reads = world.counters().reads;
  world.submit(1, {"GET", "b"}, 1s);
  world.run();
  REQUIRE(world.counters().reads == reads + 1);
  world.advance(450ms);
  CHECK(world.outcome(1).empty());
  world.advance(100ms);
  CHECK(Ready::bare(world.outcome(1)) == "x");
  // It gets no further reads until it has said something.
  CHECK(world.get("b") == "x");
  CHECK(world.counters().reads == reads + 1);
  CHECK(world.state_of(replica) == State::suspect);
  world.wake(world.address(replica));
  world.run();
  world.advance(200ms);
  world.get("b");
  world.advance(200ms);
  world.get("b");
  CHECK(world.counters().reads > reads + 1);
}

TEST_CASE("the replicas of a slot's new owner have to be proved again") {
  Ready world;
  world.prove();
  for (int i = 0; i < 5; ++i) {
    world.get("c");
    world.advance(100ms);
  }
  const NodeIndex other = world.model().owner(7365);
  REQUIRE(other != 0);
  world.call(1, {"SET", "b", "mine"});
  world.model().move_atomically(slot, other);
  world.model().tell_all();
  // The replica of the new owner lacks the slot's keys.
  CHECK(world.get("b") == "mine");
  CHECK(world.get("b") == "mine");
  world.advance(300ms);
  CHECK(world.get("b") == "mine");
  world.model().replicate(other);
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 5; ++i) {
    CHECK(world.get("b") == "mine");
    world.advance(100ms);
  }
  CHECK(world.replica_reads() > before);
}

TEST_CASE("while a slot is on its way, its owner is read") {
  Ready world;
  world.prove();
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "b");
  // The client is sent to the target, and its write is there alone.
  CHECK(world.call(1, {"SET", "b", "there"}) == "simple \"OK\"");
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 10; ++i) {
    CHECK(world.get("b") == "there");
    world.advance(100ms);
    world.replicate_all();
  }
  CHECK(world.replica_reads() == before);
  world.verify();
}

TEST_CASE("a replica that becomes the owner takes writes, and one that was it is read") {
  Ready world;
  world.prove();
  const NodeIndex promoted = world.model().promote_replica_of(0);
  world.model().tell_all();
  world.model().resynchronize(0);
  CHECK(world.call(1, {"SET", "b", "after"}) == "simple \"OK\"");
  CHECK(world.owner_known(slot) == world.address(promoted));
  CHECK(world.get("b") == "after");
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 30; ++i) {
    CHECK(world.get("b") == "after");
    world.advance(100ms);
    world.model().replicate(promoted);
  }
  CHECK(world.replica_reads() > before);
  CHECK(world.model().replica_reads().back().node == 0);
  world.verify();
}

TEST_CASE("a replica that joins is read before the next view is due anyway") {
  Ready world;
  world.prove();
  const NodeIndex joined = world.model().add_node("10.0.0.1", 7006);
  world.node(joined).replica_of = 0;
  world.model().tell_all();
  world.model().resynchronize(joined);
  for (int i = 0; i < 150; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  CHECK(world.links_to(world.address(joined)) == 1);
  CHECK(world.state_of(joined) == State::ready);
}

TEST_CASE("a primary that had no replica when the client came is asked whether it has got one") {
  ClusterWorldOptions options = reading();
  options.replicas_count = 0;
  ClusterWorld world(options);
  world.connect();
  world.call(1, {"SET", "b", "x"});
  const NodeIndex joined = world.model().add_node("10.0.0.1", 7006);
  world.node(joined).replica_of = 0;
  world.model().tell_all();
  world.model().resynchronize(joined);
  for (Tag tag = 2; tag < 300; ++tag) {
    world.call(tag, {"GET", "b"});
    world.advance(100ms);
  }
  CHECK(world.links_to(world.address(joined)) == 1);
  CHECK(world.cluster().replicas()->counters().reads > 0);
}

TEST_CASE("MGET of several slots is read from replicas, part by part") {
  Ready world;
  world.prove();
  for (int i = 0; i < 10; ++i) {
    CHECK(world.call(100 + static_cast<Tag>(i), {"MGET", "a", "b", "c"}) ==
          "[\"z\", \"x\", \"y\"]");
    world.advance(100ms);
  }
  const std::size_t before = world.replica_reads();
  CHECK(world.call(1, {"MGET", "a", "b", "c"}) == "[\"z\", \"x\", \"y\"]");
  CHECK(world.replica_reads() == before + 3);
  world.verify();
}

TEST_CASE("writes, transactions and what a node is chosen for go to owners") {
  Ready world;
  world.prove();
  const std::size_t before = world.replica_reads();
  world.submit_transaction(1, {{"GET", "b"}});
  world.call(2, {"INCR", "{b}n"});
  world.history().note_submitted(3, {});
  REQUIRE(world.client()
              .submit_at({.kind = NodeChoice::Kind::owner, .slot = slot},
                         CommandView::from_encoded("*2\r\n$3\r\nGET\r\n$1\r\nb\r\n"), world.now(),
                         10s, 3)
              .ok());
  world.run();
  CHECK(world.replica_reads() == before);
}

TEST_CASE("more replicas than there are places for are left out, and counted") {
  ClusterWorldOptions options = reading();
  options.primaries = 40;
  options.replicas_count = 7;
  ClusterWorld world(options);
  world.connect();
  CHECK(world.cluster().replicas()->counters().left_out == 280 - cluster_replicas_max);
  std::size_t count = 0;
  world.cluster().replicas()->for_each([&count](const KnownReplica&) { ++count; });
  CHECK(count == cluster_replicas_max);
}

TEST_CASE("without reads nothing is opened, and nobody is asked") {
  Ready world;
  const std::size_t attempts = world.attempts();
  world.advance(10s);
  CHECK(world.attempts() == attempts);
  CHECK(world.counters().rounds == 0);
}

TEST_CASE("how replicas are chosen is checked for a cluster as for one primary") {
  ClusterOptions cluster;
  cluster.replicas.read_from = ReadFrom::prefer_replica;
  CHECK(validate(cluster, ClientOptions()).ok());
  cluster.replicas.read_from = ReadFrom::az_affinity;
  CHECK_FALSE(validate(cluster, ClientOptions()).ok());
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_test
