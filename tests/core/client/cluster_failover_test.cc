#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// Owners that die, stop, are replaced, or are somebody else by now. Nodes 0 to 2 are primaries, and
// node 3 is the replica of node 0, at 10.0.0.1:7003.

namespace plimsoll::testing::cluster_failover_test {
namespace {

using namespace std::chrono_literals;

const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);
const std::string node3 = ClusterWorld::port(3);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options = {}) : ClusterWorld(with_replicas(options)) {
    connect();
    call(1001, {"SET", "{b}present", "x"});
    call(1002, {"GET", "c"});
    call(1003, {"GET", "a"});
  }
  static ClusterWorldOptions with_replicas(ClusterWorldOptions options) {
    options.with_replicas = true;
    return options;
  }
};

TEST_CASE("a killed owner: what it may have run is in doubt, the rest runs at its successor") {
  Ready world({.seeds = {node1}});
  world.push(1, "b");
  world.run();
  world.hold_answers(node0);
  world.push(2, "b");
  world.push(3, "b");
  world.run();
  // Not written at all: the transport takes nothing.
  world.piece = [](std::size_t) { return std::size_t{0}; };
  world.push(4, "b");
  world.push(5, "{b}other");
  world.kill(node0);
  world.let_answers_go(node0);
  world.piece = [](std::size_t bytes) { return bytes; };
  world.run();
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  CHECK(world.outcome(3) == "lost_in_doubt (maybe)");
  world.push(6, "b");
  world.push(7, "c");
  world.advance(2s);
  CHECK(world.outcome(7) == "1");
  CHECK(world.pending_count() == 3);
  world.elect(0);
  world.advance(1s);
  CHECK(world.pending_count() == 0);
  world.read(8, "b");
  world.run();
  CHECK(has(world.outcome(8), "\"4\", \"6\"]"));
  CHECK(world.cluster().counters().parked == 0);
  world.verify();
}

TEST_CASE("whose deadline passes while it waits hears for which slot and node, and why") {
  Ready world({.seeds = {node1}});
  const std::string of_slot =
      "the request's deadline passed while it waited for the owner of slot 3300, ";
  SECTION("a node that cannot be reached") {
    world.kill(node0);
    world.push(1, "b", 50ms);
    world.push(2, "{b}other", 40ms);  // behind the first, and ends before it
    world.advance(40ms);
    CHECK(world.outcome(2) == "timed_out (no)");
    CHECK(world.last_error_words() == of_slot + node0 + ": connection reset");
    world.advance(10ms);
    CHECK(world.outcome(1) == "timed_out (no)");
    CHECK(world.last_error_words() == of_slot + node0 + ": connection refused");
  }
  SECTION("a node that refuses") {
    world.node(0).refused["RPUSH"] = "-CLUSTERDOWN The cluster is down\r\n";
    world.push(1, "b", 50ms);
    world.advance(50ms);
    CHECK(world.outcome(1) == "timed_out (no)");
    CHECK(world.last_error_words() ==
          of_slot + node0 + ", which could not serve it when it was asked");
  }
  SECTION("a part of a request") {
    world.kill(node0);
    world.submit(1, {"DEL", "b", "c"}, 50ms);
    world.advance(50ms);
    CHECK(world.outcome(1) == "timed_out (maybe)");
    CHECK(has(world.last_error_words(),
              "deadline passed before all of its parts were answered (1 "
              "of 2 parts of the request had run"));
  }
  world.verify();
}

TEST_CASE("a request of which a part was written is sent to the successor") {
  Ready world({.seeds = {node1}});
  std::size_t budget = 10;
  world.piece = [&](std::size_t bytes) {
    const std::size_t part = std::min(bytes, budget);
    budget -= part;
    return part;
  };
  world.push(1, "b");
  world.push(2, "b");
  world.send();
  world.kill(node0);
  world.piece = [](std::size_t bytes) { return bytes; };
  world.elect(0);
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "2");
  world.verify();
}

TEST_CASE("a frozen owner is left once its slots are elsewhere, and wakes to nobody") {
  Ready world({.seeds = {node1}});
  world.push(1, "b");
  world.run();
  world.freeze(node0);
  world.push(2, "b");
  world.run();
  world.advance(500ms);
  CHECK(world.call(3, {"RPUSH", "c", "3"}) == "1");
  world.advance(2500ms);
  CHECK(world.outcome(2) == "");
  world.elect(0);
  world.advance(1500ms);
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  world.push(4, "b");
  world.push(5, "b");
  world.run();
  CHECK(world.outcome(5) == "3");
  world.wake(node0);
  world.run();
  world.model().tell(0);
  world.read(6, "b");
  world.advance(1s);
  CHECK(world.outcome(6) == "[\"1\", \"4\", \"5\"]");
  world.verify();
}

TEST_CASE("another node is asked if the only one with a connection is frozen, main one and all") {
  Ready world;  // of node 0, which owns the slot, too
  world.push(1, "b");
  world.run();
  world.freeze(node0);
  world.push(2, "b", 60s);
  world.run();
  world.advance(3s);
  world.elect(0);
  world.advance(500ms);
  CHECK(world.outcome(2) == "lost_in_doubt (maybe)");
  world.push(3, "b");
  world.advance(100ms);
  CHECK(world.outcome(3) == "2");
  world.verify();
}

TEST_CASE("a frozen owner that still has its slots is waited for") {
  Ready world({.seeds = {node1}});
  world.freeze(node0);
  world.push(1, "b", 60s);
  world.push(2, "b", 60s);
  world.run();
  for (Tag tag = 10; tag < 40; ++tag) {
    world.push(tag, "c");
    world.advance(100ms);
    CHECK(world.outcome(tag) != "");
  }
  CHECK(world.pending_count() == 2);
  world.wake(node0);
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "2");
  world.verify();
}

TEST_CASE("a frozen node of the main connection is left for another") {
  Ready world;
  world.freeze(node0);
  world.submit(1, {"PING"}, 1s);
  world.push(2, "b");
  world.run();
  world.advance(3s);
  CHECK(world.outcome(1) == "timed_out (maybe)");
  world.elect(0);
  world.advance(8s);
  world.push(3, "b");
  world.submit(4, {"ECHO", "ship"});
  world.advance(500ms);
  CHECK(world.outcome(3) == "1");
  CHECK(world.outcome(4) == "\"ship\"");
  world.verify();
}

TEST_CASE("the main connection's node dies: commands without a key go on at another node") {
  Ready world;
  CHECK(world.main_address() == node0);
  world.kill(node0);
  world.push(1, "c");
  world.submit(2, {"ECHO", "ship"});
  world.run();
  CHECK(world.outcome(1) == "1");
  world.advance(1s);
  CHECK(world.outcome(2) == "\"ship\"");
  CHECK(world.main_address() != node0);
  world.elect(0);
  world.push(3, "b");
  world.advance(1s);
  CHECK(world.outcome(3) == "1");
  world.verify();
}

TEST_CASE("all seeds may die once other nodes are known") {
  Ready world({.seeds = {node0, node1}});
  world.kill(node0);
  world.kill(node1);
  world.elect(0);
  world.elect(1);
  for (Tag tag = 1; tag <= 20; ++tag) {
    world.push(tag, tag % 2 == 0 ? "b" : "c");
    world.submit(tag + 100, {"ECHO", "x"});
    world.advance(200ms);
  }
  world.advance(2s);
  CHECK(world.outcome(20) != "");
  CHECK(world.outcome(120) == "\"x\"");
  CHECK(world.pending_count() == 0);
  CHECK(world.history().failed_count(ErrorCode::connection_lost) == 0);
  world.verify();
}

TEST_CASE("a node of another cluster at an owner's address gets no request") {
  Ready world;
  const NodeIndex stranger = world.replace(node1);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    world.node(stranger).view[slot] = static_cast<std::uint16_t>(stranger);
  }
  world.push(1, "c");
  world.run();
  world.advance(3s);
  CHECK(world.outcome(1) == "");
  world.elect(1);
  world.advance(3s);
  CHECK(world.outcome(1) == "1");
  for (const ClusterModel::Run& run : world.model().runs()) CHECK(run.node != stranger);
  world.verify();
}

TEST_CASE("a seed that is a node of another cluster by now is not believed") {
  const bool has_connections = GENERATE(true, false);
  CAPTURE(has_connections);
  ClusterWorldOptions options{.with_replicas = true, .seeds = {node0}};
  if (has_connections) options.seeds.push_back(node1);
  ClusterWorld world(std::move(options));
  world.connect();
  for (Tag tag = 1001; has_connections && tag < 1004; ++tag) {
    world.call(tag, {"GET", std::string(1, static_cast<char>('a' + tag % 3))});
  }
  const NodeIndex stranger = world.replace(node0);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    world.node(stranger).view[slot] = static_cast<std::uint16_t>(stranger);
  }
  world.model().replicate(0);
  world.model().promote_replica_of(0);
  for (NodeIndex each = 1; each < 6; ++each) world.model().tell(each);
  if (!has_connections) {
    // For a while the main connection finds nobody else.
    for (NodeIndex each = 1; each < 6; ++each) world.kill(ClusterWorld::port(each));
    world.advance(300ms);
    for (NodeIndex each = 1; each < 6; ++each) world.revive(ClusterWorld::port(each));
  }
  for (Tag tag = 1; tag <= 50; ++tag) {
    world.push(tag, tag % 2 == 0 ? "b" : "c");
    world.advance(100ms);
  }
  CHECK(world.outcome(50) != "");
  CHECK(world.attempts_at(node0) < 60);
  for (const ClusterModel::Run& run : world.model().runs()) CHECK(run.node != stranger);
  world.verify();
}

TEST_CASE("the main connection does not stay at a node of another cluster") {
  Ready world;
  const NodeIndex stranger = world.replace(node0);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    world.node(stranger).view[slot] = static_cast<std::uint16_t>(stranger);
  }
  for (NodeIndex each = 1; each < 6; ++each) world.kill(ClusterWorld::port(each));
  world.advance(300ms);
  CHECK(world.main_address() == node0);
  for (NodeIndex each = 1; each < 6; ++each) world.revive(ClusterWorld::port(each));
  world.push(1, "c");
  world.advance(3s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.main_address() != node0);
  const std::size_t before = world.node(stranger).keyless.size();
  CHECK(world.call(2, {"PUBLISH", "port", "hello"}) == "0");
  CHECK(world.node(stranger).keyless.size() == before);
  world.verify();
}

TEST_CASE("a cluster that was made anew at the same addresses is used") {
  ClusterWorld world({.primaries = 1});
  world.connect();
  CHECK(world.call(1, {"SET", "b", "x"}) == "simple \"OK\"");
  const NodeIndex anew = world.replace(node0);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    world.node(anew).view[slot] = static_cast<std::uint16_t>(anew);
  }
  world.push(2, "b", 60s);
  world.advance(9s);
  CHECK(world.outcome(2) == "");
  world.advance(6s);
  CHECK(world.outcome(2) == "1");
}

TEST_CASE("close() waits for requests whose node cannot be used, without haste") {
  Ready world;
  world.replace(node1);
  world.push(1, "c");
  world.run();
  world.client().close(world.now());
  world.run();
  world.advance(900ms);
  CHECK(world.outcome(1) == "");
  CHECK(world.attempts_at(node1) < 20);
  world.advance(200ms);
  CHECK(world.outcome(1) == "lost_unsent (no)");
  world.verify();
}

TEST_CASE("a failover that was asked for: the old owner says MOVED before the new one serves") {
  Ready world;
  ClusterModel& model = world.model();
  model.replicate(0);
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (model.owner(slot) == 0) model.node(0).view[slot] = 3;
  }
  world.push(1, "b");
  world.push(2, "b");
  world.run();
  world.advance(7ms);
  model.promote_replica_of(0);
  world.advance(200ms);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "2");
  model.tell_all();
  world.verify();
}

TEST_CASE("an owner that starts anew is used again") {
  Ready world({.seeds = {node1}});
  world.push(1, "b");
  world.run();
  world.kill(node0);
  world.push(2, "b");
  world.run();
  world.advance(100ms);
  world.revive(node0);
  world.advance(2s);
  CHECK(world.outcome(2) == "2");
  world.verify();
}

TEST_CASE("all nodes die and come back") {
  Ready world;
  for (NodeIndex i = 0; i < 6; ++i) world.kill(ClusterWorld::port(i));
  world.push(1, "a");
  world.push(2, "b");
  world.submit(3, {"ECHO", "ship"});
  world.run();
  world.advance(4s);
  CHECK(world.pending_count() == 3);
  for (NodeIndex i = 0; i < 6; ++i) world.revive(ClusterWorld::port(i));
  world.advance(5900ms);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "1");
  CHECK(world.outcome(3) == "\"ship\"");
  world.verify();
}

TEST_CASE("a dead node is not tried in a tight loop") {
  Ready world({.seeds = {node1}});
  world.kill(node0);
  for (Tag tag = 1; tag <= 100; ++tag) {
    world.push(tag, "b");
    world.advance(50ms);
  }
  CHECK(world.attempts_at(node0) < 60);
  CHECK(world.node(1).views_told + world.node(2).views_told < 40);
  world.elect(0);
  world.advance(2s);
  CHECK(world.outcome(100) != "");
  world.verify();
}

TEST_CASE("requests go on soon after the successor of a killed owner serves") {
  const Duration election = GENERATE(as<Duration>{}, 500ms, 900ms, 1500ms, 2500ms, 4000ms);
  CAPTURE(election.count());
  Ready world({.seeds = {node1}});
  world.kill(node0);
  world.push(1, "b");
  world.run();
  world.advance(election);
  CHECK(world.outcome(1) == "");
  world.elect(0);
  world.advance(300ms);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("requests go on soon after the successor of an owner serves that accepts and is silent") {
  Ready world({.seeds = {node1}});
  world.cut(node0);
  world.freeze(node0);
  world.push(1, "b");
  world.run();
  world.advance(1500ms);
  world.elect(0);
  world.advance(1500ms);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a dead node that nobody needs does not make the client ask for the slots all the time") {
  Ready world({.seeds = {node1}});
  world.kill(node0);
  world.run();
  world.advance(30s);
  CHECK(world.node(1).views_told + world.node(2).views_told < 6);
  world.verify();
}

TEST_CASE("a primary that gave all its slots away is left alone") {
  Ready world({.seeds = {node1}});
  ClusterModel& model = world.model();
  for (unsigned slot = 0; slot < model_slots_count; ++slot) {
    if (model.owner(slot) == 0) model.take_over(slot, 2);
  }
  model.tell_all();
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(1) == "1");
  world.advance(300s);
  CHECK(world.links_to(node0) == 0);
  CHECK(world.call(2, {"RPUSH", "b", "2"}) == "2");
  world.verify();
}

TEST_CASE("more primaries than there are places: those with a place are used") {
  constexpr std::size_t left_out = 2;
  ClusterWorldOptions options{.primaries = cluster_nodes_max + left_out};
  options.budget.memory_limit = std::size_t{1} << 30;
  ClusterWorld world(options);
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  for (Tag tag = 1; tag <= 2000; ++tag) {
    world.push(tag, "k" + std::to_string(tag), 200ms);
    if (tag % 100 == 0) world.run();
  }
  world.advance(1s);
  std::size_t served = 0;
  for (Tag tag = 1; tag <= 2000; ++tag) served += world.outcome(tag) == "1" ? 1 : 0;
  CHECK(served > 1900);
  CHECK(world.pending_count() == 0);
  CHECK(world.cluster().counters().nodes_left_out == left_out);
  world.verify();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_failover_test
