#include "plimsoll/core/client/replicas.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/replica_world.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Which server answers which read, and what the client asks of them for that. More than 500 lines,
// though what becomes of a read that a replica does not answer is in replicas_moved_test.cc: each
// test is a few lines, and all of them are about the one choice.

namespace plimsoll::testing::replicas_test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> two() { return {"b:6379", "c:6379"}; }

// How many of `count` reads of "k" each server was given: "a2 b1 c1".
std::string readers(ReplicaWorld& world, Tag first, int count = 4) {
  for (const char* address : {"a:6379", "b:6379", "c:6379"}) world.server(address).served.clear();
  for (int i = 0; i < count; ++i) world.call(first + static_cast<Tag>(i), {"GET", "k"});
  std::string found;
  for (const char* address : {"a:6379", "b:6379", "c:6379"}) {
    const std::size_t times = world.take_served(address).size();
    if (times == 0) continue;
    found += (found.empty() ? "" : " ") + std::string(1, address[0]) + std::to_string(times);
  }
  return found;
}

TEST_CASE(
    "the client connects to the replicas that its primary names, and reads from them in turn") {
  ReplicaWorld world(two());
  world.connect();
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.links_to("a:6379") == 1);
  CHECK(world.links_to("b:6379") == 1);
  CHECK(world.links_to("c:6379") == 1);
  CHECK(world.node("b:6379")->is_ready());
  CHECK(readers(world, 1) == "b2 c2");
  CHECK(world.replicas().counters().reads == 4);
  CHECK(world.replicas().counters().reads_moved == 0);
  CHECK(world.replicas().counters().left_out == 0);
  CHECK(world.node("b:6379")->reads == 2);
  CHECK(world.outcome(1) == "null");
}

TEST_CASE("with no replica, and before one is known, the primary answers") {
  ReplicaWorld world({});
  world.submit(1, {"GET", "k"});
  world.connect();
  CHECK(world.outcome(1) == "null");
  world.call(2, {"GET", "k"});
  CHECK(world.take_served("a:6379") == Lines{"GET k", "GET k"});
}

TEST_CASE("writes, and commands that no replica answers, go to the primary") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"SET", "k", "v"});
  world.call(2, {"HSCAN", "h", "0"});
  world.call(3, {"EVAL_RO", "x", "1", "other"});
  world.call(4, {"DBSIZE"});
  world.call(5, {"JSON.GET", "other"});
  CHECK(world.take_served("a:6379").size() == 5);
  CHECK(world.take_served("b:6379") == Lines{});
  world.submit_transaction(6, {{"MULTI"}, {"GET", "other"}, {"EXEC"}});
  world.run();
  CHECK(world.take_served("a:6379") == Lines{"MULTI", "GET other", "EXEC"});
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("a read that says how old its answer may be goes to the primary") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.submit(1, {"GET", "k"}, 10s, 1s);
  world.submit(2, {"GET", "k"}, 10s, Duration::zero());
  world.run();
  CHECK(world.take_served("a:6379") == Lines{"GET k", "GET k"});
  CHECK(world.replicas().counters().reads == 0);
}

TEST_CASE("a key that was written is read at the primary until a replica is proved to have it") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"SET", "k", "new"});
  world.call(2, {"GET", "k"});
  CHECK(world.outcome(2).find("new") != std::string::npos);
  world.call(3, {"GET", "other"});
  CHECK(world.take_served("a:6379") == Lines{"SET k new", "GET k"});
  CHECK(world.take_served("b:6379") == Lines{"GET other"});
  CHECK(world.replicas().counters().reads_behind == 1);
  // The replica lags behind: rounds and questions go on, and prove nothing.
  for (Tag tag = 10; tag < 20; ++tag) {
    world.advance(100ms);
    world.call(tag, {"GET", "k"});
  }
  CHECK(world.take_served("b:6379") == Lines{});
  CHECK(world.take_served("a:6379").size() == 10);
  world.replicate("b:6379");
  world.advance(1s);  // it is asked again within that time
  world.call(30, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.outcome(30).find("new") != std::string::npos);
}

TEST_CASE("a read of several keys sees each of them as it was written") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"SET", "k2", "new"});
  world.call(2, {"MGET", "k1", "k2", "k3"});
  world.call(3, {"MGET", "k1", "k3"});
  CHECK(world.take_served("a:6379") == Lines{"SET k2 new", "MGET k1 k2 k3"});
  CHECK(world.take_served("b:6379") == Lines{"MGET k1 k3"});
}

TEST_CASE("what may have changed any key is waited for by all reads") {
  const Words write = GENERATE(Words{"FLUSHALL"}, Words{"EVAL", "x", "0"}, Words{"JSON.SET", "j"});
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, write);
  world.take_served("a:6379");
  world.call(2, {"GET", "other"});
  CHECK(world.take_served("a:6379") == Lines{"GET other"});
  world.replicate("b:6379");
  world.advance(200ms);
  world.call(3, {"GET", "other"});
  CHECK(world.take_served("b:6379") == Lines{"GET other"});
}

TEST_CASE("what a transaction writes is waited for, and nothing else") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.submit_transaction(1, {{"MULTI"}, {"SET", "k", "v"}, {"EXEC"}});
  world.run();
  world.take_served("a:6379");
  world.call(2, {"GET", "k"});
  world.call(3, {"GET", "other"});
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
  CHECK(world.take_served("b:6379") == Lines{"GET other"});
}

TEST_CASE("what an exclusive connection writes is waited for once it is answered") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  const ConnectionId own = world.client().open_exclusive(world.now()).value();
  world.run();
  world.submit_to(own, 1, {"SET", "k", "v"});
  world.run();
  world.call(2, {"GET", "k"});
  world.call(3, {"GET", "other"});
  CHECK(world.take_served("a:6379") == Lines{"SET k v", "GET k"});
  CHECK(world.take_served("b:6379") == Lines{"GET other"});
  // A transaction there: it may have changed anything once EXEC is answered, not before.
  world.replicate("b:6379");
  world.advance(200ms);
  world.submit_to(own, 4, {"MULTI"});
  world.submit_to(own, 5, {"SET", "k", "w"});
  world.run();
  world.submit_to(own, 6, {"EXEC"});
  world.run();
  world.take_served("a:6379");
  world.call(7, {"GET", "other"});
  CHECK(world.take_served("a:6379") == Lines{"GET other"});
  CHECK(world.take_served("b:6379") == Lines{});
  world.replicate("b:6379");
  world.advance(200ms);
  world.call(8, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  world.client().release(own, world.now());
  world.run();
}

TEST_CASE("what a command that blocks has written is waited for") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"BLPOP", "k", "0"});
  world.call(2, {"LRANGE", "k", "0", "-1"});
  world.call(3, {"LRANGE", "other", "0", "-1"});
  CHECK(world.take_served("a:6379") == Lines{"BLPOP k 0", "LRANGE k 0 -1"});
  CHECK(world.take_served("b:6379") == Lines{"LRANGE other 0 -1"});
}

TEST_CASE("a write on a side connection that a round overtakes is not in the round's proof") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  const ConnectionId own = world.client().open_exclusive(world.now()).value();
  world.run();
  world.take_served("a:6379");
  world.submit_to(own, 1, {"SET", "k", "v"});
  world.send();  // the server has it, and its answer does not come yet
  CHECK(world.take_served("a:6379") == Lines{"SET k v"});
  world.replicate("b:6379");
  world.run();
  CHECK(world.outcome(1) == "simple \"OK\"");
  // The replica has it, but nothing has proved that since it was answered.
  world.call(2, {"GET", "k"});
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
  world.advance(200ms);
  world.call(3, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  world.client().release(own, world.now());
  world.run();
}

TEST_CASE("a write that waited for room counts from when it is sent") {
  ClientOptions options;
  options.inflight_requests_limit = 1;
  options.inflight_overflow = OnLimit::wait;
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.submit(1, {"SET", "other", "v"});
  world.submit(2, {"SET", "k", "v"});
  world.run();
  CHECK(world.outcome(2) == "simple \"OK\"");
  world.take_served("a:6379");
  world.call(3, {"GET", "k"});
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
}

TEST_CASE("a replica that lags answers reads for as long as its lag is below lag_max") {
  ReplicaOptions options = ReplicaWorld::prefer_replica();
  options.lag_max = 1s;
  ReplicaWorld world({"b:6379"}, options);
  world.connect();
  world.call(1, {"SET", "written", "v"});
  world.advance(100ms);
  // What the primary has now, the replica will not have.
  for (Tag tag = 10; tag < 19; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  CHECK(world.take_served("b:6379").size() >= 8);
  world.advance(200ms);
  world.take_served("a:6379");
  for (Tag tag = 20; tag < 25; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  CHECK(world.take_served("b:6379") == Lines{});
  CHECK(world.take_served("a:6379").size() == 5);
  world.replicate("b:6379");
  world.advance(1s);
  world.call(30, {"GET", "k"});
  world.advance(100ms);
  world.call(31, {"GET", "k"});
  CHECK(world.take_served("b:6379").size() >= 1);
}

TEST_CASE("a replica that is always a little behind is read for all that") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  for (Tag tag = 10; tag < 110; ++tag) {
    world.primary().offset += 10;  // others write
    world.advance(50ms);
    world.server("b:6379").offset = world.primary().offset - 10;
    world.call(tag, {"GET", "k"});
  }
  CHECK(world.take_served("b:6379").size() == 100);
  CHECK(world.take_served("a:6379") == Lines{});
}

TEST_CASE("rounds stop when nobody reads, and begin again with a read") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  const std::size_t at_first = world.primary().reports;
  world.advance(10s);
  CHECK(world.primary().reports == at_first);
  CHECK(world.server("b:6379").reports >= 1);
  for (Tag tag = 1; tag <= 50; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  const std::size_t while_read = world.primary().reports - at_first;
  CHECK(while_read >= 4);
  CHECK(while_read <= 8);
  world.advance(4s);
  const std::size_t behind = world.primary().reports;
  world.advance(60s);
  CHECK(world.primary().reports == behind);
  // What is known is too old for the first read, and new enough for the second.
  world.take_served("b:6379");
  world.call(60, {"GET", "k"});
  world.call(61, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.primary().reports == behind + 1);
}

TEST_CASE("a replica that refuses reads does not make the rounds more frequent") {
  ReplicaWorld world(two());
  world.server("b:6379").refused["INFO"] = "-LOADING wait\r\n";
  world.connect();
  const std::size_t before = world.primary().reports;
  for (Tag tag = 1; tag <= 50; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  CHECK(world.take_served("c:6379").size() == 50);
  CHECK(world.replicas().counters().reads_behind == 0);
  CHECK(world.primary().reports - before <= 8);
}

TEST_CASE("a replica that has no link, another history or another role is not read until it has") {
  const int kind = GENERATE(0, 1, 2, 3, 4);
  ReplicaWorld world({"b:6379"});
  NodeScript& replica = world.server("b:6379");
  if (kind == 0) replica.is_link_up = false;
  if (kind == 1) replica.history = std::string(40, '2');
  if (kind == 2) replica.is_replica = false;
  if (kind == 3) replica.report = "role:slave\r\nmaster_link_status:up\r\n";
  if (kind == 4) replica.refused["INFO"] = "-NOPERM no INFO\r\n";
  world.connect();
  world.call(1, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{});
  CHECK_FALSE(world.node("b:6379")->is_ready());
  CHECK(world.node("b:6379")->problem.what != std::string_view());
  replica.is_link_up = replica.is_replica = true;
  replica.report.clear();
  replica.refused.clear();
  world.replicate("b:6379");
  world.advance(1s);
  world.call(2, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.node("b:6379")->problem.what == std::string_view());
}

TEST_CASE("a replica that the primary no longer names is left once it has answered") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.submit(2, {"GET", "k"});
  world.run();
  world.primary().replicas = {"c:6379"};
  world.advance(1100ms);  // a round, because of the reads
  CHECK(world.node("b:6379") == nullptr);
  CHECK(readers(world, 10) == "c4");
  world.wake("b:6379");
  world.run();
  CHECK(world.links_to("b:6379") == 0);
  // It comes back.
  world.primary().replicas = two();
  world.advance(3s);
  world.call(20, {"GET", "k"});
  world.advance(1100ms);
  world.call(21, {"GET", "k"});
  CHECK(readers(world, 30) == "b2 c2");
}

TEST_CASE("a new history is proved anew") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  // The address has another primary now, which began a history of its own.
  world.primary().history = std::string(40, '2');
  world.primary().offset += 50;
  world.cut("a:6379");
  world.advance(100ms);
  world.call(1, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{});
  CHECK_FALSE(world.node("b:6379")->is_ready());
  world.replicate("b:6379");
  world.advance(1s);
  world.call(2, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
}

TEST_CASE("replicas beyond the most are left out, and take a place that becomes free") {
  std::vector<std::string> many;
  for (std::uint32_t i = 0; i < replicas_max + 2; ++i)
    many.push_back("r" + std::to_string(i) + ":1");
  ReplicaWorld world(many);
  world.connect();
  CHECK(world.replicas().counters().left_out == 2);
  CHECK(world.links_to(many[replicas_max - 1]) == 1);
  CHECK(world.links_to(many[replicas_max]) == 0);
  world.primary().replicas.erase(world.primary().replicas.begin(),
                                 world.primary().replicas.begin() + 2);
  world.call(1, {"GET", "k"});
  for (Tag tag = 2; tag < 40; ++tag) {
    world.advance(100ms);
    world.call(tag, {"GET", "k"});
  }
  CHECK(world.replicas().counters().left_out == 0);
  CHECK(world.links_to(many[0]) == 0);
  CHECK(world.links_to(many[replicas_max + 1]) == 1);
}

TEST_CASE("a replica that cannot be reached is tried again, and others answer meanwhile") {
  ReplicaWorld world(two());
  world.kill("b:6379");
  world.connect();
  CHECK(readers(world, 1) == "c4");
  world.advance(10s);
  CHECK(world.attempts_at("b:6379") > 1);
  CHECK(world.node("b:6379")->problem.code == ErrorCode::connect_failed);
  world.revive("b:6379");
  world.advance(6s);
  world.call(10, {"GET", "k"});
  CHECK(readers(world, 20) == "b2 c2");
}

TEST_CASE("a replica that owes an answer for long gets no more reads") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"}, 30s);
  world.submit(2, {"GET", "k"}, 30s);
  world.run();
  world.advance(1100ms);  // a round; now it owes the answer to INFO
  world.submit(3, {"GET", "k"}, 30s);
  world.advance(1100ms);
  CHECK(readers(world, 10) == "c4");
  CHECK(world.links_to("b:6379") == 1);
  world.wake("b:6379");
  world.run();
  CHECK(readers(world, 20) == "b2 c2");
  CHECK(world.pending_count() == 0);
}

TEST_CASE("a primary that does not say which replicas it has is asked now and then") {
  ReplicaWorld world({"b:6379"});
  world.primary().refused["INFO"] = "-NOPERM no INFO\r\n";
  world.connect();
  CHECK(world.replicas().problem().code == ErrorCode::permission_denied);
  const auto asked = [&world] { return world.replicas().counters().rounds; };
  const std::uint64_t before = asked();
  for (Tag tag = 1; tag <= 49; ++tag) {
    world.call(tag, {"GET", "k"});
    world.advance(100ms);
  }
  CHECK(asked() == before);
  CHECK(world.take_served("a:6379").size() == 49);
  world.primary().refused.clear();
  world.advance(5s);
  CHECK(world.replicas().problem().what == std::string_view());
  world.call(60, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
}

TEST_CASE("the replicas of the client's zone are preferred") {
  ReplicaWorld world(two(), {.read_from = ReadFrom::az_affinity, .zone = "eu-1"});
  world.primary().zone = "eu-1";
  world.server("b:6379").zone = "eu-2";
  world.server("c:6379").zone = "eu-1";
  world.connect();
  CHECK(readers(world, 1) == "c4");
  CHECK(world.node("c:6379")->zone.text() == "eu-1");
  world.kill("c:6379");
  world.run();
  CHECK(readers(world, 10) == "b4");
}

TEST_CASE("the primary of the client's zone comes before replicas of others") {
  ReplicaWorld world(two(),
                     {.read_from = ReadFrom::az_affinity_replicas_and_primary, .zone = "eu-1"});
  world.primary().zone = GENERATE("eu-1", "eu-3");
  world.connect();
  CHECK(readers(world, 1) == (world.primary().zone == "eu-1" ? "a4" : "b2 c2"));
}

TEST_CASE("a server that does not say its zone is of no zone") {
  ReplicaWorld world(two(), {.read_from = ReadFrom::az_affinity, .zone = "eu-1"});
  world.server("c:6379").refused["INFO"] = "-NOPERM no INFO\r\n";
  world.connect();
  CHECK(readers(world, 1) == "b4");
}

TEST_CASE("the servers that answer fastest are read") {
  ReplicaWorld world(two(), {.read_from = ReadFrom::lowest_latency});
  world.connect();
  // All took no time in this world, so all are alike, and the primary is one of them.
  CHECK(readers(world, 1, 6) == "a2 b2 c2");
  // One whose answers take 50 ms is not alike.
  world.freeze("b:6379");
  world.call(10, {"GET", "k"});
  for (Tag tag = 11; tag < 14; ++tag) world.submit(tag, {"GET", "k"});
  world.advance(1100ms);
  world.wake("b:6379");
  world.run();
  CHECK(world.node("b:6379")->latency.value() > Duration::zero());
  CHECK(readers(world, 20, 6) == "a3 c3");
}

TEST_CASE("a connection to a replica has the client's user, also a new one") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").password = "new";
  world.primary().password = "new";
  world.client().set_credentials({.username = "user", .password = "new"});
  world.run();
  world.call(1, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  world.cut("b:6379");
  world.advance(1s);
  world.call(2, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.take_events() == Lines{"ready", "1: null", "2: null"});
}

TEST_CASE("a user whom a replica refuses is reported, and the primary answers") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").password = "other";
  world.client().set_credentials({.username = "user", .password = "new"});
  world.run();
  CHECK(world.take_events() == Lines{"ready", "credentials refused: error \"WRONGPASS no\""});
  world.cut("b:6379");
  world.advance(3s);
  world.call(1, {"GET", "k"});
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
  CHECK(world.node("b:6379")->problem.code == ErrorCode::authentication_failed);
}

TEST_CASE("requests at replicas count as in flight, and against the limit of all") {
  ClientOptions options;
  options.inflight_requests_limit = 4;
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.freeze("b:6379");
  world.freeze("a:6379");
  for (Tag tag = 1; tag <= 3; ++tag) world.submit(tag, {"GET", "k"});
  world.submit(4, {"SET", "k", "v"});
  CHECK(world.client().statistics().in_flight >= 4);
  world.submit(5, {"GET", "k"});
  world.submit(6, {"SET", "k", "v"});
  CHECK(world.outcome(5) == "refused with rejected_by_limit (no)");
  CHECK(world.outcome(6) == "refused with rejected_by_limit (no)");
  world.wake("b:6379");
  world.run();
  CHECK(world.outcome(3) == "null");
  world.submit(7, {"SET", "k", "v"});
  CHECK(world.outcome(7) == "");
  world.wake("a:6379");
  world.run();
  CHECK(world.client().statistics().in_flight == 0);
}

TEST_CASE("a reply of a replica makes room for who waits") {
  ClientOptions options;
  options.inflight_requests_limit = 2;
  options.inflight_overflow = OnLimit::wait;
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.freeze("b:6379");
  for (Tag tag = 1; tag <= 5; ++tag) world.submit(tag, {"GET", "k"});
  world.run();
  CHECK(world.client().statistics().waiting == 3);
  CHECK(world.pending_count() == 5);
  world.wake("b:6379");
  world.run();
  CHECK(world.pending_count() == 0);
  CHECK(world.client().statistics().waited == 3);
}

TEST_CASE("a late reply of a replica makes room for who waits, though nobody gets it") {
  ClientOptions options;
  options.inflight_requests_limit = 1;
  options.inflight_overflow = OnLimit::wait;
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.freeze("b:6379");
  const auto id = world.submit(1, {"GET", "k"});
  world.run();
  world.cancel(*id);
  world.submit(2, {"GET", "k"});
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
  CHECK(world.outcome(2) == "");
  const bool is_lost = GENERATE(false, true);
  if (is_lost) {
    world.cut("b:6379");
  } else {
    world.push_unpolled("b:6379", "$1\r\nv\r\n");
  }
  world.poll();  // once, as a driver does behind each input
  CHECK(world.take_events().back() == "2 admitted");
  world.wake("b:6379");
  world.advance(1s);
}

TEST_CASE("close() waits for the replies of replicas, and is the last event") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.submit(2, {"GET", "k"});
  world.client().close(world.now());
  world.run();
  world.submit(3, {"GET", "k"});
  CHECK(world.outcome(2) == "null");
  CHECK(world.outcome(3) == "refused with closed (no)");
  CHECK(world.outcome(1) == "");
  world.wake("b:6379");
  world.run();
  CHECK(world.take_events() ==
        Lines{"ready", "2: null", "3: refused with closed (no)", "1: null", "closed: closed"});
  CHECK(world.links_to("b:6379") + world.links_to("c:6379") + world.links_to("a:6379") == 0);
}

TEST_CASE("close() gives up what a replica does not answer in time") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.run();
  world.client().close(world.now());
  world.run();
  world.advance(2s);
  CHECK(world.outcome(1) == "lost_in_doubt (maybe)");
  CHECK(world.take_events().back() == "closed: closed");
}

TEST_CASE("abort() ends each read, once") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.freeze("c:6379");
  for (Tag tag = 1; tag <= 4; ++tag) world.submit(tag, {"GET", "k"});
  world.send();
  world.submit(5, {"SET", "k", "v"});
  world.client().abort();
  world.run();
  for (Tag tag = 1; tag <= 4; ++tag) CHECK(world.outcome(tag) == "lost_in_doubt (maybe)");
  CHECK(world.outcome(5) == "lost_unsent (no)");
  // What is in flight at the main connection ends behind `closed`, as without replicas.
  const Lines events = world.take_events();
  CHECK(events.at(events.size() - 2) == "closed: closed");
  CHECK(events.back() == "5: lost_unsent (no)");
  CHECK(world.pending_count() == 0);
}

TEST_CASE("a client that ends by itself ends its reads") {
  ClientOptions options;
  options.reconnect_attempts_max = 0;
  ReplicaWorld world({"b:6379"}, ReplicaWorld::prefer_replica(), options);
  world.connect();
  world.freeze("b:6379");
  world.submit(1, {"GET", "k"});
  world.run();
  world.cut("a:6379");
  world.run();
  CHECK(world.outcome(1) == "lost_in_doubt (maybe)");
  CHECK(world.take_events().back() == "closed: connection_lost");
}

TEST_CASE("without room for connections to replicas the primary answers") {
  ReplicaWorld world(two());
  world.client().connect(world.now());
  world.server("a:6379").replicas.clear();
  world.run();
  world.primary().replicas = two();
  {
    Filling filling(world.budget());
    REQUIRE(filling.full());
    world.call(1, {"GET", "k"});
    world.advance(2s);
    CHECK(world.replicas().counters().reads == 0);
  }
  world.call(2, {"GET", "k"});
  for (Tag tag = 3; tag < 40; ++tag) {
    world.advance(100ms);
    world.call(tag, {"GET", "k"});
  }
  CHECK(world.replicas().counters().left_out == 0);
  CHECK(world.replicas().counters().reads > 0);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("each refusal of memory leaves a client that reads") {
  for (std::size_t granted = 0; granted < 60; ++granted) {
    CAPTURE(granted);
    ReplicaWorld world(two());
    world.memory().refuse_one_after(granted);
    world.connect();
    world.advance(100ms);
    Tag tag = 0;
    for (int i = 0; i < 60; ++i) {
      world.call(++tag, {"GET", "k"});
      world.advance(100ms);
    }
    world.cut("b:6379");
    for (int i = 0; i < 10; ++i) {
      world.call(++tag, {"GET", "k"});
      world.advance(100ms);
    }
    CHECK(world.pending_count() == 0);
    world.call(++tag, {"GET", "k"});
    CHECK(world.outcome(tag) == "null");
    CHECK(world.node("b:6379")->is_ready());
    CHECK(world.node("c:6379")->is_ready());
  }
}

}  // namespace
}  // namespace plimsoll::testing::replicas_test
