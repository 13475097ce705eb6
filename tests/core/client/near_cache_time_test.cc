#include <chrono>
#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/expiry_wheel.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// How long an entry is believed: by leases, by proofs, by time; and what is not kept at all.

namespace plimsoll::near_cache_time_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

TEST_CASE("a connection that proves nothing for coherence_lease is not believed") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .coherence_lease = 10s}});
  cache_it(world);
  SECTION("it is asked in time, and serves on") {
    for (int i = 0; i < 10; ++i) {
      world.advance(3s);
      world.flow();
    }
    world.get(0, 1, "key");
    CHECK(world.take_events(0) == Lines{"1: hit $3\r\nold"});
  }
  SECTION("a silent one ends") {
    world.advance(4s);
    world.advance(6500ms);
    world.get(0, 1, "key");
    CHECK(world.take_events(0).empty());
    CHECK(world.statistics().hits == 1);
  }
}

TEST_CASE("where the read that would have renewed a lease is given up, it is asked for at once") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .coherence_lease = 10s}});
  cache_it(world);
  world.advance(4s);
  world.end(0).submit(1, {"GET", "other"}, 2s);  // never leaves
  world.advance(2s);
  CHECK(world.take_events(0) == Lines{"1: timed_out (no)"});
  CHECK(world.end(0).client().poll_timeout() > world.end(0).now());
  world.flow();
  world.advance(5s);
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
}

TEST_CASE("what is left of a connection is freed soon, and never wanted in the past") {
  CachedWorld world;
  world.advance(1h);
  cache_it(world);
  world.break_off(0);
  plimsoll::Client& client = world.end(0).client();
  CHECK(client.poll_timeout() >= world.end(0).now());
  world.advance(10ms);
  CHECK(world.statistics().entries == 0);
}

TEST_CASE("the deadline of a read that is over wakes nobody") {
  CachedWorld world;
  world.data()["key"] = "old";
  world.end(0).submit(1, {"GET", "key"}, 100ms);
  CHECK(world.end(0).client().poll_timeout() <= world.end(0).now() + 100ms);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  CHECK(world.end(0).client().poll_timeout() > world.end(0).now() + 100ms);
}

TEST_CASE("a client is served what is proved for as long as it wants") {
  CachedWorld world;
  cache_it(world);
  world.advance(1s);
  world.read(0, 1, {"GET", "key"}, 0s);
  CHECK(world.take_events(0).empty());  // fetched: that proves the rest as well
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  world.read(0, 2, {"GET", "key"}, 1ms);
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
}

TEST_CASE("without tracking, entries live for entry_ttl") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .entry_ttl = 5s}, .knows_tracking = false});
  CHECK(world.end(0).client().near_cache()->state() == NearCache::State::ttl);
  cache_it(world);
  world.advance(4s);
  world.get(0, 1, "key");
  CHECK(world.take_events(0) == Lines{"1: hit $3\r\nold"});
  world.advance(1s);
  world.get(0, 2, "key");
  CHECK(world.take_events(0).empty());
  world.advance(cache::ExpiryWheel::tick);  // nobody has to read it for that
  world.advance(cache::ExpiryWheel::tick);
  CHECK(world.statistics().entries == 0);
  CHECK(world.statistics().expirations == 1);
}

TEST_CASE("without tracking and entry_ttl nothing is cached") {
  CachedWorld world({.knows_tracking = false});
  CHECK(world.end(0).client().near_cache()->state() == NearCache::State::off);
  world.data()["key"] = "value";
  for (Tag tag = 1; tag <= 2; ++tag) {
    world.get(0, tag, "key");
    world.flow();
  }
  CHECK(world.reads_count() == 2);
  CHECK(world.statistics().entries == 0);
}

TEST_CASE("what a lost connection leaves behind is freed in steps, without being asked for") {
  CachedWorld world({.cache = {.bytes_max = 256 * 1024}});
  for (Tag tag = 1; tag <= 300; ++tag) {
    world.data()["key" + std::to_string(tag)] = "value";
    world.get(0, tag, "key" + std::to_string(tag));
  }
  world.flow();
  REQUIRE(world.statistics().entries == 300);
  const std::size_t before = world.end(0).bytes_in_use();
  world.break_off(0);
  for (int i = 0; i < 8; ++i) world.advance(10ms);
  CHECK(world.statistics().entries == 0);
  CHECK(world.end(0).bytes_in_use() < before);
}

TEST_CASE("a read of many keys is no fetch that others could wait for") {
  CachedWorld world;
  const testing::Words words{"EXISTS", "a", "b", "c", "d", "e", "f", "g", "h", "i"};
  world.read(0, 1, words);
  world.submit(0, 2, {"SET", "i", "new"});
  world.read(0, 3, words);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: 0", "2: simple \"OK\"", "3: 1"});
  CHECK(world.statistics().entries == 0);
  CHECK(world.statistics().skipped_uncacheable == 2);
}

TEST_CASE("null is stored where that is wanted") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .cache_nil = true}});
  world.get(0, 1, "key");
  world.flow();
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"1: null", "2: hit _"});
}

}  // namespace
}  // namespace plimsoll::near_cache_time_test
