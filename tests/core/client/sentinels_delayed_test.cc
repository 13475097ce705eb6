#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/client/sentinel_world.h"

// A client that asks sentinels, and does not get to a primary at once: one hangs, or the server
// that they name refuses the client, or cannot be reached.

namespace plimsoll::sentinels_delayed_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::SentinelWorld;
using testing::Words;

std::string sentinel_at(int number) { return "s" + std::to_string(number) + ":26379"; }

TEST_CASE("a silent sentinel holds nothing up for long, however long connect_timeout is") {
  SentinelWorld world(2, {.connect_timeout = 24h});
  world.add_usual();
  world.kill("s2:26379");
  world.freeze("s1:26379");
  world.connect();
  CHECK(world.main_address().empty());
  world.advance(10s);
  CHECK(world.main_address() == "a:6379");
}

TEST_CASE("a server that refuses the client after a switch ends nothing: the next may be another") {
  SentinelWorld world(3);
  world.add_usual();
  world.server("b:6379").is_replica = false;
  SECTION("it wants another password") {
    world.add_listener("c:6379", [](const Words&) { return "-WRONGPASS no\r\n"; });
  }
  SECTION("it is a sentinel") { world.add_sentinel("c:6379"); }
  world.connect();
  world.take_events();
  const auto name = [&world](const std::string& primary) {
    for (int i = 0; i < 3; ++i) world.sentinel(sentinel_at(i)).primary = primary;
  };
  name("c:6379");
  world.announce("s1:26379", "a:6379", "c:6379");
  world.run();
  world.advance(100ms);
  CHECK(world.take_events() == Lines{"disconnected: connection_lost"});
  CHECK(world.attempts_at("c:6379") > 0);
  name("b:6379");
  world.announce("s1:26379", "c:6379", "b:6379");
  world.run();
  world.advance(100ms);
  CHECK(world.take_events() == Lines{"ready"});
  CHECK(world.main_address() == "b:6379");
}

TEST_CASE("what a cache without tracking holds from the old primary is served no more") {
  testing::TestMemory memory;
  Budget budget(BudgetOptions{}, memory);
  const cache::CacheOptions options{
      .bytes_max = 64 * 1024, .entry_ttl = 60s, .mode = cache::CacheMode::ttl};
  cache::Cache cache(options, cache::Cache::take_memory(budget, options).value());
  {
    SentinelWorld world(3);
    world.add_usual();
    world.add_listener("a:6379", [](const Words& request) {
      return request[0] == "GET" ? testing::bulk_reply("old")
                                 : testing::Peer::default_reply(request);
    });
    REQUIRE(world.client().use_cache(cache, "place").ok());
    world.connect();
    const auto holds = [&] {
      const cache::Cache::Reader reader =
          world.client().near_cache()->reader(cache::any_staleness, world.now());
      return cache.visit(reader, commands::get_of("key"), world.now(),
                         [](std::string_view) { return true; });
    };
    world.submit(1, {"GET", "key"});
    world.run();
    REQUIRE(holds());
    world.freeze("b:6379");
    world.sentinel("s1:26379").primary = "b:6379";
    world.announce("s1:26379", "a:6379", "b:6379");
    world.run();
    REQUIRE(world.main_address() == "b:6379");
    CHECK_FALSE(holds());
  }
}

}  // namespace
}  // namespace plimsoll::sentinels_delayed_test
