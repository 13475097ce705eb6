#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cached_reads.h"

// Faults that a review found in the near cache of what the replicas of a cluster answer, and what
// it tried beside them.

namespace plimsoll::testing::cluster_replicas_cache_review_test {
namespace {

using namespace std::chrono_literals;
using Cached = CachedReads;

constexpr unsigned slot = 3300;
constexpr unsigned slot_of_c = 7365;
constexpr NodeIndex replica = 3;

TEST_CASE("CLUSTERDOWN of an owner, to whatever request, takes along what its replicas said") {
  Cached world(caching({.read_from = ReadFrom::prefer_replica, .lag_max = 60s}));
  world.model().take_over(slot, 1);
  for (NodeIndex each = 0; each < world.model().nodes_count(); ++each) {
    world.node(each).refused["CLUSTER SLOTS"] = "-LOADING wait\r\n";
  }
  world.node(0).is_down = true;
  world.submit(world.next_tag(), {"SET", "{b}other", "x"});
  world.run();
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("CLUSTERDOWN to a read takes it along as well") {
  Cached world(caching({.read_from = ReadFrom::prefer_replica, .lag_max = 60s}));
  for (NodeIndex each = 0; each < world.model().nodes_count(); ++each) {
    world.node(each).refused["CLUSTER SLOTS"] = "-LOADING wait\r\n";
  }
  world.node(0).is_down = true;
  world.look_up(world.next_tag(), {"GET", "{b}other"}, 1ms);
  world.run();
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("what a replica said that was not proved yet goes with the others") {
  ReadCluster world(caching());
  world.prove();
  world.write_elsewhere({"SET", "{b}k", "old"});
  world.replicate_all();
  CHECK(world.ClusterWorld::get(1, {"GET", "{b}k"}) == "\"old\"");
  SECTION("because the owner's connection is lost") { world.cut(world.address(0)); }
  SECTION("because the replica loses its link") {
    world.node(replica).is_link_up = false;
    world.advance(3s);
    world.node(replica).is_link_up = true;
  }
  world.advance(6s);
  CHECK(world.ClusterWorld::get(2, {"GET", "{b}other"}) == "null");
  world.advance(2s);
  CHECK(world.ClusterWorld::get(3, {"GET", "{b}other"}) == "null");
  world.advance(2s);
  CHECK_FALSE(world.look_up(4, {"GET", "{b}k"}));
}

TEST_CASE("a replica's MOVED drops what was read in the slot") {
  Cached world;
  for (NodeIndex each = 0; each < world.model().nodes_count(); ++each) {
    world.node(each).refused["CLUSTER SLOTS"] = "-LOADING wait\r\n";
  }
  world.model().take_over(slot, 1);
  world.model().tell(replica);
  CHECK(world.write_elsewhere({"SET", "{b}k", "new"}) != "");
  world.look_up(world.next_tag(), {"GET", "{b}other"});
  world.run();
  CHECK_FALSE(world.has("{b}k"));
}

TEST_CASE("the MOVED that answers the question for a key is heard") {
  Cached world;
  world.advance(4s);
  world.read("{b}k");
  world.model().take_over(slot, 1);
  world.model().tell_all();
  world.write_elsewhere({"SET", "{b}k", "new"});
  const auto rounds = world.counters().rounds;
  while (world.counters().rounds < rounds + 1) world.advance(50ms);
  world.advance(100ms);  // EXISTS was answered with MOVED
  CHECK(world.read("{b}k") == "\"new\"");
}

TEST_CASE("nobody asks for the sake of a null that was not kept") {
  ReadCluster world(caching());
  world.prove();
  world.advance(20s);
  world.cut(world.address(replica));
  world.advance(20s);
  auto rounds = world.counters().rounds;
  world.advance(60s);
  CHECK(world.counters().rounds == rounds);
  for (int i = 0; i < 10; ++i) {
    CHECK(world.ClusterWorld::get(10 + i, {"GET", "{b}none"}) == "null");
    world.advance(200ms);
  }
  world.advance(20s);
  CHECK(world.cache().statistics().entries == 0);
  rounds = world.counters().rounds;
  world.advance(60s);
  CHECK(world.counters().rounds == rounds);
}

TEST_CASE("in mode ttl a fetch at a node that is no replica any more is not joined") {
  ClusterWorldOptions options = reading();
  options.cache = cache::CacheOptions{
      .bytes_max = std::size_t{256} * 1024, .entry_ttl = 60s, .mode = cache::CacheMode::ttl};
  Cached world(with_cache(options));
  world.write_elsewhere({"SET", "{b}2", "old"});
  world.replicate_all();
  world.advance(2 * ViewSchedule::interval);
  world.hold_answers(world.address(replica));
  const Tag first = world.next_tag();
  world.look_up(first, {"GET", "{b}2"}, cache::any_staleness, 60s);
  world.run();
  const auto views = world.cluster().counters().views;
  world.node(replica).replica_of.reset();
  // So many redirections that the client asks for a view.
  for (int i = 0; i <= ViewSchedule::redirections_max; ++i) {
    world.model().move_atomically(slot_of_c, i % 2 == 0 ? 2 : 1);
    world.model().tell_all();
    world.submit(world.next_tag(), {"SET", "c", "x"});
    world.run();
  }
  world.advance(1ms);
  CHECK(world.cluster().counters().views > views);
  std::size_t named = 0;
  world.cluster().replicas()->for_each([&](const KnownReplica& known) {
    if (known.address == *NodeAddress::read("10.0.0.1", 7003)) ++named;
  });
  CHECK(named == 0);
  CHECK(world.outcome(first) == "");
  CHECK(world.counters().reads_moved == 0);
  const std::size_t at_owner = world.runs(0, "GET", "{b}2");
  world.write_elsewhere({"SET", "{b}2", "new"});
  const Tag second = world.next_tag();
  world.look_up(second, {"GET", "{b}2"}, cache::any_staleness, 2s);
  world.run();
  CHECK(world.runs(0, "GET", "{b}2") == at_owner + 1);
  world.let_answers_go(world.address(replica));
  world.run();
  CHECK(world.outcome(second) == "\"new\"");
}

TEST_CASE("a read does not join a fetch at a replica that is silent") {
  for (Duration wait = 0ms; wait < 1000ms; wait += 100ms) {
    CAPTURE(wait.count());
    Cached world;
    world.write_elsewhere({"SET", "{b}2", "here"});
    world.read("{b}y");
    world.advance(wait);
    world.freeze(world.address(replica));
    const Tag first = world.next_tag();
    world.look_up(first, {"GET", "{b}2"}, cache::any_staleness, 9s);
    world.advance(1100ms);
    const auto reads = world.counters().reads;
    world.look_up(world.next_tag(), {"GET", "{b}x"}, cache::any_staleness, 9s);
    world.run();
    CHECK(world.counters().reads == reads);
    const Tag second = world.next_tag();
    world.look_up(second, {"GET", "{b}2"}, cache::any_staleness, 9s);
    world.run();
    CHECK(world.outcome(second) == "\"here\"");
  }
}

TEST_CASE("a replica that no view names takes its entries along, and no barrier waits for it") {
  Cached world;
  const auto views = world.cluster().counters().views;
  world.node(replica).replica_of.reset();
  world.model().move_atomically(slot_of_c, 2);
  world.model().tell_all();
  world.read("c");
  while (world.cluster().counters().views == views) world.advance(50ms);
  CHECK_FALSE(world.has("{b}k"));
  // A barrier does not wait for it.
  const Tag tag = world.next_tag();
  world.ClusterWorld::prove(tag);
  world.advance(100ms);
  CHECK(world.outcome(tag) == "proved");
}

TEST_CASE("an owner that says in a round that it is a replica takes along what its replicas said") {
  ClusterWorldOptions options = caching();
  options.replicas_count = 2;
  Cached world(options);
  for (int i = 0; i < 6; ++i) {
    world.read("{b}" + std::to_string(i));
    world.advance(300ms);
  }
  world.advance(4s);
  CHECK(world.has("{b}k"));
  world.model().promote(world.model().replicas_of(0)[1]);
  world.model().tell_all();
  world.write_elsewhere({"SET", "{b}k", "new"});
  const auto rounds = world.counters().rounds;
  while (world.counters().rounds < rounds + 1) world.advance(50ms);
  world.advance(500ms);
  CHECK(world.read("{b}k") == "\"new\"");
}

TEST_CASE("a write that waits for room is seen by the reads behind it") {
  for (std::size_t limit = 1; limit <= 4; ++limit) {
    CAPTURE(limit);
    ClusterWorldOptions options = caching();
    options.client.inflight_requests_limit = limit;
    options.client.inflight_overflow = OnLimit::wait;
    Cached world(options);
    world.hold_answers(world.address(1));
    for (std::size_t i = 0; i < limit; ++i) {
      world.submit(world.next_tag(), {"SET", "c", "1"});
    }
    const Tag write = world.next_tag();
    world.submit(write, {"SET", "{b}k", "new"});
    const Tag behind = world.next_tag();
    world.look_up(behind, {"GET", "{b}k"});
    world.run();
    world.let_answers_go(world.address(1));
    world.run();
    CHECK(world.outcome(write) == "simple \"OK\"");
    CHECK(world.outcome(behind) == "\"new\"");
    CHECK(world.read("{b}k").ends_with("\"new\""));
  }
}

TEST_CASE("memory that is refused costs what was asked for, and nothing later") {
  for (std::size_t n = 0; n < 24; ++n) {
    CAPTURE(n);
    ClusterWorldOptions options = caching();
    if (n % 2) add_commands_in_front(options);
    Cached world(options);
    world.validate_always();
    world.memory().refuse_one_after(n / 2);
    world.look_up(world.next_tag(), {"GET", "{b}2"});
    world.look_up(world.next_tag(), {"GET", "{b}2"});
    world.set("{b}3", "x");
    world.advance(1500ms);
    world.node(replica).refusal = "-LOADING wait\r\n";
    world.look_up(world.next_tag(), {"GET", "{b}4"});
    world.run();
    world.node(replica).refusal = "";
    world.advance(12s);
    CHECK(world.pending_count() == 0);
    world.read("{b}k");
    world.advance(5s);
    CHECK(world.has("{b}k"));
  }
}

TEST_CASE("reads that are cancelled leave nothing behind, whatever becomes of their replica") {
  for (int n = 0; n < 64; n += 3) {
    CAPTURE(n);
    ClusterWorldOptions options = caching();
    options.client.inflight_requests_limit = 1 + n % 4;
    options.client.inflight_overflow = n % 8 < 4 ? OnLimit::wait : OnLimit::reject;
    if (n % 3 == 0) add_commands_in_front(options);
    Cached world(options);
    world.validate_always();
    world.write_elsewhere({"SET", "{b}2", "here"});
    world.replicate_all();
    std::vector<Tag> tags;
    for (int i = 0; i < 4; ++i) {
      tags.push_back(world.next_tag());
      world.look_up(tags.back(), {"GET", i == 2 ? "{b}3" : "{b}2"}, cache::any_staleness, 5s);
    }
    if (n & 1) world.send();
    if (n & 2) world.node(replica).refusal = "-LOADING wait\r\n";
    if (n & 4) world.cut(world.address(replica));
    for (int i = 0; i < 4; ++i) {
      if ((n >> 3 & 1) == i % 2 && world.id_of(tags[i])) world.cancel(*world.id_of(tags[i]));
    }
    if (n & 16) world.freeze(world.address(replica));
    if (n & 32) world.advance(3s);
    world.advance(6s);
    CHECK(world.pending_count() == 0);
    world.wake(world.address(replica));
    world.node(replica).refusal = "";
    world.advance(10s);
    CHECK(world.client().statistics().in_flight == 0);
    world.read("{b}2");
    world.read("{b}2");
    CHECK(world.has("{b}2"));
    CHECK(world.used(PoolKind::requests) < 80 * 1024);
  }
}

TEST_CASE(
    "clients that read from replicas before they find a cluster keep what its replicas answer") {
  ClusterWorldOptions options = caching();
  options.knows = ClusterWorldOptions::Knows::nothing;
  options.client.primary_only = true;
  ClusterWorld world(options);
  REQUIRE(world.client().use_replicas({.read_from = ReadFrom::prefer_replica}).ok());
  world.connect();
  ClusterWorld other(options, world);
  REQUIRE(other.client().use_replicas({.read_from = ReadFrom::prefer_replica}).ok());
  other.connect();
  world.validate_always();
  Tag tag = 1;
  world.write_elsewhere({"SET", "{b}k", "old"});
  world.model().replicate(0);
  for (int i = 0; i < 10; ++i) {
    world.get(++tag, {"GET", "{b}k"});
    other.get(tag, {"GET", "{b}k"});
    world.get(++tag, {"GET", "{b}" + std::to_string(i)});
    other.get(tag, {"GET", "{b}" + std::to_string(i)});
    world.advance(700ms);
  }
  CHECK(world.get(++tag, {"GET", "{b}k"}) == "hit \"old\"");
  CHECK(other.get(tag, {"GET", "{b}k"}) == "hit \"old\"");
  world.call(++tag, {"SET", "{b}k", "new"});
  other.get(tag, {"GET", "{b}k"});
  other.get(tag + 100, {"GET", "{b}k"});
  CHECK(world.get(++tag, {"GET", "{b}k"}).ends_with("\"new\""));
  world.cut(world.main_address());
  world.advance(2s);
  CHECK(world.get(++tag, {"GET", "{b}k"}).ends_with("\"new\""));
  world.client().close(world.now());
  world.advance(5s);
}

TEST_CASE("a client that reads from replicas, and finds a cluster, while memory is refused") {
  for (std::size_t n = 0; n < 120; ++n) {
    CAPTURE(n);
    ClusterWorldOptions options = caching();
    options.knows = ClusterWorldOptions::Knows::nothing;
    options.client.primary_only = true;  // as native/driver/servers.cc has it
    ClusterWorld world(options);
    REQUIRE(world.client().use_replicas({.read_from = ReadFrom::prefer_replica}).ok());
    world.memory().refuse_one_after(n);
    world.connect();
    for (Tag tag = 1; tag < 4; ++tag) {
      world.get(tag, {"GET", "{b}2"});
      world.advance(1s);
    }
    world.client().set_credentials({"", "other"});
    world.prove(10);
    world.advance(5s);
    for (Tag tag = 11; tag < 14; ++tag) {
      world.get(tag, {"GET", "{b}2"});
      world.advance(1s);
    }
    world.client().near_cache()->note_side_delivery();
    world.get(20, {"GET", "{b}2"}, 5s);
    world.client().close(world.now());
    world.advance(20s);
    CHECK(world.pending_count() == 0);
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_cache_review_test
