#include <chrono>
#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/client/replica_world.h"

// A near cache of what replicas answer: cases of a review.

namespace plimsoll::testing::replicas_cache_review_test {
namespace {

using namespace std::chrono_literals;

struct Settings {
  ReplicaOptions replicas = ReplicaWorld::prefer_replica();
  std::optional<cache::CacheOptions> cache =
      cache::CacheOptions{.bytes_max = std::size_t{256} * 1024, .coherence_lease = 10s};
  ClientOptions client{};
  std::vector<std::string> addresses{"b:6379"};
};

// A client that has read "k", "old", from the replica b.
struct Reading : ReplicaWorld {
  explicit Reading(const Settings& settings = {})
      : ReplicaWorld(settings.addresses, settings.replicas, settings.client, {}, settings.cache) {
    write_elsewhere("k", "old");
    for (const std::string& each : primary().replicas) replicate(each);
    connect();
    CHECK(get("k") == "\"old\"");
    for (const std::string& each : primary().replicas) server(each).served.clear();
  }

  std::string get(const std::string& key, Duration max_staleness = cache::any_staleness) {
    return read(++tags_, {"GET", key}, max_staleness);
  }
  bool has(const std::string& key) { return look_up({"GET", key}).has_value(); }
  Tag next_tag() { return ++tags_; }

 private:
  Tag tags_ = 100;
};

TEST_CASE("a read that joins a fetch at a silent replica goes on by its own time") {
  Reading world;
  world.write_elsewhere("k2", "here");
  world.replicate("b:6379");
  world.freeze("b:6379");
  const Tag patient = world.next_tag();
  world.submit(patient, {"GET", "k2"}, 10s);
  world.run();
  const Tag hasty = world.next_tag();
  world.submit(hasty, {"GET", "k2"}, 600ms);
  world.advance(700ms);
  CHECK(world.outcome(hasty) == "\"here\"");
}

TEST_CASE("in mode ttl nobody asks replicas for proofs that no entry needs") {
  Settings settings;
  settings.cache->mode = cache::CacheMode::ttl;
  settings.cache->entry_ttl = 5s;
  Reading world(settings);
  world.advance(20s);
  const std::size_t before = world.primary().reports;
  world.advance(60s);
  CHECK(world.primary().reports == before);
}

TEST_CASE("a fetch that has half of its answers goes on, and the rest is skipped when it comes") {
  Settings settings;
  settings.client.tracking.method = TrackingOptions::Method::opt_in;
  settings.cache->server_ttl_cap = true;
  Reading world(settings);
  world.primary().data["k2"] = "here";
  world.replicate("b:6379");
  world.server("b:6379").refused["GET"] = "";  // it takes its time
  const Tag tag = world.next_tag();
  world.submit(tag, {"GET", "k2"}, 800ms);
  world.advance(500ms);
  CHECK(world.outcome(tag) == "\"here\"");
  CHECK(world.take_served("a:6379") == Lines{"GET k2"});
  world.server("b:6379").refused.clear();
  world.say("b:6379", bulk_reply("late"));
  world.run();
  CHECK(!world.has("k2"));
  world.advance(2s);
  CHECK(world.get("k2") == "\"here\"");
  CHECK(world.get("k2") == "hit here");
}

TEST_CASE("a side connection's write is seen, whatever a replica is about to answer") {
  Reading world;
  const auto side = world.client().open_exclusive(world.now());
  REQUIRE(side);
  world.run();
  world.freeze("a:6379");
  const Tag write = world.next_tag();
  world.submit_to(*side, write, {"SET", "k", "new"});
  world.run();
  const Tag during = world.next_tag();
  world.submit(during, {"GET", "k"});
  world.send();
  world.freeze("b:6379");
  world.wake("a:6379");
  world.run();
  CHECK(world.outcome(write) == "simple \"OK\"");
  const Tag behind = world.next_tag();
  world.submit(behind, {"GET", "k"});
  world.run();
  world.wake("b:6379");
  world.run();
  CHECK(world.outcome(behind) == "\"new\"");
  CHECK(world.get("k") != "hit old");
  CHECK(world.get("k") == "hit new");
}

TEST_CASE("a write that was given up on a side connection overtakes a replica's entry") {
  Reading world;
  const auto side = world.client().open_exclusive(world.now());
  REQUIRE(side);
  world.run();
  world.freeze("a:6379");
  const Tag write = world.next_tag();
  const auto id = world.submit_to(*side, write, {"SET", "k", "new"});
  REQUIRE(id);
  world.send();
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(write) != "");
  CHECK(world.get("k") == "\"old\"");  // it may not have run
  world.wake("a:6379");
  world.run();
  world.get("k");
  CHECK(world.get("k") == "hit new");
}

TEST_CASE(
    "after a barrier a read with a bound on staleness sees no more of the past than another") {
  Reading world;
  world.write_elsewhere("k", "new");
  const Tag barrier = world.next_tag();
  world.prove(barrier);
  world.run();
  CHECK(!world.is_pending(barrier));
  CHECK(!world.look_up({"GET", "k"}));
  CHECK(!world.look_up({"GET", "k"}, 5s));
  CHECK(world.get("k", 5s) == "\"new\"");
}

// docs/caching.md, promises 8 and 9.
TEST_CASE("what the main connection has shown counts as what a side connection has") {
  Reading world;
  world.write_elsewhere("k", "new");
  SECTION("in a transaction") {
    const Tag tag = world.next_tag();
    world.submit_transaction(tag, {{"MULTI"}, {"GET", "k"}, {"EXEC"}});
    world.run();
    CHECK(world.outcome(tag) == "[\"new\"]");
    CHECK(world.get("k") != "hit old");
  }
  SECTION("aside") {
    const auto side = world.client().open_exclusive(world.now());
    REQUIRE(side);
    world.submit_to(*side, world.next_tag(), {"GET", "k"});
    world.run();
    CHECK(world.get("k") != "hit old");
  }
}

}  // namespace
}  // namespace plimsoll::testing::replicas_cache_review_test
