#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/replica_world.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Reads that go on to another server, because a replica refuses them or is lost.
// More than 500 lines, because each way to go on is a case of its own, of a few lines.

namespace plimsoll::testing::replicas_moved_test {
namespace {

using namespace std::chrono_literals;
using State = ServerNode::State;

std::vector<std::string> two() { return {"b:6379", "c:6379"}; }
std::vector<std::string> three() { return {"b:6379", "c:6379", "d:6379"}; }

// Submits `count` reads of "k", the first with the tag `first`, of which every second lies at "b".
void read_at_both(ReplicaWorld& world, Tag first, int count) {
  for (int i = 0; i < count; ++i) world.submit(first + static_cast<Tag>(i), {"GET", "k"});
}

TEST_CASE("a read that a replica cannot answer now goes on, and the replica gets no more") {
  const char* const refusal =
      GENERATE("-LOADING wait\r\n", "-MASTERDOWN no link\r\n", "-BUSY a script runs\r\n",
               "-MOVED 1 x:1\r\n", "-NOAUTH who are you\r\n");
  ReplicaWorld world(two());
  world.connect();
  NodeScript& replica = world.server("b:6379");
  replica.refusal = refusal;
  replica.refused["INFO"] = refusal;
  world.call(1, {"GET", "k"});
  world.call(2, {"GET", "k"});
  world.call(3, {"GET", "k"});
  for (Tag tag = 1; tag <= 3; ++tag) CHECK(world.outcome(tag) == "null");
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.take_served("c:6379").size() == 3);
  CHECK(world.take_served("a:6379") == Lines{});
  CHECK(world.replicas().counters().reads_moved == 1);
  CHECK(world.node("b:6379")->reads_moved == 1);
  CHECK_FALSE(world.node("b:6379")->is_ready());
  replica.refusal.clear();
  replica.refused.clear();
  world.advance(1s);
  world.call(4, {"GET", "k"});
  world.call(5, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
}

TEST_CASE("if no other replica may answer, the primary does") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").refusal = "-LOADING wait\r\n";
  world.call(1, {"GET", "k"});
  CHECK(world.outcome(1) == "null");
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
}

TEST_CASE("what a replica forbids is for the primary to judge, and other reads stay there") {
  ReplicaWorld world(two());
  world.connect();
  world.server("b:6379").refused["GET"] = "-NOPERM no GET here\r\n";
  world.primary().refused["GET"] = "-NOPERM no GET at all\r\n";
  world.call(1, {"GET", "k"});
  CHECK(world.outcome(1) == "error \"NOPERM no GET at all\"");
  CHECK(world.take_served("c:6379") == Lines{});
  world.call(2, {"STRLEN", "k"});
  world.call(3, {"STRLEN", "k"});
  CHECK(world.take_served("b:6379").size() == 2);
  CHECK(world.node("b:6379")->is_ready());
}

TEST_CASE("an error that is an answer is the outcome") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").refused["GET"] = "-WRONGTYPE not a string\r\n";
  world.call(1, {"GET", "k"});
  CHECK(world.outcome(1) == "error \"WRONGTYPE not a string\"");
  CHECK(world.take_served("a:6379") == Lines{});
  CHECK(world.replicas().counters().reads_moved == 0);
}

TEST_CASE("reads in flight at a replica that is lost go on, in order, each once") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  read_at_both(world, 1, 8);
  world.run();
  CHECK(world.pending_count() == 4);
  world.take_served("b:6379");
  world.take_served("c:6379");
  world.kill("b:6379");
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.take_served("c:6379").size() == 4);
  CHECK(world.take_events() == Lines{"ready", "2: null", "4: null", "6: null", "8: null", "1: null",
                                     "3: null", "5: null", "7: null"});
  CHECK(world.node("b:6379")->state == State::lost);
}

TEST_CASE("reads that were not sent yet go on, too") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  read_at_both(world, 1, 3);
  world.kill("b:6379");
  world.run();
  for (Tag tag = 1; tag <= 3; ++tag) CHECK(world.outcome(tag) == "null");
  CHECK(world.take_served("a:6379").size() == 3);
}

TEST_CASE("if all replicas are lost, the primary answers what they owed") {
  ReplicaWorld world(three());
  world.connect();
  for (const std::string& address : three()) world.freeze(address);
  read_at_both(world, 1, 9);
  world.send();
  for (const std::string& address : three()) world.kill(address);
  world.run();
  for (Tag tag = 1; tag <= 9; ++tag) CHECK(world.outcome(tag) == "null");
  CHECK(world.take_served("a:6379").size() == 9);
}

TEST_CASE("if the primary is away, what goes on to it waits for it") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"}, 10s);
  world.submit(2, {"GET", "k"}, 1s);
  world.run();
  world.kill("a:6379");
  world.kill("b:6379");
  world.run();
  CHECK(world.pending_count() == 2);
  world.advance(1100ms);
  CHECK(world.outcome(1) == "");
  CHECK(world.outcome(2) == "timed_out (no)");
  world.revive("a:6379");
  world.advance(6s);
  CHECK(world.outcome(1) == "null");
}

TEST_CASE("a read that goes on keeps its deadline") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.freeze("a:6379");
  world.submit(1, {"GET", "k"}, 500ms);
  world.run();
  world.advance(300ms);
  world.cut("b:6379");
  world.run();
  world.advance(190ms);
  CHECK(world.outcome(1) == "");
  world.advance(20ms);
  CHECK(world.outcome(1) == "timed_out (maybe)");
  world.wake("a:6379");
  world.run();
}

TEST_CASE("half a reply from a replica that is lost is no reply") {
  ReplicaWorld world({"b:6379"});
  world.primary().data["k"] = "whole";
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.run();
  world.push_unpolled("b:6379", "$5\r\nwh");
  world.poll();
  world.cut("b:6379");
  world.run();
  CHECK(world.outcome(1) == "\"whole\"");
}

TEST_CASE("as many reads as the limit allows go on at once") {
  ClientOptions options;
  options.inflight_requests_limit = 10;
  const std::vector<std::string> replicas = GENERATE(std::vector<std::string>{"b:6379"}, two());
  ReplicaWorld world(replicas, ReplicaWorld::prefer_replica(), options);
  world.connect();
  for (const std::string& address : replicas) world.freeze(address);
  read_at_both(world, 1, 10);
  world.send();
  world.kill("b:6379");
  world.poll();
  world.submit(11, {"GET", "k"});
  CHECK(world.outcome(11) == "refused with rejected_by_limit (no)");
  for (const std::string& address : replicas) world.wake(address);
  world.run();
  for (Tag tag = 1; tag <= 10; ++tag) CHECK(world.outcome(tag) == "null");
  CHECK(world.client().statistics().in_flight == 0);
}

TEST_CASE("at the limit a read goes on to another replica, not only to the primary") {
  ClientOptions options;
  options.inflight_requests_limit = 1;
  ReplicaWorld world(two(), ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.server("b:6379").refusal = "-LOADING wait\r\n";
  world.call(1, {"GET", "k"});
  CHECK(world.outcome(1) == "null");
  CHECK(world.take_served("c:6379") == Lines{"GET k"});
}

TEST_CASE("a read that has gone on can be cancelled by its first id") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  const auto first = world.submit(1, {"GET", "k"});
  const auto second = world.submit(2, {"GET", "k"});
  world.send();
  world.freeze("a:6379");
  world.cut("b:6379");
  world.run();
  world.cancel(*second);
  world.run();
  CHECK(world.outcome(1) == "");
  CHECK(world.outcome(2) == "cancelled (maybe)");
  world.cancel(*second);
  world.wake("a:6379");
  world.run();
  CHECK(world.outcome(1) == "null");
  world.cancel(*first);
  world.run();
}

TEST_CASE("a read that has gone on twice can be cancelled by its first id, whatever came behind") {
  ReplicaWorld world(three());
  world.connect();
  world.freeze("b:6379");
  world.freeze("c:6379");
  world.freeze("d:6379");
  const auto id = world.submit(1, {"GET", "k"});  // at b
  world.submit(2, {"GET", "k"});                  // at c
  world.submit(3, {"GET", "k"});                  // at d
  world.submit(4, {"GET", "k"});                  // at b
  world.send();
  world.freeze("a:6379");
  // 1 goes to c or d, 4 stays.
  world.push_unpolled("b:6379", "-LOADING wait\r\n");
  world.poll();
  world.send();
  CHECK(world.replicas().counters().reads_moved == 1);
  world.kill("c:6379");
  world.run();
  world.kill("d:6379");
  world.run();
  // What has ended at c and d has gone on from there. Now 4 leaves b, which forgets what has ended.
  world.kill("b:6379");
  world.run();
  CHECK(world.pending_count() == 4);
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
  CHECK(world.pending_count() == 3);
  world.wake("a:6379");
  world.run();
}

TEST_CASE("a read that has gone on can be cancelled though the primary forgot its first replica") {
  const bool has_session = GENERATE(true, false);
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.freeze("c:6379");
  const auto id = world.submit(1, {"GET", "k"}, 60s);
  world.send();
  if (!has_session) {
    world.kill("b:6379");
    world.run();
  }
  world.primary().replicas = {"c:6379"};
  world.submit(2, {"GET", "k"});
  world.submit(3, {"GET", "k"});
  world.advance(3s);  // a round, and the end of the connection
  CHECK(world.node("b:6379") == nullptr);
  CHECK(world.outcome(1) == "");
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
  world.wake("c:6379");
  world.run();
  // Once nobody can cancel anything there, its place is free.
  world.primary().replicas = two();
  world.wake("b:6379");
  world.revive("b:6379");
  for (Tag tag = 10; tag < 60; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  CHECK(world.node("b:6379") != nullptr);
  CHECK(world.replicas().counters().left_out == 0);
}

TEST_CASE("a read that was cancelled does not go on, though its refusal is there already") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.freeze("a:6379");
  const auto id = world.submit(1, {"GET", "k"});
  world.run();
  world.push_unpolled("b:6379", "-LOADING wait\r\n");
  world.cancel(*id);
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.replicas().counters().reads_moved == 0);
  CHECK(world.take_served("a:6379") == Lines{});
  world.wake("a:6379");
}

TEST_CASE("a read that was cancelled does not go on when its connection is lost") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  const auto id = world.submit(1, {"GET", "k"});
  world.submit(2, {"GET", "k"});
  world.submit(3, {"GET", "k"});
  world.run();
  world.cancel(*id);
  world.cut("b:6379");
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
  CHECK(world.outcome(2) == "null");
  CHECK(world.outcome(3) == "null");
  CHECK(world.take_served("a:6379").size() == 2);
}

TEST_CASE("however many have gone on, the next can be cancelled by its first id") {
  ClientOptions options;
  options.inflight_requests_limit = 4;
  ReplicaWorld world(two(), ReplicaWorld::prefer_replica(), options);
  world.connect();
  // Only b has what was written.
  world.call(1, {"SET", "written", "v"});
  world.replicate("b:6379");
  world.advance(100ms);
  world.call(2, {"GET", "written"});
  world.advance(1s);
  // One goes on from b to c, and stays there.
  world.freeze("c:6379");
  world.server("b:6379").refusal = "-LOADING wait\r\n";
  world.submit(3, {"GET", "k"}, 60s);
  world.submit(4, {"GET", "k"}, 60s);
  world.run();
  CHECK(world.replicas().counters().reads_moved == 1);
  CHECK(world.pending_count() == 2);
  world.server("b:6379").refusal.clear();
  world.advance(100ms);
  // Others go on from b to the primary, and end.
  world.server("b:6379").refused["GET"] = "-NOPERM no GET here\r\n";
  for (Tag tag = 10; tag < 14; ++tag) world.call(tag, {"GET", "written"});
  CHECK(world.replicas().counters().reads_moved == 5);
  world.freeze("a:6379");
  const auto id = world.submit(20, {"GET", "written"});
  world.run();
  CHECK(world.replicas().counters().reads_moved == 6);
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(20) == "cancelled (maybe)");
  world.wake("a:6379");
  world.wake("c:6379");
  world.run();
  CHECK(world.pending_count() == 0);
}

TEST_CASE(
    "a replica whose connection the client closes is connected to again, however it is polled") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.push_unpolled("b:6379", "no RESP\r\n");
  world.poll();
  CHECK(world.links_to("b:6379") == 0);
  world.jump(1s);  // the driver has not asked for events since it closed the connection
  world.advance(1s);
  CHECK(world.attempts_at("b:6379") == 2);
  CHECK(world.node("b:6379")->is_ready());
}

TEST_CASE("a long read goes on whole, and to a server that has all that it must see") {
  ReplicaWorld world(two());
  world.connect();
  const std::string long_key(segment_capacity, 'x');
  const Words read{"MGET", "k", long_key, "written"};
  // The replica b has the write, c has not.
  world.submit(1, {"SET", "written", "v"});
  world.run();
  world.replicate("b:6379");
  world.advance(100ms);
  world.call(2, {"GET", "written"});
  world.advance(1s);
  world.take_served("a:6379");
  world.take_served("b:6379");
  world.freeze("b:6379");
  world.submit(3, read);
  world.send();
  REQUIRE(world.take_served("b:6379").size() == 1);
  world.kill("b:6379");
  world.run();
  CHECK(world.take_served("c:6379") == Lines{});
  CHECK(world.take_served("a:6379") == Lines{"MGET k " + long_key + " written"});
  CHECK(world.outcome(3).ends_with("\"v\"]"));
}

TEST_CASE("a read that is too long to go on is the primary's from the start") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  const std::string key(replica_read_bytes_max + segment_capacity, 'x');
  world.call(1, {"GET", key});
  CHECK(world.take_served("a:6379").size() == 1);
  // The longest that is not.
  const std::string shorter(replica_read_bytes_max - 200, 'x');
  world.freeze("b:6379");
  world.submit(2, {"GET", shorter});
  world.send();
  CHECK(world.take_served("b:6379").size() == 1);
  world.kill("b:6379");
  world.run();
  CHECK(world.outcome(2) == "null");
  CHECK(world.take_served("a:6379") == Lines{"GET " + shorter});
}

TEST_CASE(
    "a replica that refuses reads, though INFO says that all is well, is tried ever more rarely") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").refusal = "-LOADING wait\r\n";
  Tag tag = 0;
  const auto read_for = [&](Duration duration) {
    for (Duration past{}; past < duration; past += 10ms) {
      world.call(++tag, {"GET", "k"});
      world.advance(10ms);
    }
  };
  read_for(1s);
  CHECK(world.pending_count() == 0);
  CHECK(world.take_served("a:6379").size() == tag);
  CHECK(world.replicas().counters().reads_moved <= 10);
  world.server("b:6379").refusal.clear();
  read_for(2s);
  world.take_served("a:6379");
  read_for(1s);
  CHECK(world.take_served("a:6379") == Lines{});
}

TEST_CASE("after close() a read that a replica refuses ends with what the replica said") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.run();
  world.client().close(world.now());
  world.run();
  world.push_unpolled("b:6379", "-LOADING wait\r\n");
  world.run();
  CHECK(world.outcome(1) == "error \"LOADING wait\"");
  CHECK(world.take_events().back() == "closed: closed");
}

TEST_CASE("after close() a read goes on to a primary that still owes replies itself") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.freeze("a:6379");
  world.submit(1, {"GET", "k"});
  world.submit(2, {"SET", "other", "v"});
  world.run();
  world.client().close(world.now());
  world.run();
  world.push_unpolled("b:6379", "-LOADING wait\r\n");
  world.run();
  world.wake("a:6379");
  world.run();
  CHECK(world.outcome(1) == "null");
  CHECK(world.take_events().back() == "closed: closed");
}

TEST_CASE("without memory to go on, what was lost is lost") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  read_at_both(world, 1, 3);
  world.run();
  {
    Filling filling(world.budget());
    REQUIRE(filling.full());
    world.kill("b:6379");
    world.run();
    for (Tag tag = 1; tag <= 3; ++tag) {
      const std::string outcome = world.outcome(tag);
      CHECK((outcome == "lost_in_doubt (maybe)" || outcome == "null"));
    }
  }
  CHECK(world.pending_count() == 0);
}

TEST_CASE("what is lost again and again keeps one outcome each") {
  ReplicaWorld world(three());
  world.connect();
  Tag tag = 0;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 7; ++i) world.submit(++tag, {"GET", "k"});
    world.send();
    world.cut(three()[static_cast<std::size_t>(round) % 3]);
    if (round % 5 == 0) world.cut("a:6379");
    world.run();
    world.advance(200ms);
  }
  world.advance(6s);
  CHECK(world.pending_count() == 0);
  for (Tag each = 1; each <= tag; ++each) {
    // What had gone on to the primary and is lost there again is not sent a second time.
    const std::string outcome = world.outcome(each);
    CHECK((outcome == "null" || outcome == "lost_in_doubt (maybe)"));
  }
}

}  // namespace
}  // namespace plimsoll::testing::replicas_moved_test
