#include <array>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"

// Reads that a cache leaves out, and reads of modules that it takes in.

namespace plimsoll::near_cache_filter_test {
namespace {

using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;

TEST_CASE("a read that is left out is a request like any other") {
  const std::array<std::string_view, 1> prefixes{"k"};
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .filter = {.only_key_prefixes = prefixes}}});
  world.data()["other"] = "x";
  for (const Tag tag : {1, 2}) world.get(0, tag, "other");
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"x\"", "2: \"x\""});
  CHECK(world.reads_count() == 2);
  CHECK(world.statistics().lookups == 0);
  CHECK(world.statistics().entries == 0);
  cache_it(world);
}

TEST_CASE("a module's read is an entry that a write to its key drops") {
  const std::array<std::string_view, 1> modules{"JSON.GET"};
  CachedWorld world({.cache = {.bytes_max = 64 * 1024, .filter = {.module_reads = modules}}});
  cache_it(world);
  world.read(0, 1, {"JSON.GET", "doc", "$.a"});
  world.go_up(0);
  world.on_its_way(0) = "$1\r\n1\r\n";
  world.come_down(0);
  world.read(0, 2, {"json.get", "doc", "$.a"});
  CHECK(world.take_events(0) == Lines{"1: \"1\"", "2: hit $1\r\n1"});
  world.read(0, 3, {"JSON.GET", "doc", "$.b"});
  CHECK(world.take_events(0).empty());
  world.flow();
  world.take_events(0);
  // It wrote nothing: what was read before is there.
  world.get(0, 4, "key");
  CHECK(world.take_events(0) == Lines{"4: hit $3\r\nold"});
  world.submit(0, 5, {"JSON.SET", "doc", "$.a", "2"});
  world.read(0, 6, {"JSON.GET", "doc", "$.a"});
  CHECK(world.take_events(0).empty());
}

TEST_CASE("a module's read that is left out closes no keys") {
  const std::array<std::string_view, 1> modules{"JSON.GET"};
  const std::array<std::string_view, 1> prefixes{"k"};
  CachedWorld world(
      {.cache = {.bytes_max = 64 * 1024,
                 .filter = {.only_key_prefixes = prefixes, .module_reads = modules}}});
  cache_it(world);
  world.read(0, 1, {"JSON.GET", "doc"});
  world.get(0, 2, "key");
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
}

}  // namespace
}  // namespace plimsoll::near_cache_filter_test
