#include <algorithm>
#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/read_cluster.h"

// Reads from the replicas of a cluster while servers say different things of who owns a slot. The
// simulator has found these, with servers that hear of everything late.

namespace plimsoll::testing::cluster_replicas_doubts_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it, and node 3 is its replica

// In which the slot of "b" has gone to node 1. Node 2 has not heard, and neither has the replica,
// although it has lost the key.
struct MovedAway : ReadCluster {
  MovedAway() {
    prove();
    model().move_atomically(slot, 1);
    replicate_all();
    node(3).view[slot] = 0;
  }
  // For some rounds, so that the replica is proved to have all that node 0 has, which still has the
  // slot of "f".
  void prove_replica() {
    const std::size_t reads = replica_reads();
    for (int i = 0; i < 50; ++i) {
      get("f");
      advance(100ms);
    }
    REQUIRE(replica_reads() > reads);
  }
  // Only node 2 says who owns what.
  void refuse_views() {
    for (NodeIndex i = 0; i < model().nodes_count(); ++i) {
      if (i != 2) node(i).refused["CLUSTER SLOTS"] = "-ERR not now\r\n";
    }
  }
};

TEST_CASE("a slot that a late view gives back to its last owner is read there first") {
  MovedAway world;
  world.refuse_views();
  CHECK(world.call(1, {"SET", "b", "new"}) == "simple \"OK\"");
  CHECK(world.owner_known(slot) == world.address(1));
  CHECK(world.get("b") == "new");  // the move is over
  for (int i = 0; i < 100 && world.owner_known(slot) != world.address(0); ++i) {
    world.call(100 + static_cast<Tag>(i), {"SET", "a", "z"});
    world.advance(1s);
  }
  REQUIRE(world.owner_known(slot) == world.address(0));
  world.prove_replica();
  for (int i = 0; i < 30; ++i) {
    CHECK(world.get("b") == "new");
    world.advance(50ms);
  }
}

TEST_CASE("an owner that says MOVED is not believed, though the client cannot go where it says") {
  MovedAway world;
  world.refuse_views();
  world.write_elsewhere({"SET", "b", "new"});
  world.kill(world.address(1));
  world.submit(1, {"SET", "b", "newer"}, 300ms);
  world.run();
  world.advance(400ms);
  for (int i = 0; i < 300 && world.owner_known(slot) != world.address(0); ++i) world.advance(100ms);
  REQUIRE(world.outcome(1).starts_with("timed_out"));
  REQUIRE(world.owner_known(slot) == world.address(0));
  world.prove_replica();
  // The first of these asks the owner, since the slot has been on the move.
  world.submit(2, {"GET", "b"}, 60s);
  world.submit(3, {"GET", "b"}, 60s);
  world.run();
  world.advance(5ms);
  CHECK(world.outcome(3).empty());
  world.revive(world.address(1));
  world.model().tell_all();
  world.advance(3s);
  CHECK(world.outcome(3) == "\"new\"");
}

TEST_CASE("after its owner has answered, a slot is read at replicas again") {
  MovedAway world;
  CHECK(world.call(1, {"SET", "b", "new"}) == "simple \"OK\"");
  world.model().tell_all();
  world.replicate_all();
  world.advance(1s);
  const std::size_t reads = world.replica_reads();
  for (int i = 0; i < 5; ++i) {
    CHECK(world.get("b") == "new");
    world.advance(200ms);
  }
  CHECK(world.replica_reads() > reads);
}

// Node 4 was a primary when the move began, and is a replica by now.
TEST_CASE("what goes to a node with ASKING is not run there as a read of a replica") {
  ReadCluster world;
  const auto reads_at = [&world](NodeIndex number) {
    const auto& reads = world.model().replica_reads();
    return std::count_if(reads.begin(), reads.end(),
                         [number](const auto& each) { return each.node == number; });
  };
  for (int i = 0; i < 50 && reads_at(4) == 0; ++i) {
    world.get("c");
    world.advance(100ms);
  }
  REQUIRE(reads_at(4) > 0);
  // Only the owner may be asked for this key, which is gone there.
  world.call(3, {"SET", "{c}k", "written"});
  world.node(1).data.erase("{c}k");
  world.node(1).migrating[7365] = 4;
  const auto before = reads_at(4);
  world.submit(1, {"GET", "{c}k"}, 60s);
  world.run();
  world.advance(3ms);
  CHECK(reads_at(4) == before);
  CHECK(world.outcome(1).empty());
  world.node(1).migrating.clear();
  world.write_elsewhere({"SET", "{c}k", "there"});
  world.advance(1s);
  CHECK(world.outcome(1) == "\"there\"");
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_doubts_test
