#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cached_cluster.h"

// An MGET over several slots goes to several nodes in parts. What it brings is kept key by key,
// unless anything has happened to the key, or to any node, before the last part was answered.

namespace plimsoll::testing::cluster_cache_mget_test {
namespace {

using namespace std::chrono_literals;

const Words words{"MGET", "{b}5", "{c}5", "a"};  // of nodes 0, 1 and 2
constexpr unsigned slot_of_b = 3300;

struct Cached : CachedCluster {
  explicit Cached(ClusterWorldOptions options = {}) : CachedCluster(std::move(options)) {
    write_elsewhere({"SET", "{b}5", "5"});
    write_elsewhere({"SET", "{c}5", "5"});
    run();
  }
  /// The MGET, up to the moment at which all nodes but the one of "{c}5" have answered.
  Tag begin() {
    hold_answers(address(1));
    const Tag tag = next_tag();
    look_up(tag, words);
    run();
    CHECK(outcome(tag).empty());
    return tag;
  }
  std::string end(Tag tag) {
    let_answers_go(address(1));
    run();
    return outcome(tag);
  }
};

TEST_CASE("an MGET over slots is kept key by key, and served if all its keys are there") {
  Cached world;
  CHECK(world.read_by(words) == "[\"5\", \"5\", \"old\"]");
  CHECK(world.has("{b}5"));
  CHECK(world.has("{c}5"));
  CHECK(world.has("a"));
  CHECK(world.read_by(words) == "hit [\"5\", \"5\", \"old\"]");
  world.write_elsewhere({"SET", "{c}5", "6"});
  CHECK(world.read_by(words) == "[\"5\", \"6\", \"old\"]");
  CHECK(world.read_by(words) == "hit [\"5\", \"6\", \"old\"]");
}

TEST_CASE("a key that changes between the node's answer and the last one is not kept") {
  Cached world;
  const Tag tag = world.begin();
  world.write_elsewhere({"SET", "{b}5", "6"});
  world.run();
  CHECK(world.end(tag) == "[\"5\", \"5\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.has("{c}5"));
  CHECK(world.read("{b}5") == "\"6\"");
}

TEST_CASE("a key that the client writes meanwhile is not kept") {
  Cached world;
  const Tag tag = world.begin();
  CHECK(world.write("{b}5", "6") == "simple \"OK\"");
  CHECK(world.end(tag) == "[\"5\", \"5\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.has("{c}5"));
}

TEST_CASE("if a slot leaves its node meanwhile, or a connection is lost, nothing is kept") {
  Cached world;
  const Tag tag = world.begin();
  SECTION("a slot") {
    world.model().move_atomically(slot_of_b, 2);
    world.model().tell_all();
    world.look_up(world.next_tag(), {"GET", "{b}9"});  // MOVED
    world.run();
  }
  SECTION("a connection") { world.cut(world.address(2)); }
  SECTION("a flush") { world.model().tracking().note_flush(2); }
  world.run();
  world.end(tag);
  world.advance(100ms);
  CHECK(world.outcome(tag) == "[\"5\", \"5\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK_FALSE(world.has("{c}5"));
}

TEST_CASE("what a part was redirected for is not kept") {
  Cached world;
  world.model().move_atomically(slot_of_b, 2);
  world.model().tell_all();
  CHECK(world.read_by(words) == "[\"5\", \"5\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK_FALSE(world.has("{c}5"));
  CHECK(world.read_by(words) == "[\"5\", \"5\", \"old\"]");
  CHECK(world.read_by(words) == "hit [\"5\", \"5\", \"old\"]");
}

TEST_CASE("a read does not join an MGET whose parts are sent already") {
  Cached world;
  const Tag first = world.begin();
  world.write_elsewhere({"SET", "{b}5", "6"});
  const Tag second = world.next_tag();
  world.look_up(second, words);
  world.run();
  CHECK(world.end(first) == "[\"5\", \"5\", \"old\"]");
  CHECK(world.outcome(second) == "[\"6\", \"5\", \"old\"]");
}

TEST_CASE("an MGET over slots can be cancelled, and says that its parts were sent") {
  Cached world;
  const Tag tag = world.begin();
  const Tag other = world.next_tag();
  world.look_up(other, {"MGET", "{b}7", "{c}7"}, cache::any_staleness, 50ms);
  world.run();
  world.cancel(*world.id_of(tag));
  world.run();
  CHECK(world.outcome(tag).starts_with("cancelled (maybe"));
  world.advance(60ms);
  CHECK(world.outcome(other).starts_with("timed_out (maybe"));
  world.let_answers_go(world.address(1));
  world.run();
  CHECK(world.client().statistics().in_flight == 0);
  CHECK_FALSE(world.has("{b}5"));
}

TEST_CASE("with opt_in and server_ttl_cap an MGET over slots is not kept") {
  ClusterWorldOptions options;
  options.cache = {.bytes_max = std::size_t{256} * 1024};
  SECTION("opt_in") { options.client.tracking.method = TrackingOptions::Method::opt_in; }
  SECTION("server_ttl_cap") { options.cache->server_ttl_cap = true; }
  Cached world(std::move(options));
  CHECK(world.read_by(words) == "[\"5\", \"5\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
}

}  // namespace
}  // namespace plimsoll::testing::cluster_cache_mget_test
