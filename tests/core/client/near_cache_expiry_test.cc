#include <chrono>
#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// With server_ttl_cap an entry goes when the server's key does, however long it might live.

namespace plimsoll::near_cache_expiry_test {
namespace {

using namespace std::chrono_literals;
using testing::CachedWorld;
using testing::Lines;
using testing::Words;

cache::CacheOptions capped(Duration entry_ttl = {}) {
  return {.bytes_max = 64 * 1024, .entry_ttl = entry_ttl, .server_ttl_cap = true};
}

Tag next_tag() {
  static Tag last = 1000;
  return ++last;
}

void fetch(CachedWorld& world, const Words& words) {
  world.read(0, next_tag(), words);
  world.flow(0);
  REQUIRE(world.take_events(0).size() == 1);
}

// Time passes while the connection goes on proving what it can.
void pass(CachedWorld& world, Duration time) {
  for (; time > Duration::zero(); time -= 1s) {
    world.advance(std::min<Duration>(time, 1s));
    world.flow();
  }
}

bool is_hit(CachedWorld& world, const Words& words) {
  world.read(0, next_tag(), words);
  const bool hit = !world.take_events(0).empty();
  world.flow();
  world.take_events(0);
  return hit;
}

TEST_CASE("an entry is served until its key expires on the server") {
  CachedWorld world({.cache = capped()});
  world.data() = {{"short", "x"}, {"long", "y"}};
  world.pttls() = {{"short", 2500}, {"long", 9'000'000}};
  fetch(world, {"GET", "short"});
  fetch(world, {"GET", "long"});
  CHECK(is_hit(world, {"GET", "short"}));
  pass(world, 2499ms);
  CHECK(is_hit(world, {"GET", "short"}));
  pass(world, 1ms);
  CHECK_FALSE(is_hit(world, {"GET", "short"}));
  CHECK(is_hit(world, {"GET", "long"}));
}

TEST_CASE("of entry_ttl and the server's time the smaller counts") {
  CachedWorld world({.cache = capped(3s)});
  world.data() = {{"short", "x"}, {"long", "y"}, {"no end", "z"}};
  world.pttls() = {{"short", 1500}, {"long", 9'000'000}};
  for (const char* const key : {"short", "long", "no end"}) fetch(world, {"GET", key});
  pass(world, 1600ms);
  CHECK_FALSE(is_hit(world, {"GET", "short"}));
  CHECK(is_hit(world, {"GET", "long"}));
  CHECK(is_hit(world, {"GET", "no end"}));
  pass(world, 1400ms);
  CHECK_FALSE(is_hit(world, {"GET", "long"}));
  CHECK_FALSE(is_hit(world, {"GET", "no end"}));
}

TEST_CASE("time counts from when the read was asked for") {
  CachedWorld world({.cache = capped()});
  world.data()["key"] = "x";
  world.pttls()["key"] = 5000;
  world.read(0, 1, {"GET", "key"});
  world.go_up(0);
  world.advance(3s);
  world.flow();
  world.take_events(0);
  CHECK(is_hit(world, {"GET", "key"}));
  pass(world, 2s);
  CHECK_FALSE(is_hit(world, {"GET", "key"}));
}

TEST_CASE("a server that does not say leaves entry_ttl alone") {
  CachedWorld world({.cache = capped(3s), .knows_pttl = false});
  world.data()["key"] = "x";
  fetch(world, {"GET", "key"});
  pass(world, 2s);
  CHECK(is_hit(world, {"GET", "key"}));
  pass(world, 1s);
  CHECK_FALSE(is_hit(world, {"GET", "key"}));
}

TEST_CASE("each key of an MGET has its own time, what reads several at once the first of theirs") {
  CachedWorld world({.cache = capped()});
  world.data() = {{"a", "1"}, {"b", "2"}};
  world.pttls() = {{"a", 1000}, {"b", 4000}};
  fetch(world, {"MGET", "b", "a"});
  fetch(world, {"EXISTS", "b", "a"});
  CHECK(is_hit(world, {"MGET", "a", "b"}));
  pass(world, 2s);
  CHECK(is_hit(world, {"GET", "b"}));
  CHECK_FALSE(is_hit(world, {"EXISTS", "b", "a"}));
  CHECK_FALSE(is_hit(world, {"MGET", "a", "b"}));
}

TEST_CASE("keys of an MGET that share a fence's cell do not cost each other") {
  CachedWorld world({.cache = capped()});
  Words words{"MGET"};
  const std::size_t count = cache::Fences::cells_for(64 * 1024) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    words.push_back("key" + std::to_string(i));
    world.data()[words.back()] = "x";
  }
  fetch(world, words);
  CHECK(world.statistics().entries == count);
  CHECK(is_hit(world, words));
}

TEST_CASE("without tracking it is the same") {
  CachedWorld world({.cache = capped(1min), .knows_tracking = false});
  world.data()["key"] = "x";
  world.pttls()["key"] = 2000;
  fetch(world, {"GET", "key"});
  pass(world, 1s);
  CHECK(is_hit(world, {"GET", "key"}));
  pass(world, 1s);
  CHECK_FALSE(is_hit(world, {"GET", "key"}));
}

TEST_CASE("with opt-in each command is one that is tracked") {
  const ClientOptions client{.tracking = {.method = TrackingOptions::Method::opt_in}};
  CachedWorld world({.cache = capped(), .client = client});
  world.read(0, 1, {"MGET", "a", "b"});
  const std::string caching = "*3\r\n$6\r\nCLIENT\r\n$7\r\nCACHING\r\n$3\r\nYES\r\n";
  CHECK(world.end(0).write() == caching + "*2\r\n$4\r\nPTTL\r\n$1\r\na\r\n" + caching +
                                    "*2\r\n$4\r\nPTTL\r\n$1\r\nb\r\n" + caching +
                                    "*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n");
  std::string& way = world.on_its_way(0);
  SECTION("each answer counts for what it is the answer to") {
    way = "+OK\r\n:1000\r\n+OK\r\n:-1\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n";
    world.come_down(0);
    pass(world, 1s);
    CHECK(world.take_events(0) == Lines{"1: [\"1\", \"2\"]"});
    world.get(0, 2, "b");
    world.get(0, 3, "a");
    CHECK(world.take_events(0) == Lines{"2: hit $1\r\n2"});
  }
  SECTION("what is not tracked is not kept") {
    way = "+OK\r\n:1000\r\n+OK\r\n:-1\r\n-ERR no\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n";
    world.come_down(0);
    CHECK(world.take_events(0) == Lines{"1: [\"1\", \"2\"]"});
    CHECK(world.statistics().entries == 0);
  }
}

TEST_CASE("what changes between the time and the reply is not kept with that time") {
  CachedWorld world({.cache = capped()});
  world.read(0, 1, {"GET", "key"});
  world.end(0).write();
  std::string& way = world.on_its_way(0);
  SECTION("the key") { way = ":-1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n$1\r\nx\r\n"; }
  SECTION("all keys") { way = ":-1\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n$1\r\nx\r\n"; }
  world.come_down(0);
  CHECK(world.take_events(0) == Lines{"1: \"x\""});
  CHECK(world.statistics().entries == 0);
  CHECK(world.statistics().skipped_poisoned == 1);
}

TEST_CASE("what changed before the time is kept") {
  CachedWorld world({.cache = capped()});
  world.read(0, 1, {"GET", "key"});
  world.end(0).write();
  world.on_its_way(0) = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n:-1\r\n$1\r\nx\r\n";
  world.come_down(0);
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"1: \"x\"", "2: hit $1\r\nx"});
}

TEST_CASE("a client that has ended does not wait for the time of another one's entries") {
  CachedWorld world({.cache = capped(1h), .clients = 2});
  world.data() = {{"ship", "x"}};
  world.read(1, next_tag(), {"GET", "ship"});
  world.flow();
  REQUIRE(world.take_events(1).size() == 1);
  CHECK(world.end(0).poll_timeout() < never);
  world.end(0).close();
  world.flow();
  world.advance(1s);
  world.flow();
  CHECK(world.end(0).poll_timeout() == never);
  CHECK(world.end(1).poll_timeout() < never);
}

}  // namespace
}  // namespace plimsoll::near_cache_expiry_test
