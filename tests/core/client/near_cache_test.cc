#include "plimsoll/core/client/near_cache.h"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cached_world.h"

// The rules that keep a cache coherent, each by the shortest story that breaks without it.

namespace plimsoll::near_cache_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

TEST_CASE("what was read is read from the cache the next time") {
  CachedWorld world;
  cache_it(world);
  CHECK(world.reads_count() == 1);
  CHECK(world.statistics().entries == 1);
  CHECK(world.statistics().lookups == 2);
  CHECK(world.statistics().hits == 1);
}

TEST_CASE("an invalidation drops what is stored") {
  CachedWorld world;
  cache_it(world);
  world.write_elsewhere("key", "new");
  world.flow();
  world.get(0, 1, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"new\""});
  CHECK(world.statistics().invalidations == 1);
}

TEST_CASE("a reply and its invalidation that come in one piece leave nothing stale") {
  CachedWorld world;
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.go_up(0);
  world.write_elsewhere("key", "new");
  world.come_down(0);
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  world.get(0, 2, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
}

TEST_CASE("on one connection a push does not poison a fetch whose reply follows it") {
  CachedWorld world;
  cache_it(world);
  world.write_elsewhere("key", "new");  // the push is on its way
  world.submit(0, 1, {"GET", "key"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"new\""});
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nnew"});
}

TEST_CASE("a fetch is not stored where another connection hears that its key has changed") {
  CachedWorld world({.clients = 2});
  cache_it(world);
  world.submit(1, 1, {"GET", "key"});
  world.go_up(1);                       // the old value is on its way to client 1
  world.write_elsewhere("key", "new");  // and the news to both
  world.come_down(0);
  // Client 1 has the reply, but not yet what is behind it.
  std::string& way = world.on_its_way(1);
  const std::string push = way.substr(way.find('>'));
  way.resize(way.find('>'));
  world.come_down(1);
  CHECK(world.take_events(1) == Lines{"1: \"old\""});
  world.get(0, 2, "key");
  world.flow(0);
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
  way += push;
  world.flow();
}

// The replies to client 1 without the invalidations behind them, which it gives back.
std::string come_down_without_pushes(CachedWorld& world, std::size_t client) {
  std::string& way = world.on_its_way(client);
  const std::string pushes = way.find('>') == way.npos ? "" : way.substr(way.find('>'));
  way.resize(way.size() - pushes.size());
  world.come_down(client);
  return pushes;
}

TEST_CASE("a reply that comes late does not replace what another connection has read since") {
  CachedWorld world({.clients = 2});
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.go_up(0);  // the old value is on its way
  world.write_elsewhere("key", "new");
  world.get(1, 2, "key");
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"2: \"new\""});
  come_down_without_pushes(world, 0);
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  for (std::size_t client : {0u, 1u}) {
    world.get(client, 3, "key");
    world.flow(1);
    world.go_up(0);
    come_down_without_pushes(world, 0);
    CHECK(world.take_events(client).back().find("new") != std::string::npos);
  }
}

TEST_CASE("a reply that may not be stored drops an older one that was") {
  CachedWorld world({.clients = 2});
  world.data()["key"] = "old";
  world.get(1, 1, "key");  // asked first, heard last
  world.get(0, 2, "key");
  world.flow(0);
  world.get(0, 3, "key");
  CHECK(world.take_events(0) == Lines{"2: \"old\"", "3: hit $3\r\nold"});
  world.write_elsewhere("key", "new");  // client 0 does not hear of it
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"1: \"new\""});
  world.get(1, 4, "key");
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"4: \"new\""});
}

TEST_CASE("an error drops what was stored") {
  CachedWorld world({.clients = 2});
  world.get(1, 1, "key");
  cache_it(world);
  world.on_its_way(1) = "-WRONGTYPE it is a list now\r\n";
  world.end(1).write();
  world.come_down(1);
  CHECK(world.take_events(1) == Lines{"1: error \"WRONGTYPE it is a list now\""});
  world.get(0, 2, "key");
  CHECK(world.take_events(0).empty());
}

TEST_CASE("reads of what is being fetched wait for its reply") {
  CachedWorld world;
  world.data()["key"] = "value";
  for (Tag tag = 1; tag <= 500; ++tag) world.get(0, tag, "key");
  world.flow();
  CHECK(world.reads_count() == 1);
  const Lines events = world.take_events(0);
  REQUIRE(events.size() == 500);
  CHECK(events.front() == "1: \"value\"");
  CHECK(events.back() == "500: \"value\"");
  const ClientStatistics statistics = world.end(0).client().statistics();
  CHECK(statistics.submitted == 500);
  CHECK(statistics.counters.completed == 500);
}

TEST_CASE("those who wait for a fetch count in inflight_requests_limit") {
  CachedWorld::Settings settings;
  settings.client.inflight_requests_limit = 3;
  CachedWorld world(settings);
  for (Tag tag = 1; tag <= 4; ++tag) world.get(0, tag, "key");
  world.get(0, 5, "other");
  CHECK(world.take_events(0) ==
        Lines{"4: refused with rejected_by_limit (no)", "5: refused with rejected_by_limit (no)"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: null", "2: null", "3: null"});
  world.get(0, 6, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"6: null"});
}

TEST_CASE("a fetch outlives the first who asked for it, and ends with the last") {
  CachedWorld world;
  world.data()["key"] = "value";
  const auto first = world.get(0, 1, "key");
  const auto second = world.get(0, 2, "key");
  world.end(0).cancel(*first);
  CHECK(world.take_events(0) == Lines{"1: cancelled (no)"});
  SECTION("the other has the reply") {
    world.flow();
    CHECK(world.take_events(0) == Lines{"2: \"value\""});
  }
  SECTION("nobody wants it any more: it is not sent") {
    world.end(0).cancel(*second);
    CHECK(world.take_events(0) == Lines{"2: cancelled (no)"});
    world.flow();
    CHECK(world.reads_count() == 0);
  }
  SECTION("a later read begins anew once nobody waits") {
    world.end(0).cancel(*second);
    world.get(0, 3, "key");
    world.flow();
    CHECK(world.take_events(0).back() == "3: \"value\"");
  }
}

TEST_CASE("each who waits for a fetch has a deadline of his own") {
  CachedWorld world;
  world.data()["key"] = "value";
  world.end(0).submit(1, {"GET", "key"}, 10ms);
  world.end(0).submit(2, {"GET", "key"}, 30ms);
  world.go_up(0);
  world.advance(10ms);
  CHECK(world.take_events(0) == Lines{"1: timed_out (maybe)"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"value\""});
}

TEST_CASE("a write is seen by every read behind it, also one that does not wait for it") {
  CachedWorld world;
  cache_it(world);
  world.submit(0, 1, {"SET", "key", "new"});
  world.get(0, 2, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: simple \"OK\"", "2: \"new\""});
}

TEST_CASE("a read does not wait for a fetch that began before a write") {
  CachedWorld world;
  world.data()["key"] = "old";
  world.get(0, 1, "key");
  world.submit(0, 2, {"SET", "key", "new"});
  world.get(0, 3, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: simple \"OK\"", "3: \"new\""});
  world.get(0, 4, "key");
  world.flow();
  CHECK(world.take_events(0).back() == "4: \"new\"");
}

TEST_CASE("a write closes its key to other clients of the cache until its reply") {
  CachedWorld world({.clients = 2});
  cache_it(world);
  world.submit(0, 1, {"SET", "key", "new"});
  world.get(1, 2, "key");  // fetched, and not stored
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"2: \"old\""});
  world.go_up(0);
  world.get(1, 3, "key");
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"3: \"new\""});
  world.flow();
  world.get(1, 4, "key");
  world.flow(1);
  world.get(1, 5, "key");
  CHECK(world.take_events(1) == Lines{"4: \"new\"", "5: hit $3\r\nnew"});
}

TEST_CASE("a read behind a write's outcome does not wait for a fetch that began before that") {
  CachedWorld world({.clients = 2});
  world.data()["key"] = "old";
  world.submit(1, 1, {"SET", "key", "new"});
  world.get(0, 2, "key");
  world.go_up(0);  // the old value is on its way
  world.flow(1);
  CHECK(world.take_events(1) == Lines{"1: simple \"OK\""});
  world.get(0, 3, "key");
  world.flow(0);
  CHECK(world.take_events(0) == Lines{"2: \"old\"", "3: \"new\""});
}

TEST_CASE("a write that was given up closes its key until the server has answered it") {
  CachedWorld world;
  cache_it(world);
  const auto write = world.submit(0, 1, {"SET", "key", "new"});
  world.go_up(0);
  world.end(0).cancel(*write);
  CHECK(world.take_events(0) == Lines{"1: cancelled (maybe)"});
  world.get(0, 2, "key");
  world.come_down(0);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
}

TEST_CASE("a command that may write anything closes all keys") {
  CachedWorld world;
  cache_it(world);
  world.submit(0, 1, {"EVAL", "return redis.call('SET', 'key', 'new')", "0"});
  world.get(0, 2, "key");
  world.flow();
  CHECK(world.reads_count() == 2);
  CHECK(world.take_events(0).back() == "2: \"old\"");
}

TEST_CASE("nothing that was known before a connection was lost is served after it") {
  CachedWorld world;
  cache_it(world);
  world.break_off(0);
  world.data()["key"] = "new";  // nobody is told
  world.take_events(0);
  SECTION("while there is none") {
    world.get(0, 1, "key");
    CHECK(world.take_events(0).empty());
    world.reconnect(0);
  }
  SECTION("when it is back") {
    world.reconnect(0);
    world.get(0, 1, "key");
    world.flow();
  }
  CHECK(world.take_events(0).back() == "1: \"new\"");
}

TEST_CASE("a flush drops everything") {
  CachedWorld world;
  cache_it(world);
  world.flush_elsewhere();
  world.flow();
  world.get(0, 1, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: null"});
}

TEST_CASE("a reply of several keys goes when any of them changes") {
  CachedWorld world;
  world.data()["b"] = "old";
  world.read(0, 1, {"EXISTS", "a", "b", "c"});
  world.flow();
  world.read(0, 2, {"EXISTS", "a", "b", "c"});
  CHECK(world.take_events(0) == Lines{"1: 1", "2: hit :1"});
  world.write_elsewhere("c", "new");
  world.flow();
  world.read(0, 3, {"EXISTS", "a", "b", "c"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"3: 2"});
}

TEST_CASE("an invalidation whose push is skipped drops everything") {
  CachedWorld::Settings settings;
  settings.client.reply_bytes_max = reply_bytes_max_min;
  CachedWorld world(settings);
  cache_it(world);
  const std::string name(2 * reply_bytes_max_min, 'x');
  world.on_its_way(0) += ">2\r\n$10\r\ninvalidate\r\n*1\r\n" + testing::bulk_reply(name);
  world.flow();
  world.get(0, 1, "key");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
}

}  // namespace
}  // namespace plimsoll::near_cache_test
