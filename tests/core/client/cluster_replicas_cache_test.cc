#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_reads.h"

// A near cache of what the replicas of a cluster answer: which replies are stored, for how long
// they are served, and that no caller reads behind what it has written.

namespace plimsoll::testing::cluster_replicas_cache_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it, and node 3 is its replica
constexpr unsigned slot_of_c = 7365;
constexpr NodeIndex replica = 3;
constexpr Duration lease = lease_of_cached;

using Cached = CachedReads;

TEST_CASE("what a replica answers is served until the replica has the change") {
  Cached world;
  const std::size_t at_owner = world.runs(0, "GET");
  world.write_elsewhere({"SET", "{b}k", "new"});
  world.run();
  CHECK(world.read("{b}k") == "hit \"old\"");  // the replica does not know better
  world.replicate_all();
  world.run();
  CHECK_FALSE(world.has("{b}k"));
  CHECK(world.read("{b}k") == "\"new\"");
  CHECK(world.read("{b}k") == "hit \"new\"");
  CHECK(world.runs(0, "GET") == at_owner);
}

TEST_CASE("a key that was written is read at the owner, and stored, until the replica has it") {
  Cached world;
  world.set("{b}k", "new");
  CHECK_FALSE(world.has("{b}k"));
  const std::size_t at_replica = world.replica_reads();
  CHECK(world.read("{b}k") == "\"new\"");
  CHECK(world.read("{b}k") == "hit \"new\"");
  CHECK(world.replica_reads() == at_replica);
}

TEST_CASE("a replica's reply to a read from before a write is neither stored nor shared") {
  Cached world;
  world.write_elsewhere({"SET", "{b}2", "old"});
  world.replicate_all();
  world.run();
  world.hold_answers(world.address(replica));
  const Tag before = world.next_tag();
  world.look_up(before, {"GET", "{b}2"});
  world.run();  // the replica has answered, and the answer is on its way
  const std::size_t at_replica = world.replica_reads();
  world.set("{b}2", "new");
  const Tag behind = world.next_tag();
  world.look_up(behind, {"GET", "{b}2"});
  world.let_answers_go(world.address(replica));
  world.run();
  CHECK(world.outcome(before) == "\"old\"");
  CHECK(world.outcome(behind) == "\"new\"");
  CHECK(world.replica_reads() == at_replica);
  CHECK(world.read("{b}2").ends_with("\"new\""));
}

TEST_CASE("what a replica vouches for goes with the connection, and with what is proved of it") {
  Cached world;
  world.set("{b}mine", "1");
  CHECK(world.read("{b}mine") == "\"1\"");  // at the owner
  bool is_owner_there = true;
  SECTION("its connection is lost") { world.cut(world.address(replica)); }
  SECTION("the owner's next connection may lead to a process that knows less") {
    world.freeze(world.address(replica));
    world.cut(world.address(0));
    world.advance(1s);
    is_owner_there = false;
  }
  SECTION("it refuses reads") {
    world.node(replica).refusal = "-MASTERDOWN Link with MASTER is down\r\n";
    CHECK(world.read("{b}other") == "null");  // the owner's answer
  }
  SECTION("its link is down") {
    world.node(replica).is_link_up = false;
    world.advance(6s);
  }
  SECTION("the user lost a right there") {
    world.node(replica).refused["GET"] = "-NOPERM no\r\n";
    world.read("{b}other");
    is_owner_there = false;  // nothing of this user is served
  }
  SECTION("the slot has another owner") {
    world.model().move_atomically(slot, 1);
    world.model().tell_all();
    CHECK(world.read("{b}other") == "null");
    is_owner_there = false;
  }
  SECTION("no view names it any more") {
    const auto views = world.cluster().counters().views;
    world.node(replica).replica_of = 1;
    world.model().move_atomically(slot_of_c, 2);
    world.model().tell_all();
    world.read("c");  // MOVED: the client asks for a view
    while (world.cluster().counters().views == views) world.advance(50ms);
  }
  CHECK_FALSE(world.has("{b}k"));
  if (is_owner_there) CHECK(world.has("{b}mine"));
}

TEST_CASE("a replica that becomes the owner vouches for nothing that it said as a replica") {
  Cached world;
  const NodeIndex promoted = world.model().promote_replica_of(0);
  REQUIRE(promoted == replica);
  world.model().tell_all();
  world.model().resynchronize(0);
  CHECK(world.set("{b}other", "after") == "simple \"OK\"");
  CHECK_FALSE(world.has("{b}k"));
  CHECK(world.read("{b}k") == "\"old\"");
  CHECK(world.read("{b}k") == "hit \"old\"");
  // As an owner's: no round says what it has.
  world.write_elsewhere({"SET", "{b}k", "new"});
  world.run();
  CHECK(world.read("{b}k") == "\"new\"");
}

TEST_CASE("an entry is served as long as its replica is proved, and questions go on for that") {
  Cached world;
  const auto rounds = world.counters().rounds;
  world.advance(60s);
  CHECK(world.has("{b}k"));
  CHECK(world.counters().rounds - rounds >= 10);
  CHECK(world.counters().rounds - rounds <= 20);
  world.write_elsewhere({"SET", "{b}z", "1"});  // which the replica does not get
  world.advance(4s);
  CHECK(world.has("{b}k"));
  world.advance(8s);
  CHECK_FALSE(world.has("{b}k"));
  // It is still there, and is served again.
  world.replicate_all();
  world.advance(6s);
  CHECK(world.has("{b}k"));
}

TEST_CASE("an entry is served for replica_lag_max, if that is less than the lease") {
  Cached world(caching({.read_from = ReadFrom::prefer_replica, .lag_max = 4s}));
  world.advance(100ms);
  world.freeze(world.address(replica));
  world.advance(1900ms);
  CHECK(world.has("{b}k"));
  world.advance(2200ms);
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("nobody asks for the sake of a cache without entries of replicas") {
  Cached world;
  world.cut(world.address(replica));
  world.advance(20s);
  const auto rounds = world.counters().rounds;
  world.advance(60s);
  CHECK(world.counters().rounds == rounds);
}

TEST_CASE("INFO proves nothing: a primary in a minority and its replica say that all is well") {
  Cached world(caching({.read_from = ReadFrom::prefer_replica, .lag_max = 60s}));
  // Both of them are cut off, and another one has the slot. Only the client can reach all.
  world.model().take_over(slot, 1);
  world.write_elsewhere({"SET", "{b}k", "new"});
  for (NodeIndex each = 0; each < world.model().nodes_count(); ++each) {
    world.node(each).refused["CLUSTER SLOTS"] = "-LOADING wait\r\n";
  }
  SECTION("until the primary knows that it is cut off") {
    world.node(0).is_down = true;
    world.advance(lease / 2 + 100ms);
  }
  SECTION("and refuses the key that it is asked for") {
    world.node(0).refused["EXISTS"] = "-TRYAGAIN not now\r\n";
    world.advance(lease + 100ms);
  }
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("a user who may not ask for keys gets nothing of replicas from the cache") {
  ReadCluster world(caching());
  world.node(0).refused["EXISTS"] = "-NOPERM this user may not\r\n";
  world.prove();
  const auto get = [&world](Tag tag) { return world.ClusterWorld::get(tag, {"GET", "{b}1"}); };
  world.write_elsewhere({"SET", "{b}1", "x"});
  world.replicate_all();
  CHECK(get(1) == "\"x\"");
  for (Tag tag = 2; tag < 20; ++tag) {
    world.advance(500ms);
    CHECK(get(tag) == "\"x\"");
  }
}

TEST_CASE("a bound on staleness is met by what is proved of a replica, or by the owner") {
  Cached world;
  world.advance(2500ms);
  CHECK(world.read("{b}k", 8s) == "hit \"old\"");
  world.freeze(world.address(replica));
  world.advance(7s);
  CHECK(world.has("{b}k"));
  const std::size_t at_owner = world.runs(0, "GET", "{b}k");
  CHECK(world.read("{b}k", 1s) == "\"old\"");
  CHECK(world.runs(0, "GET", "{b}k") == at_owner + 1);
}

TEST_CASE("a read with a bound is answered by the owner, and does not share a replica's answer") {
  Cached world;
  world.write_elsewhere({"SET", "{b}2", "new"});
  const Tag any = world.next_tag();
  const Tag fresh = world.next_tag();
  world.look_up(any, {"GET", "{b}2"});
  world.look_up(fresh, {"GET", "{b}2"}, 5s);
  world.run();
  CHECK(world.outcome(any) == "null");
  CHECK(world.outcome(fresh) == "\"new\"");
  // What the cache does not take goes there as well.
  const std::size_t at_replica = world.replica_reads();
  const Words not_cached{"PTTL", "{b}2"};
  world.ClusterWorld::get(world.next_tag(), not_cached, Duration::zero());
  CHECK(world.replica_reads() == at_replica);
  world.ClusterWorld::get(world.next_tag(), not_cached);
  CHECK(world.replica_reads() == at_replica + 1);
}

TEST_CASE("after a barrier nothing older is read, cached or not, and no replica is waited for") {
  Cached world;
  world.write_elsewhere({"SET", "{b}k", "new"});
  const Tag barrier = world.next_tag();
  world.ClusterWorld::prove(barrier);
  world.run();
  CHECK(world.outcome(barrier) == "proved");
  CHECK_FALSE(world.has("{b}k"));
  const std::size_t at_replica = world.replica_reads();
  CHECK(world.read("{b}k") == "\"new\"");
  CHECK(world.replica_reads() == at_replica);
}

TEST_CASE("after a barrier a replica that has everything serves its entries again") {
  Cached world;
  world.ClusterWorld::prove(world.next_tag());
  world.run();
  CHECK_FALSE(world.has("{b}k"));
  CHECK(world.read("{b}other") == "null");
  world.advance(1s);
  CHECK(world.has("{b}k"));
}

TEST_CASE("a fetch that a replica does not answer goes on, and its reply is not stored") {
  ClusterWorldOptions options = caching();
  if (GENERATE(false, true)) add_commands_in_front(options);
  Cached world(options);
  world.write_elsewhere({"SET", "{b}2", "here"});
  SECTION("because it refuses") {
    world.node(replica).refusal = "-LOADING wait\r\n";
    CHECK(world.read("{b}2") == "\"here\"");
  }
  SECTION("because it is silent for half of the first caller's time") {
    world.freeze(world.address(replica));
    const Tag first = world.next_tag();
    const Tag second = world.next_tag();
    world.look_up(first, {"GET", "{b}2"}, cache::any_staleness, 2s);
    world.look_up(second, {"GET", "{b}2"}, cache::any_staleness, 4s);
    world.advance(900ms);
    CHECK(world.outcome(first) == "");
    world.advance(200ms);
    CHECK(world.outcome(first) == "\"here\"");
    CHECK(world.outcome(second) == "\"here\"");
  }
  CHECK(world.counters().reads_moved >= 1);
  CHECK_FALSE(world.has("{b}2"));
  CHECK(world.read("{b}2") == "\"here\"");
  CHECK(world.read("{b}2") == "hit \"here\"");  // read at the owner itself
}

TEST_CASE("a fetch that goes on to another replica is not shared with who has to see more") {
  ClusterWorldOptions options = caching();
  if (GENERATE(false, true)) add_commands_in_front(options);
  options.replicas_count = 2;
  Cached world(options);
  for (int i = 0; i < 5; ++i) {
    world.read("{b}" + std::to_string(i));
    world.advance(300ms);
  }
  const NodeIndex other = world.model().replicas_of(0)[1];
  REQUIRE(world.state_of(replica) == KnownReplica::State::ready);
  REQUIRE(world.state_of(other) == KnownReplica::State::ready);
  world.write_elsewhere({"SET", "{b}z", "new"});  // which no replica gets
  for (const NodeIndex each : {replica, other}) {
    world.node(each).refused["GET"] = "-LOADING wait\r\n";
  }
  const Tag first = world.next_tag();
  const Tag elsewhere = world.next_tag();
  const Tag behind = world.next_tag();
  const Tag later = world.next_tag();
  world.on_outcome = [&](Tag tag) {
    if (tag != behind) return;
    // The first one is staged at the other replica, and was not sent.
    for (const NodeIndex each : {replica, other}) world.node(each).refused.clear();
    world.client().near_cache()->note_side_delivery();
    world.look_up(later, {"GET", "{b}z"});
  };
  world.look_up(first, {"GET", "{b}z"});
  // The replicas take turns, so that the third one is behind the first.
  world.submit(elsewhere, {"PTTL", "{b}y"});
  world.submit(behind, {"PTTL", "{b}y"});
  world.run();
  world.on_outcome = {};
  CHECK(world.outcome(first) == "null");
  CHECK(world.counters().reads_moved == 1);
  CHECK(world.model().replica_reads().back().words == Words{"GET", "{b}z"});
  CHECK(world.outcome(later) == "\"new\"");
}

TEST_CASE("equal reads share a fetch at a replica, and each can be cancelled") {
  Cached world;
  const Tag first = world.next_tag();
  const Tag second = world.next_tag();
  world.look_up(first, {"GET", "{b}2"});
  world.look_up(second, {"GET", "{b}2"});
  const std::size_t before = world.replica_reads();
  REQUIRE(world.id_of(first));
  world.cancel(*world.id_of(first));
  world.run();
  CHECK(world.outcome(first).starts_with("cancelled"));
  CHECK(world.outcome(second) == "null");
  CHECK(world.replica_reads() == before + 1);
}

TEST_CASE("a reply and an invalidation that come together leave nothing stale") {
  Cached world;
  world.write_elsewhere({"SET", "{b}2", "old"});
  world.replicate_all();
  const Tag tag = world.next_tag();
  world.look_up(tag, {"GET", "{b}2"});
  world.send();
  world.write_elsewhere({"SET", "{b}2", "new"});
  world.replicate_all();  // the push lies behind the reply
  world.run();
  CHECK(world.outcome(tag) == "\"old\"");
  CHECK_FALSE(world.has("{b}2"));
  CHECK(world.read("{b}2") == "\"new\"");
  CHECK(world.read("{b}2") == "hit \"new\"");
}

TEST_CASE(
    "an MGET of one slot is stored as one replica has it; of several, as the owners have it") {
  Cached world;
  world.write_elsewhere({"SET", "{b}2", "two"});
  world.replicate_all();
  const auto mget = [&](const Words& words) {
    return world.ClusterWorld::get(world.next_tag(), words);
  };
  const std::size_t before = world.replica_reads();
  CHECK(mget({"MGET", "{b}k", "{b}2"}) == "[\"old\", \"two\"]");
  CHECK(world.replica_reads() == before + 1);
  CHECK(world.read("{b}2") == "hit \"two\"");
  world.write_elsewhere({"SET", "{b}2", "three"});
  CHECK(mget({"MGET", "{b}3", "c", "a", "{b}2"}).starts_with("[null, "));
  CHECK(world.replica_reads() == before + 1);
  CHECK(world.read("c").starts_with("hit "));
}

TEST_CASE("in mode ttl a replica's reply is kept for the time, and a write drops it") {
  ClusterWorldOptions options = reading();
  options.cache = cache::CacheOptions{
      .bytes_max = std::size_t{256} * 1024, .entry_ttl = 5s, .mode = cache::CacheMode::ttl};
  Cached world(with_cache(options));
  world.set("{b}k", "new");
  CHECK(world.read("{b}k") == "\"new\"");
  world.advance(6s);
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("what this client reads is shared with no other client of the cache") {
  Cached world;
  ClusterWorldOptions options = caching();
  SECTION("it reads from replicas, too") {}
  SECTION("it reads from owners") { options.replicas = {}; }
  ClusterWorld other(options, world);
  other.connect();
  CHECK(other.get(1, {"GET", "{b}k"}) == "\"old\"");
  world.set("{b}k", "new");
  CHECK(world.read("{b}k") == "\"new\"");
}

TEST_CASE("a client that finds a cluster by itself keeps what replicas answer as well") {
  ClusterWorldOptions options = caching();
  options.knows = ClusterWorldOptions::Knows::nothing;
  Cached world(options);
  CHECK(world.has("{b}k"));
}

TEST_CASE("FLUSHALL drops what replicas vouch for, too") {
  Cached world;
  CHECK(world.has("{b}k"));
  world.call(world.next_tag(), {"FLUSHALL"});
  CHECK_FALSE(world.has("{b}k"));
  CHECK(world.read("{b}k") == "null");
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_cache_test
