#include "plimsoll/core/client/cluster_main.h"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/cluster_node.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// The node of the main connection: when it is left, and for which other one. Nodes 0 to 2 are
// primaries, and node 3 is the replica of node 0.

namespace plimsoll::testing::cluster_main_test {
namespace {

using namespace std::chrono_literals;

const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node3 = ClusterWorld::port(3);

constexpr Duration question = ViewSchedule::urgent_interval;

// "b" is node 0's, "c" is node 1's, and "a" is node 2's.
struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options = {}) : ClusterWorld(with_replicas(options)) {
    connect();
    call(1002, {"GET", "c"});
    call(1003, {"GET", "a"});
  }
  static ClusterWorldOptions with_replicas(ClusterWorldOptions options) {
    options.with_replicas = true;
    return options;
  }

  std::uint64_t views() const { return cluster().counters().views; }
};

TEST_CASE("a frozen node of the main connection is left as soon as it is replaced, for few views") {
  Ready world;
  const auto views = world.views();
  world.freeze(node0);
  world.submit(1, {"ECHO", "anchor"}, 60s);
  world.advance(3s);
  CHECK(world.outcome(1) == "");
  world.elect(0);
  world.advance(question * 4);
  CHECK(world.outcome(1) == "lost_in_doubt (maybe)");
  CHECK(world.main_address() != node0);
  CHECK(world.views() <= views + 2);
  CHECK(world.call(2, {"ECHO", "ship"}) == "\"ship\"");
  world.verify();
}

TEST_CASE(
    "a main connection that owes nothing leaves its frozen node once its slots are elsewhere") {
  Ready world;
  world.call(1001, {"GET", "b"});
  world.freeze(node0);
  world.push(1, "b");
  world.advance(2s);
  world.elect(0);
  world.advance(question * 4);
  CHECK(world.outcome(1) == "lost_in_doubt (maybe)");
  world.advance(ClusterNode::suspect_after);
  CHECK(world.main_address() != node0);
  CHECK(world.call(2, {"ECHO", "ship"}) == "\"ship\"");
  world.verify();
}

TEST_CASE("a silent node of the main connection that nobody replaces is waited for") {
  Ready world;
  world.freeze(node0);
  world.submit(1, {"ECHO", "anchor"}, 60s);
  world.advance(20s);
  CHECK(world.outcome(1) == "");
  CHECK(world.main_address() == node0);
  world.wake(node0);
  world.run();
  CHECK(world.outcome(1) == "\"anchor\"");
  world.verify();
}

TEST_CASE("the main connection stays at a node that hands over its slots and answers") {
  Ready world;
  world.elect(0);
  world.model().tell(0);
  world.push(1, "b");
  world.advance(ViewSchedule::some_time_max + 2s);
  CHECK(world.owner_known(model_slot_of("b")) == node3);
  CHECK(world.main_address() == node0);
  const std::size_t attempts = world.attempts_at(node0);
  // What takes long there later is no reason either: the node has answered since.
  world.freeze(node0);
  world.submit(2, {"ECHO", "slow"}, 60s);
  world.advance(4s);
  world.wake(node0);
  world.run();
  CHECK(world.outcome(2) == "\"slow\"");
  CHECK(world.attempts_at(node0) == attempts);
  world.verify();
}

// Node 0 has handed its slots over, and has not caught up with its new primary. The client has had
// a view since then, which leaves it out.
struct LeftOut : Ready {
  LeftOut() {
    elect(0);
    model().tell(0);
    node(0).has_caught_up = false;
    push(1, "b");
    const std::uint64_t before = views();
    while (views() == before) advance(100ms);
  }
};

TEST_CASE("the main connection stays at a node that is in no view for a few seconds") {
  LeftOut world;
  const std::uint64_t views = world.views();
  world.advance(1s);
  CHECK(world.main_address() == node0);
  const std::size_t attempts = world.attempts_at(node0);
  world.node(0).has_caught_up = true;
  world.advance(3 * ViewSchedule::some_time_max);
  CHECK(world.views() > views);
  CHECK(world.main_address() == node0);
  CHECK(world.attempts_at(node0) == attempts);
  world.verify();
}

TEST_CASE("the main connection leaves a node that is in no view any more") {
  LeftOut world;
  CHECK(world.main_address() == node0);
  world.advance(ClusterMain::unnamed_max + ViewSchedule::some_time_max + 1s);
  CHECK(world.main_address() != node0);
  CHECK(world.call(2, {"ECHO", "ship"}) == "\"ship\"");
  world.verify();
}

TEST_CASE("the next connection to a node of the last view leads to no further view at once") {
  Ready world({.seeds = {node0, node1}});
  const std::string main = world.main_address();
  const auto views = world.views();
  world.cut(main);
  world.advance(ViewSchedule::some_time_min - 10ms);
  CHECK(world.call(1, {"ECHO", "ship"}) == "\"ship\"");
  CHECK(world.views() == views);
  world.advance(ViewSchedule::some_time_max);
  CHECK(world.views() > views);
  world.verify();
}

// An exclusive user's request, 2, waits at node 0, which is frozen, and is replaced at last.
void ask_until_replaced(Ready& world, ConnectionId own) {
  world.submit_to(own, 2, {{"ECHO", "mine"}}, 60s);
  world.push(3, "b");
  world.advance(2s);
  CHECK(world.outcome(2) == "");
  world.elect(0);
  world.advance(question * 4 + ClusterNode::suspect_after);
}

TEST_CASE("an exclusive user does not wait at a frozen node for longer than the main connection") {
  Ready world;
  const Result<ConnectionId> own = world.client().open_exclusive(world.now());
  REQUIRE(own);
  world.submit_to(*own, 1, {{"ECHO", "mine"}});
  world.run();
  CHECK(world.outcome(1) == "\"mine\"");
  world.freeze(node0);
  ask_until_replaced(world, *own);
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  const Result<ConnectionId> next = world.client().open_exclusive(world.now());
  REQUIRE(next);
  world.submit_to(*next, 4, {{"ECHO", "mine"}});
  world.advance(100ms);
  CHECK(world.outcome(4) == "\"mine\"");
}

TEST_CASE("an exclusive user's first connection does not stay behind at a frozen node") {
  ClusterWorldOptions options;
  options.client.connect_timeout = 60s;
  Ready world(options);
  world.call(1001, {"GET", "b"});
  world.freeze(node0);
  const Result<ConnectionId> own = world.client().open_exclusive(world.now());
  REQUIRE(own);
  ask_until_replaced(world, *own);
  CHECK(world.main_address() != node0);
  CHECK(world.outcome(2) == "\"mine\"");
}

}  // namespace
}  // namespace plimsoll::testing::cluster_main_test
