#include <chrono>
#include <cstddef>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// What is served is in order, whatever clocks say: those that stand still, those that are coarse,
// and what comes on other connections.

namespace plimsoll::near_cache_order_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

// This and the next happen between two steps of the client's clock.
TEST_CASE("what is true now is not told from equal times") {
  CachedWorld world;
  cache_it(world);
  world.end(0).prove(1);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: "});
  world.write_elsewhere("key", "new");
  world.read(0, 2, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
}

TEST_CASE("a fetch that has left is not joined by a read of what is true now, at the same time") {
  CachedWorld world;
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.go_up(0);
  world.data()["key"] = "new";
  world.read(0, 2, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: \"new\""});
}

TEST_CASE("a fetch that has not left is joined, however long it has waited") {
  CachedWorld world;
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.advance(1s);
  const std::size_t reads = world.reads_count();
  world.read(0, 2, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: \"old\""});
  CHECK(world.reads_count() == reads + 1);
}

// What two reads of a key are told, where the first has been on its way for 801 ms when the second
// is called, and the key has changed since the first was answered.
Lines told_of_stalled_fetch(CachedWorld& world) {
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.go_up(0);
  world.data()["key"] = "new";
  world.advance(801ms);
  world.get(0, 2, "key");
  world.flow();
  return world.take_events(0);
}

TEST_CASE("a fetch that has stalled for longer than the lease is not joined") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .coherence_lease = 800ms}});
  CHECK(told_of_stalled_fetch(world) == Lines{"1: \"old\"", "2: \"new\""});
}

TEST_CASE("without tracking, a fetch that has stalled for longer than entry_ttl is not joined") {
  CachedWorld world(
      {.cache = {.bytes_max = 64 * 1024, .entry_ttl = 800ms}, .knows_tracking = false});
  CHECK(told_of_stalled_fetch(world) == Lines{"1: \"old\"", "2: \"new\""});
}

TEST_CASE("a number of milliseconds is counted with the step of the clock on the safe side") {
  CachedWorld world({.clock_step = 100ms});
  cache_it(world);
  world.end(0).prove(1);
  world.flow();
  world.take_events(0);
  SECTION("within one step nothing is proved by time") {
    world.read(0, 2, {"GET", "key"}, 100ms);
    CHECK(world.take_events(0).empty());
  }
  SECTION("a step less counts") {
    world.read(0, 2, {"GET", "key"}, 101ms);
    CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
  }
  SECTION("readings that differ by less show a finer clock") {
    world.advance(20ms);
    world.read(0, 2, {"GET", "key"}, 41ms);
    CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
  }
  SECTION("but no finer than they show") {
    world.advance(20ms);
    world.read(0, 2, {"GET", "key"}, 39ms);
    CHECK(world.take_events(0).empty());
  }
}

TEST_CASE("entries end a step of the clock before their time") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .entry_ttl = 1s}, .clock_step = 100ms});
  cache_it(world);
  world.advance(100ms);
  world.advance(799ms);
  world.get(0, 1, "key");
  CHECK(world.take_events(0) == Lines{"1: hit $3\r\nold"});
  world.advance(1ms);
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
  world.advance(99ms);
  world.get(0, 3, "key");
  CHECK(world.take_events(0).empty());
}

TEST_CASE("what is read then is no older than what another connection of the client has told") {
  CachedWorld world;
  cache_it(world);
  world.write_elsewhere("key", "new");
  world.end(0).client().near_cache()->note_side_delivery();  // of a message, or of a blocked read
  world.get(0, 1, "key");
  CHECK(world.take_events(0).empty());
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"new\""});
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nnew"});
}

TEST_CASE("whoever says how old a value may be is served by that, whatever was told beside") {
  CachedWorld world;
  cache_it(world);
  world.end(0).client().near_cache()->note_side_delivery();
  world.read(0, 1, {"GET", "key"}, 2s);
  CHECK(world.take_events(0) == Lines{"1: hit $3\r\nold"});
}

}  // namespace
}  // namespace plimsoll::near_cache_order_test
