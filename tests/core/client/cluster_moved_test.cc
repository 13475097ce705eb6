#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// What nodes say instead of an answer: MOVED, ASK, TRYAGAIN, CLUSTERDOWN and the like, right and
// wrong; and how deadlines and cancel() end requests on their way.

namespace plimsoll::testing::cluster_moved_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// A world that is ready, and whose client has a connection to each node.
struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options = {}) : ClusterWorld(std::move(options)) {
    connect();
    call(1001, {"SET", "{b}present", "x"});
    call(1002, {"GET", "c"});
    call(1003, {"GET", "a"});
  }
};

TEST_CASE("MOVED is followed, and learnt") {
  Ready world;
  world.model().move_atomically(slot, 1);
  world.push(1, "b");
  world.push(2, "b");
  world.read(3, "b");
  world.run();
  CHECK(world.outcome(3) == "[\"1\", \"2\"]");
  const auto moved = world.cluster().counters().moved;
  CHECK(moved >= 1);
  CHECK(world.call(4, {"LRANGE", "b", "0", "-1"}) == "[\"1\", \"2\"]");
  CHECK(world.cluster().counters().moved == moved);
  world.verify();
}

TEST_CASE("a view that was asked for before a MOVED does not outdo it") {
  Ready world;
  world.advance(1s);
  world.model().move_atomically(7365, 2);  // of "c"
  world.hold_answers(node1);
  world.push(1, "c");
  world.run();
  world.let_answers_go(node1);
  // Its MOVED comes, and the client asks it for a view; that answer is under way for some time.
  world.delay = [] { return 5ms; };
  const std::size_t views = world.node(1).views_told;
  while (world.node(1).views_told == views) world.advance(1ms);
  world.hold_answers(node1);
  world.delay = [] { return 0ms; };
  world.model().move_atomically(slot, 2);
  world.push(2, "b");
  world.advance(100ms);
  CHECK(world.outcome(2) == "1");
  const auto moved = world.cluster().counters().moved;
  const auto seen = world.cluster().counters().views;
  world.let_answers_go(node1);
  world.run();
  CHECK(world.cluster().counters().views == seen + 1);
  CHECK(world.call(3, {"RPUSH", "b", "3"}) == "2");
  CHECK(world.cluster().counters().moved == moved);
  world.verify();
}

TEST_CASE("MOVED to a node that nobody has named before is followed") {
  Ready world;
  const NodeIndex added = world.model().add_node("10.0.0.1", 7009);
  world.model().move_atomically(slot, added);
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(1) == "1");
  CHECK(world.links_to("10.0.0.1:7009") == 1);
  world.verify();
}

TEST_CASE("MOVED without a host means the host that has answered") {
  Ready world;
  world.node(0).host_form = ModelNode::HostForm::empty;
  world.model().move_atomically(slot, 2);
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("MOVED to a host that its server cannot name waits for a view") {
  Ready world;
  world.model().move_atomically(slot, 2);
  world.model().tell_all();
  world.node(0).refused["RPUSH"] = "-MOVED 3300 ?:7002\r\n";
  world.push(1, "b");
  world.run();
  world.advance(3s);
  CHECK(world.outcome(1) == "1");
  CHECK(world.links_to("?:7002") == 0);
  world.verify();
}

TEST_CASE("MOVED to the very endpoint that says it is followed with patience") {
  Ready world;
  world.node(0).refused["RPUSH"] = "-MOVED 3300 10.0.0.1:7000\r\n";
  world.push(1, "b");
  world.run();
  CHECK(world.outcome(1) == "");
  world.node(0).refused.clear();
  world.advance(3s);
  CHECK(world.outcome(1) == "1");
  world.verify();
}

TEST_CASE("a redirection that nobody can follow is told to the caller") {
  const std::string text =
      GENERATE(as<std::string>{}, "MOVED ", "MOVED x y", "MOVED 3300", "MOVED 3300 ",
               "MOVED 99999 10.0.0.1:7001", "MOVED -1 10.0.0.1:7001", "MOVED 3300 10.0.0.1",
               "MOVED 3300 10.0.0.1:", "MOVED 3300 10.0.0.1:99999", "MOVED 3300 10.0.0.1:0",
               "MOVED 3300 10.0.0.1:7001x", "ASK 3300", "ASK 3300 10.0.0.1:x",
               "MOVED 5 10.0.0.1:7001", "ASK 5 10.0.0.1:7001", "MOVED 33000000000000000000 h:1");
  CAPTURE(text);
  Ready world;
  world.node(0).refused["RPUSH"] = "-" + text + "\r\n";
  world.push(1, "b");
  world.run();
  CHECK(has(world.outcome(1), text));
  CHECK(world.last_error().executed == Executed::no);
  world.node(0).refused.clear();
  CHECK(world.call(2, {"RPUSH", "b", "2"}) == "1");
  world.verify();
}

TEST_CASE("a redirection with a host that is too long is told to the caller") {
  Ready world;
  world.node(0).refused["RPUSH"] = "-MOVED 3300 " + std::string(3000, 'h') + ":7001\r\n";
  world.push(1, "b");
  world.run();
  CHECK(has(world.outcome(1), "MOVED"));
}

TEST_CASE("a script's own text is told to its caller, whatever it looks like") {
  Ready world;
  CHECK(has(world.call(1, {"EVAL", "error:MOVED 5 10.0.0.1:7001", "1", "b"}), "MOVED 5"));
  CHECK(world.last_error().executed == Executed::maybe);
}

TEST_CASE("a loop of redirections ends at redirects_max, with the last answer") {
  Ready world({.redirects_max = 4});
  world.node(0).refused["RPUSH"] = "-MOVED 3300 10.0.0.1:7001\r\n";
  world.node(1).refused["RPUSH"] = "-MOVED 3300 10.0.0.1:7000\r\n";
  const auto before = world.cluster().counters().moved;
  world.push(1, "b");
  world.run();
  world.advance(5s);
  CHECK(has(world.outcome(1), "MOVED 3300"));
  CHECK(world.last_error().code == ErrorCode::cluster_redirect);
  CHECK(world.last_error().executed == Executed::no);
  CHECK(world.cluster().counters().moved - before == 4);
  world.node(0).refused.clear();
  world.node(1).refused.clear();
  world.push(2, "b");
  world.advance(1s);
  CHECK(world.outcome(2) == "1");
  world.verify();
}

TEST_CASE("a loop of ASK ends likewise") {
  Ready world({.redirects_max = 3});
  world.node(0).refused["RPUSH"] = "-ASK 3300 10.0.0.1:7001\r\n";
  world.node(1).refused["RPUSH"] = "-ASK 3300 10.0.0.1:7000\r\n";
  world.push(1, "b");
  world.run();
  world.advance(5s);
  CHECK(has(world.outcome(1), "ASK 3300"));
  CHECK(world.last_error().executed == Executed::no);
}

TEST_CASE("ASK is followed with ASKING, and nothing is learnt from it") {
  Ready world;
  world.model().start_migration(slot, 1);
  world.push(1, "b");
  world.run();
  world.push(2, "b");
  world.read(3, "b");
  world.run();
  CHECK(world.outcome(3) == "[\"1\", \"2\"]");
  CHECK(world.call(4, {"GET", "{b}present"}) == "\"x\"");
  CHECK(world.cluster().counters().asked == 3);
  CHECK(world.cluster().counters().moved == 0);
  CHECK(world.model().runs().back().node == 0);
  world.verify();
}

TEST_CASE("TRYAGAIN is tried again until the keys are together") {
  Ready world;
  world.call(1, {"SET", "{b}1", "x"});
  world.call(2, {"SET", "{b}2", "y"});
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "{b}1");
  world.submit(3, {"MGET", "{b}1", "{b}2"});
  world.run();
  world.advance(50ms);
  CHECK(world.outcome(3) == "");
  SECTION("at the target") { world.model().move_key(slot, "{b}2"); }
  SECTION("at the source, because the move was called off") {
    world.model().cancel_migration(slot);
  }
  SECTION("or the deadline is over") {
    world.advance(10s);
    CHECK(has(world.outcome(3), "timed_out"));
    CHECK(world.last_error().executed == Executed::no);
    return;
  }
  world.advance(100ms);
  CHECK(world.outcome(3) == "[\"x\", \"y\"]");
}

TEST_CASE("requests for a slot that nobody serves wait, in order, and no others do") {
  Ready world;
  world.model().unassign(slot);
  world.model().tell_all();
  world.push(1, "b");
  world.push(2, "b");
  world.push(3, "c");
  world.push(4, "{b}other");
  world.run();
  CHECK(world.outcome(3) == "1");
  world.advance(2s);
  CHECK(world.pending_count() == 3);
  world.model().take_over(slot, 2);
  world.model().tell_all();
  world.advance(2s);
  CHECK(world.pending_count() == 0);
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("a cluster that is down is waited for") {
  Ready world;
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).is_down = true;
  world.push(1, "b");
  world.push(2, "c");
  world.run();
  world.advance(1s);
  CHECK(world.pending_count() == 2);
  for (NodeIndex i = 0; i < 3; ++i) world.node(i).is_down = false;
  world.advance(1s);
  CHECK(world.pending_count() == 0);
  world.verify();
}

TEST_CASE("a primary that is loading, or has become a replica, is waited for") {
  const std::string refusal =
      GENERATE(as<std::string>{}, "-LOADING Valkey is loading the dataset in memory\r\n",
               "-MASTERDOWN Link with MASTER is down\r\n",
               "-READONLY You can't write against a read only replica.\r\n");
  CAPTURE(refusal);
  Ready world;
  world.node(0).refusal = refusal;
  world.push(1, "b");
  world.push(2, "b");
  world.run();
  world.advance(200ms);
  CHECK(world.pending_count() == 2);
  world.node(0).refusal.clear();
  world.advance(2s);
  CHECK(world.outcome(2) == "2");
  world.verify();
}

TEST_CASE("a transaction is redirected as a whole") {
  Ready world;
  SECTION("by MOVED") { world.model().move_atomically(slot, 1); }
  SECTION("by ASK, for each command") { world.model().start_migration(slot, 1); }
  SECTION("by MOVED to a node that knows no better yet") {
    world.model().start_migration(slot, 1);
    world.model().finish_at_source(slot);
  }
  world.submit_transaction(1, {{"RPUSH", "b", "1"}, {"LRANGE", "b", "0", "-1"}});
  world.push(2, "b");
  world.read(3, "b");
  world.run();
  world.advance(20ms);
  if (world.model().node(0).view[slot] != 0 && world.model().owner(slot) == 0) {
    world.model().finish_at_target(slot);
  }
  world.advance(1s);
  CHECK(world.outcome(1) == "[1, [\"1\"]]");
  CHECK(world.outcome(3) == "[\"1\", \"2\"]");
  world.verify();
}

TEST_CASE("EXEC that is redirected, because keys left since they were queued, is followed") {
  Ready world;
  world.call(1, {"RPUSH", "b", "1"});
  // Piece by piece, so that the keys leave between the commands and EXEC.
  std::size_t budget = 0;
  world.piece = [&](std::size_t bytes) {
    const std::size_t part = std::min(bytes, budget);
    budget -= part;
    return part;
  };
  const std::string before_exec =
      request({"MULTI"}) + request({"RPUSH", "b", "2"}) + request({"LRANGE", "b", "0", "-1"});
  world.submit_transaction(2, {{"RPUSH", "b", "2"}, {"LRANGE", "b", "0", "-1"}});
  budget = before_exec.size();
  world.send();
  SECTION("to a node that is asked") {
    world.model().start_migration(slot, 1);
    world.model().move_key(slot, "b");
  }
  SECTION("to a new owner") { world.model().move_atomically(slot, 1); }
  world.piece = [](std::size_t bytes) { return bytes; };
  world.run();
  world.advance(100ms);
  CHECK(world.outcome(2) == "[2, [\"1\", \"2\"]]");
  world.verify();
}

TEST_CASE("a transaction whose keys are on two nodes is tried again until they are together") {
  Ready world;
  world.model().start_migration(slot, 1);
  // Node 0 asks for "b" at node 1, which has no "{b}present" yet, so that EXEC says TRYAGAIN there.
  world.submit_transaction(1, {{"RPUSH", "b", "1"}, {"GET", "{b}present"}});
  world.push(2, "{b}other");
  world.run();
  world.advance(30ms);
  CHECK(world.outcome(1) == "");
  world.model().finish_at_target(slot);
  world.model().finish_at_source(slot);
  world.advance(500ms);
  CHECK(world.outcome(1) == "[1, \"x\"]");
  CHECK(world.outcome(2) == "1");
  world.verify();
}

TEST_CASE("a transaction that a command of its own aborts is told so, and sent once") {
  Ready world;
  world.submit_transaction(1, {{"RPUSH", "b", "1"}, {"NONSENSE", "b"}});
  world.node(0).refused["NONSENSE"] = "-ERR unknown command\r\n";
  world.run();
  CHECK(has(world.outcome(1), "EXECABORT"));
  CHECK(world.last_error().executed == Executed::no);
  CHECK(world.cluster().counters().moved == 0);
  world.verify();
}

// Where a request can be when its deadline passes, or its caller gives it up.
enum class Stage { parked, waits_for_node, at_frozen_target, answer_is_held, behind_gate };

struct OnTheWay {
  explicit OnTheWay(Stage stage) {
    switch (stage) {
      case Stage::parked:
        world.model().unassign(slot);
        world.model().tell_all();
        break;
      case Stage::waits_for_node:
        added = world.model().add_node("10.0.0.1", 7009);
        world.kill("10.0.0.1:7009");
        world.model().move_atomically(slot, added);
        break;
      case Stage::at_frozen_target:
        world.freeze(node1);
        world.model().move_atomically(slot, 1);
        break;
      case Stage::answer_is_held:
        world.hold_answers(node1);
        world.model().move_atomically(slot, 1);
        break;
      case Stage::behind_gate:
        world.push(11, "{b}gate");
        world.run();
        world.hold_answers(node0);
        world.push(12, "b", 100s);
        world.run();
        world.model().start_migration(slot, 1);
        world.model().finish_at_target(slot);
        world.model().finish_at_source(slot);
        world.model().tell_all();
        world.push(13, "b", 100s);
        world.run();
        break;
    }
    id = world.push(1, "b", 300ms);
    world.run();
  }

  Ready world;
  NodeIndex added = 0;
  std::optional<RequestId> id;
};

TEST_CASE("a deadline ends a request wherever it is") {
  const Stage stage = GENERATE(Stage::parked, Stage::waits_for_node, Stage::at_frozen_target,
                               Stage::answer_is_held, Stage::behind_gate);
  CAPTURE(static_cast<int>(stage));
  OnTheWay way(stage);
  way.world.advance(290ms);
  CHECK(way.world.outcome(1) == "");
  way.world.advance(20ms);
  CHECK(has(way.world.outcome(1), "timed_out"));
  way.world.wake(node1);
  way.world.let_answers_go(node0);
  way.world.let_answers_go(node1);
  way.world.revive("10.0.0.1:7009");
  way.world.model().take_over(slot, 1);
  way.world.model().tell_all();
  way.world.advance(10s);
  way.world.push(20, "b");
  way.world.advance(1s);
  CHECK(way.world.pending_count() == 0);
  CHECK(has(way.world.outcome(20), "failed") == false);
  way.world.verify();
}

TEST_CASE("cancel() ends a request wherever it is") {
  const Stage stage = GENERATE(Stage::parked, Stage::waits_for_node, Stage::at_frozen_target,
                               Stage::answer_is_held, Stage::behind_gate);
  CAPTURE(static_cast<int>(stage));
  OnTheWay way(stage);
  REQUIRE(way.world.outcome(1) == "");
  way.world.cancel(*way.id);
  way.world.run();
  CHECK(has(way.world.outcome(1), "cancelled"));
  way.world.wake(node1);
  way.world.let_answers_go(node0);
  way.world.let_answers_go(node1);
  way.world.revive("10.0.0.1:7009");
  way.world.model().take_over(slot, 1);
  way.world.model().tell_all();
  way.world.advance(10s);
  way.world.push(20, "b");
  way.world.advance(1s);
  CHECK(way.world.pending_count() == 0);
  way.world.verify();
}

TEST_CASE("the deadline of a request that was refused all the time tells that it has not run") {
  Ready world;
  world.model().unassign(slot);
  world.model().tell_all();
  world.push(1, "b", 200ms);
  world.run();
  world.advance(300ms);
  CHECK(has(world.outcome(1), "timed_out"));
  CHECK(world.last_error().executed == Executed::no);
}

TEST_CASE("a caller's redirected requests and new ones do not overtake each other") {
  Ready world;
  world.hold_answers(node0);
  for (Tag tag = 1; tag <= 20; ++tag) world.push(tag, "b");
  world.run();
  world.model().move_atomically(slot, 1);
  for (Tag tag = 21; tag <= 40; ++tag) world.push(tag, "b");
  world.run();
  for (Tag tag = 41; tag <= 60; ++tag) world.push(tag, "b");
  world.let_answers_go(node0);
  world.run();
  world.read(61, "b");
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

TEST_CASE("a slot that comes back while its requests are still under way keeps their order") {
  Ready world;
  world.delay = [] { return 5ms; };
  for (Tag tag = 1; tag <= 300; ++tag) {
    world.push(tag, "b");
    if (tag % 7 == 0) world.model().move_atomically(slot, (world.model().owner(slot) + 1) % 3);
    if (tag % 11 == 0) world.model().tell_all();
    world.advance(1ms);
  }
  world.model().tell_all();
  world.advance(1s);
  CHECK(world.pending_count() == 0);
  CHECK(world.history().succeeded_count() >= 300);
  CHECK(world.history().inversions(world.model()) == 0);
  world.verify();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_moved_test
