#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// Replicas that take reads and say nothing, with their connections open, as a frozen process does.

namespace plimsoll::testing::replicas_silent_test {
namespace {

using namespace std::chrono_literals;

// Two reads, of which one lies at the replica that has gone silent.
void read_twice(ReplicaWorld& world, Tag first, Duration timeout) {
  world.submit(first, {"GET", "k"}, timeout);
  world.submit(first + 1, {"GET", "k"}, timeout);
  world.run();
}

TEST_CASE("a read goes on to the primary when half of its time has passed, and no other follows") {
  ReplicaWorld world({"b:6379", "c:6379"});
  world.connect();
  world.freeze("b:6379");
  read_twice(world, 1, 200ms);
  world.advance(90ms);
  CHECK(world.take_served("a:6379") == Lines{});
  world.advance(20ms);
  CHECK(world.outcome(1) == "null");
  CHECK(world.outcome(2) == "null");
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
  CHECK(world.replicas().counters().reads_moved == 1);
  CHECK(world.node("b:6379")->is_suspect(world.now()));
  for (Tag tag = 3; tag < 13; ++tag) world.call(tag, {"GET", "k"});
  CHECK(world.take_served("c:6379").size() == 11);
  CHECK(world.replicas().counters().reads_moved == 1);

  SECTION("it is read again once it has answered, and its late reply is nobody's") {
    world.wake("b:6379");
    world.advance(1s);
    CHECK_FALSE(world.node("b:6379")->is_suspect(world.now()));
    world.take_events();
    world.take_served("b:6379");
    world.call(20, {"GET", "k"});
    world.call(21, {"GET", "k"});
    CHECK(world.take_served("b:6379") == Lines{"GET k"});
    CHECK(world.take_events().size() == 2);
  }
  SECTION("it is connected to anew if it stays silent") {
    world.advance(7s);
    world.wake("b:6379");
    world.advance(6s);
    CHECK(world.node("b:6379")->is_ready());
    CHECK(world.attempts_at("b:6379") >= 2);
    CHECK(world.take_events().size() == 13);  // with `ready`
  }
}

TEST_CASE("a read goes on at half of its own time, whatever time the reads in front of it have") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  const Duration first = GENERATE(0s, 10s);
  const auto id = world.submit(1, {"GET", "first"}, first);
  for (Tag tag = 2; tag < 12; ++tag) world.submit(tag, {"GET", "k"}, 200ms);
  world.run();
  world.advance(110ms);
  for (Tag tag = 2; tag < 12; ++tag) CHECK(world.outcome(tag) == "null");
  CHECK(world.outcome(1) == "");
  CHECK(world.replicas().counters().reads_moved == 10);

  SECTION("the first may still be cancelled after it has gone on") {
    world.submit(12, {"GET", "last"}, 400ms);
    world.primary().refused["GET"] = "";
    world.cut("b:6379");
    world.run();
    REQUIRE(world.replicas().counters().reads_moved == 11);
    world.cancel(*id);
    world.run();
    CHECK(world.outcome(1) == "cancelled (maybe)");
  }
  SECTION("the first goes on in its time") {
    world.advance(6s);
    CHECK(world.outcome(1) == (first == 0s ? "" : "null"));
  }
}

TEST_CASE("a read that leaves late is found between those that have left before") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.primary().refused["GET"] = "";
  std::vector<RequestId> ids;
  const Duration timeouts[] = {2s, 400ms, 1s, 400ms, 1s, 2s, 400ms};
  for (const Duration timeout : timeouts) {
    ids.push_back(*world.submit(static_cast<Tag>(ids.size() + 1), {"GET", "k"}, timeout));
  }
  world.run();
  world.advance(210ms);
  CHECK(world.replicas().counters().reads_moved == 3);
  world.cancel(ids[3]);
  world.advance(300ms);
  CHECK(world.replicas().counters().reads_moved == 5);
  world.advance(505ms);
  CHECK(world.replicas().counters().reads_moved == 7);
  for (const Tag tag : {1, 5}) world.cancel(ids[static_cast<std::size_t>(tag) - 1]);
  world.run();
  CHECK(world.outcome(4) == "cancelled (maybe)");
  CHECK(world.outcome(1) == "cancelled (maybe)");
}

TEST_CASE("a read without a time limit waits for the replica that has it") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"}, 0ms);
  world.run();
  world.advance(3s);
  CHECK(world.outcome(1) == "");
  world.wake("b:6379");
  world.advance(10ms);
  CHECK(world.outcome(1) == "null");
  CHECK(world.replicas().counters().reads_moved == 0);
}

TEST_CASE("without a primary it goes on to another replica, or stays") {
  ReplicaWorld world({"b:6379", "c:6379"});
  world.connect();
  world.kill("a:6379");
  world.run();
  world.freeze("b:6379");
  read_twice(world, 1, 400ms);
  world.advance(210ms);
  CHECK(world.outcome(1) == "null");
  CHECK(world.outcome(2) == "null");
  CHECK(world.take_served("c:6379").size() == 2);
  world.freeze("c:6379");
  world.submit(3, {"GET", "k"}, 400ms);
  world.run();
  world.advance(300ms);
  CHECK(world.outcome(3) == "");
  world.wake("c:6379");
  world.advance(10ms);
  CHECK(world.outcome(3) == "null");
}

TEST_CASE("what has gone on from a silent replica can be cancelled by its first id") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  const auto id = world.submit(1, {"GET", "k"}, 200ms);
  world.run();
  world.freeze("a:6379");
  world.advance(110ms);
  CHECK(world.replicas().counters().reads_moved == 1);
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
  world.wake("a:6379");
  world.wake("b:6379");
  world.advance(1s);
  CHECK(world.take_events() == Lines{"ready", "1: cancelled (maybe)"});
}

TEST_CASE("at inflight_requests_limit it goes on once there is a place for it") {
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), {.inflight_requests_limit = 2});
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"}, 1s);
  const auto other = world.submit(2, {"GET", "k"}, 0ms);
  world.run();
  world.advance(600ms);
  CHECK(world.outcome(1) == "");
  world.cancel(*other);
  world.run();
  CHECK(world.outcome(2) == "cancelled (maybe)");
  // The tombstone has the place as long as the replica says nothing.
  world.advance(390ms);
  CHECK(world.outcome(1) == "");
  world.wake("b:6379");
  world.run();
  CHECK(world.outcome(1) == "null");
}

}  // namespace
}  // namespace plimsoll::testing::replicas_silent_test
