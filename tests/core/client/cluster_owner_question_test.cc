#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/owner_question.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// How a client finds the successor of an owner that is lost or silent: by a question about one slot
// (EXISTS), and not by views. Nodes 0 to 2 are primaries, and node 3 is the replica of node 0.

namespace plimsoll::testing::cluster_owner_question_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot_of_b = 3300;  // one of node 0, as that of "f" is; "c" is node 1's

const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);

struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options = {}) : ClusterWorld(with_replicas(options)) {
    connect();
    call(1001, {"GET", "b"});
    call(1002, {"GET", "c"});
    call(1003, {"GET", "a"});
  }
  static ClusterWorldOptions with_replicas(ClusterWorldOptions options) {
    options.with_replicas = true;
    if (options.seeds == ClusterWorldOptions().seeds) options.seeds = {node1};
    return options;
  }

  void refuse(const std::string& command, const std::string& error) {
    for (NodeIndex each = 0; each < model().nodes_count(); ++each) {
      node(each).refused[command] = error;
    }
  }
  std::uint64_t views() const { return cluster().counters().views; }
};

TEST_CASE("the successor of a killed owner is found for all its slots without a view") {
  Ready world;
  world.refuse("CLUSTER SLOTS", "-ERR no views here\r\n");
  world.kill(node0);
  world.push(1, "b");
  world.push(2, "{f}other");
  world.advance(1s);
  CHECK(world.pending_count() == 2);
  world.elect(0);
  world.advance(ViewSchedule::urgent_interval * 3);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "1");
  // Slots for which nobody waited as well.
  CHECK(world.call(3, {"RPUSH", "{b}4", "x"}) == "1");
  CHECK(world.cluster().counters().moved == 0);
  world.verify();
}

TEST_CASE("the successor of a frozen owner is found likewise") {
  Ready world;
  world.refuse("CLUSTER SLOTS", "-ERR no views here\r\n");
  world.freeze(node0);
  world.push(1, "b");
  world.advance(2s);
  world.elect(0);
  world.advance(ViewSchedule::urgent_interval * 4);
  CHECK(world.outcome(1) == "lost_in_doubt (maybe)");
  world.push(2, "{b}new");
  world.push(3, "{f}new");
  world.run();
  CHECK(world.outcome(2) == "1");
  CHECK(world.outcome(3) == "1");
  world.verify();
}

TEST_CASE("who may not use EXISTS asks for views") {
  Ready world;
  world.refuse("EXISTS", "-NOPERM User app has no permissions to run the 'exists' command\r\n");
  world.kill(node0);
  world.push(1, "b");
  world.elect(0);
  const auto views = world.views();
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.views() > views);
  world.verify();
}

TEST_CASE("an answer to EXISTS that is no number says nothing of the slot") {
  Ready world;
  world.refuse("EXISTS", "+OK\r\n");
  world.kill(node0);
  world.push(1, "b");
  world.advance(1s);
  CHECK(world.owner_known(slot_of_b) == node0);
  world.elect(0);
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("where the slots of a lost owner are at several nodes, requests are redirected") {
  Ready world;
  world.kill(node0);
  world.push(1, "b");
  world.push(2, "{f}other");
  world.elect(0);
  world.model().move_atomically(slot_of_b, 2);
  world.model().tell_all();
  world.advance(1s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.outcome(2) == "1");
  world.verify();
}

TEST_CASE("a silent owner that has lost one slot keeps what it owes") {
  Ready world;
  world.call(1, {"RPUSH", "b", "1"});
  world.freeze(node0);
  world.push(2, "{f}key");
  world.push(3, "b");
  world.run();
  // The others say so, though node 0 owns all other slots still.
  world.model().take_over(slot_of_b, 2);
  world.advance(2500ms);
  CHECK(world.outcome(2) == "");
  world.wake(node0);
  world.advance(1s);
  CHECK(world.outcome(2) == "1");
}

TEST_CASE("what a node says that is late does not undo what was learnt since the last view") {
  Ready world;
  world.refuse("CLUSTER SLOTS", "-ERR no views here\r\n");
  world.model().move_atomically(slot_of_b, 1);
  CHECK(world.call(1, {"RPUSH", "b", "1"}) == "1");  // node 0 has redirected it
  REQUIRE(world.owner_known(slot_of_b) == node1);
  // Node 2 has not heard. Node 1 says nothing for a while.
  world.freeze(node1);
  world.push(2, "b");
  world.push(3, "c");
  world.advance(3s);
  CHECK(world.owner_known(slot_of_b) == node1);
  world.wake(node1);
  world.advance(1s);
  CHECK(world.outcome(2) == "2");
  CHECK(world.outcome(3) == "1");
  world.verify();
}

TEST_CASE("the key of a command for a chosen node is not taken for one of that node's slots") {
  Ready world;
  world.kill(node0);
  const std::vector<std::string_view> words{"GET", "c"};  // which is node 1's
  world.history().note_submitted(1, {{"GET", "c"}});
  const NodeChoice where{.kind = NodeChoice::Kind::address, .address = node0};
  REQUIRE(world.client().submit_at(where, *commands::prepare(words), world.now(), 60s, 1));
  world.advance(1s);
  CHECK(world.owner_known(slot_of_b) == node0);
}

TEST_CASE("a successor that nobody can reach yet is waited for") {
  Ready world;
  world.kill(node0);
  world.kill(world.address(3));
  world.push(1, "b", 60s);
  world.elect(0);
  world.advance(5s);
  CHECK(world.outcome(1) == "");
  world.revive(world.address(3));
  world.advance(2s);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

// All clients notice at once, and their questions are spread over time and nodes.
TEST_CASE("many clients of a failover ask for few views in the second after it") {
  constexpr std::size_t clients = 24;
  ClusterWorldOptions options;
  Ready first(options);
  std::vector<std::unique_ptr<ClusterWorld>> others;
  for (std::size_t i = 1; i < clients; ++i) {
    ClusterWorldOptions more = Ready::with_replicas(options);
    more.client.random_seed = i;
    others.push_back(std::make_unique<ClusterWorld>(more, first));
    others.back()->connect();
    others.back()->call(1, {"GET", "b"});
    others.back()->call(2, {"GET", "c"});
    others.back()->call(3, {"GET", "a"});
  }
  first.advance(2s);
  const auto views = [&] {
    std::uint64_t all = first.views();
    for (const auto& each : others) all += each->cluster().counters().views;
    return all;
  };
  const bool is_killed = GENERATE(false, true);
  CAPTURE(is_killed);
  if (is_killed) first.kill(node0);
  for (const auto& each : others) each->push(4, "b");
  first.advance(500ms);
  first.elect(0);
  if (!is_killed) first.model().tell(0);
  for (const auto& each : others) each->push(5, "b");
  const std::uint64_t before = views();
  first.advance(1s);
  for (const auto& each : others) CHECK(each->pending_count() == 0);
  // For a thousand clients, and five nodes, the goal is 250.
  CHECK(views() - before <= clients / 4);
  first.advance(ViewSchedule::some_time_max);
  CHECK(views() - before >= clients - 1);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_owner_question_test
