#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/tests/core/client/cached_world.h"

// Writes that wait for room (OnLimit::wait) are writes already to whoever reads through the cache.

namespace plimsoll::near_cache_line_test {
namespace {

using testing::cache_it;
using testing::CachedWorld;
using testing::Lines;
using testing::mset_of;

// Two entries, "key" and "other", and a request in flight that leaves no room for a second one.
struct Full : CachedWorld {
  static Settings settings() {
    Settings settings;
    settings.client.inflight_requests_limit = 1;
    settings.client.inflight_overflow = OnLimit::wait;
    return settings;
  }

  Full() : CachedWorld(settings()) {
    cache_it(*this);
    data()["other"] = "old";
    get(0, 99, "other");
    flow();
    take_events(0);
    submit(0, 100, {"ECHO", "under way"});
  }

  // Where a request would have to wait, too, it is no hit.
  bool is_hit(Tag tag, const std::string& key) {
    get(0, tag, key);
    for (const std::string& line : take_events(0)) {
      if (line.starts_with(std::to_string(tag) + ": hit ")) return true;
    }
    return false;
  }
};

TEST_CASE("a write that waits for room hides the keys that it writes, and no others") {
  Full world;
  world.submit(0, 1, {"SET", "key", "new"});
  CHECK(world.is_hit(2, "other"));
  CHECK_FALSE(world.is_hit(3, "key"));
  world.flow();
  CHECK(world.take_events(0) ==
        Lines{"100: \"under way\"", "1 admitted", "1: simple \"OK\"", "3 admitted", "3: \"new\""});
  world.get(0, 4, "key");
  world.flow();
  CHECK(world.is_hit(5, "key"));
  CHECK(world.is_hit(6, "other"));
}

TEST_CASE("a read that waits for room hides nothing") {
  Full world;
  world.submit(0, 1, {"GET", "key"});
  CHECK(world.is_hit(2, "key"));
  CHECK(world.is_hit(3, "other"));
}

TEST_CASE("a write of nobody knows what hides all while it waits, and nothing afterwards") {
  Full world;
  world.submit(0, 1, {"EVAL", "return 1", "0"});
  CHECK_FALSE(world.is_hit(2, "other"));
  world.flow();
  world.take_events(0);
  world.get(0, 3, "other");
  world.flow();
  CHECK(world.is_hit(4, "other"));
}

TEST_CASE("a write that waits no longer opens its keys once those before it have gone") {
  Full world;
  const auto first = world.submit(0, 1, {"SET", "key", "never"});
  REQUIRE(first);
  world.end(0).cancel(*first);
  world.flow();
  CHECK(world.take_events(0).front() == "1: cancelled (no)");
  world.get(0, 2, "key");
  world.flow();
  CHECK(world.is_hit(3, "key"));
}

TEST_CASE("more keys of waiting writes than can be fenced by name hide all") {
  const auto is_other_hit = [](std::size_t keys) {
    Full world;
    world.submit(0, 1, mset_of(keys));
    return world.is_hit(2, "other");
  };
  CHECK(is_other_hit(WriteFences::keys_max));
  CHECK_FALSE(is_other_hit(WriteFences::keys_max + 1));
}

}  // namespace
}  // namespace plimsoll::near_cache_line_test
