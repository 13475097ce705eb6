#include <algorithm>
#include <chrono>
#include <cstddef>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// A near cache behind a bridge that answers from a cache of its own, and has other servers behind
// it: there only the reply to PING proves anything.

namespace plimsoll::near_cache_bridge_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

// A world in which "key" is cached, and was proved a second ago.
struct Bridged : CachedWorld {
  explicit Bridged(Duration lease = 10s)
      : CachedWorld(
            {.cache = {.bytes_max = 64 * 1024, .coherence_lease = lease}, .is_bridge = true}) {
    data()["key"] = data()["other"] = "old";
    end(0).prove(900);
    flow();
    CHECK(take_events(0) == Lines{"900: "});
    cache_it(*this);
    advance(1s);
    pings_before_ = pings_count();
    reads_before_ = reads_count();
  }

  std::size_t pings() const { return pings_count() - pings_before_; }
  std::size_t reads() const { return reads_count() - reads_before_; }

 private:
  std::size_t pings_before_ = 0;
  std::size_t reads_before_ = 0;
};

TEST_CASE("a reply is no proof: what another reply brings does not make a kept value newer") {
  Bridged world;
  world.write_elsewhere("key", "new");
  world.get(0, 1, "other");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  CHECK(world.pings() == 0);
  world.read(0, 2, {"GET", "key"}, 500ms);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
  CHECK(world.pings() > 0);
}

TEST_CASE("a reader that wants freshness has a PING in front of what it fetches, and others none") {
  Bridged world;
  world.write_elsewhere("other", "new");
  world.get(0, 1, "other");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  CHECK(world.pings() == 0);
  Bridged second;
  second.write_elsewhere("other", "new");
  second.read(0, 1, {"GET", "other"}, 0ms);
  second.flow();
  CHECK(second.take_events(0) == Lines{"1: \"new\""});
  CHECK(second.pings() == 1);
  CHECK(second.reads() == 1);
  // The PING has proved the rest as well.
  second.read(0, 2, {"GET", "key"}, 100ms);
  CHECK(second.take_events(0) == Lines{"2: hit $3\r\nold"});
}

TEST_CASE("a reader that wants freshness does not join a fetch that brings no proof") {
  Bridged world;
  world.write_elsewhere("other", "new");
  world.get(0, 1, "other");
  world.read(0, 2, {"GET", "other"}, 0ms);
  world.get(0, 3, "other");
  world.flow();
  const Lines events = world.take_events(0);
  REQUIRE(events.size() == 3);
  CHECK(events[0] == "1: \"old\"");
  CHECK(std::count(events.begin(), events.end(), "2: \"new\"") == 1);
  // But the other way round.
  Bridged second;
  second.write_elsewhere("other", "new");
  second.read(0, 1, {"GET", "other"}, 0ms);
  second.get(0, 2, "other");
  second.flow();
  CHECK(second.take_events(0) == Lines{"1: \"new\"", "2: \"new\""});
  CHECK(second.reads() == 1);
}

TEST_CASE("a connection asks at once for its first proof, since its handshake is none") {
  Bridged world;
  world.break_off(0);
  world.reconnect(0);
  // That of the handshake, too.
  CHECK(world.pings() == 2);
}

TEST_CASE("a reader that wants freshness gets it on the next connection, too") {
  Bridged world;
  world.write_elsewhere("key", "new");
  world.read(0, 1, {"GET", "key"}, 0ms);  // waits for a proof
  world.break_off(0);
  world.read(0, 2, {"GET", "other"}, 0ms);
  world.write_elsewhere("other", "new");
  const std::size_t pings = world.pings();
  world.reconnect(0);
  // That of the handshake, the connection's proof, and in front of each of both.
  CHECK(world.pings() == pings + 4);
  const Lines events = world.take_events(0);
  CHECK(std::count(events.begin(), events.end(), "1: \"new\"") == 1);
  CHECK(std::count(events.begin(), events.end(), "2: \"new\"") == 1);
}

TEST_CASE("with server_ttl_cap the PTTL in front of a value is no obstacle") {
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .server_ttl_cap = true}, .is_bridge = true});
  world.data()["key"] = "old";
  world.read(0, 1, {"GET", "key"}, 0ms);
  world.flow();
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: hit $3\r\nold"});
}

TEST_CASE("reads that go on do not keep the lease: a PING does") {
  Bridged world(1s);
  for (int i = 0; i < 30; ++i) {
    world.advance(100ms);
    world.get(0, static_cast<Tag>(100 + i), "other");
    world.write_elsewhere("other", "new");
    world.flow();
    CHECK(world.take_events(0).size() == 1);
  }
  CHECK(world.pings() >= 5);
  // Twice a lease, as on an idle connection, and not with each read.
  CHECK(world.pings() <= 7);
}

TEST_CASE(
    "after something was heard beside, one fetch brings a proof, and the cache serves again") {
  Bridged world;
  world.write_elsewhere("key", "new");
  world.end(0).client().near_cache()->note_side_delivery();
  world.get(0, 1, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"new\""});
  CHECK(world.pings() == 1);
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nnew"});
}

}  // namespace
}  // namespace plimsoll::near_cache_bridge_test
