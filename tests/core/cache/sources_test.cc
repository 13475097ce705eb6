#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// Whose replies a cache has, for how many at a time, and how they come out of reach.

namespace plimsoll::cache::sources_test {
namespace {

using Source = Sources::Source;

const Instant now{};

struct World {
  HeapMemory memory;
  Budget budget{{.memory_limit = std::size_t{64} * 1024 * 1024}, memory};
  const CacheOptions options{.bytes_max = std::size_t{1024} * 1024,
                             .entry_ttl = std::chrono::seconds(60)};
  Cache cache{options, Cache::take_memory(budget, options).value()};

  Source* enter(const std::string& whose) { return cache.enter_source(cache.digest(whose)); }

  Cache::Ticket begin(std::uint32_t source) {
    return cache.begin_fetch(question, source, Generations::untracked, now, seen);
  }
  void complete_fetch(const Cache::Ticket& ticket, char value) {
    cache.complete_fetch(ticket, question, now, Cache::Keep::if_current, 1,
                         [&](char* out) { *out = value; });
  }
  void store(const Source& source, char value) { complete_fetch(begin(source.number()), value); }

  void store_key(const Source& source, const std::string& key) {
    const commands::Question asked = commands::get_of(key);
    const auto ticket =
        cache.begin_fetch(asked, source.number(), Generations::untracked, now, seen);
    cache.complete_fetch(ticket, asked, now, Cache::Keep::if_current, 1,
                         [](char* out) { *out = 'x'; });
  }

  std::string find(std::uint32_t source) {
    std::string found;
    cache.visit({.source = source, .takes_untracked = true}, question, now,
                [&](std::string_view reply) {
                  found = reply;
                  return true;
                });
    return found;
  }

  const commands::Question question = commands::get_of("key");
  std::array<Cache::Ticket::Seen, 1> seen;
};

TEST_CASE("what one source has read is another's for no question") {
  World world;
  Source* const rich = world.enter("rich");
  Source* const poor = world.enter("poor");
  world.store(*rich, 'r');
  CHECK(world.find(poor->number()).empty());
  world.store(*poor, 'p');
  CHECK(world.find(rich->number()) == "r");
  CHECK(world.find(poor->number()) == "p");
  CHECK(world.find(Sources::none).empty());
}

TEST_CASE("who comes again finds what is left of before, as long as there is a place") {
  World world;
  Source* const first = world.enter("rich");
  world.store(*first, 'r');
  world.cache.sources().leave(*first);
  CHECK(world.cache.statistics().sources == 0);
  Source* const again = world.enter("rich");
  CHECK(world.cache.statistics().sources == 1);
  CHECK(world.find(again->number()) == "r");
}

TEST_CASE("cache_sources_max sources have clients at a time, and one more goes without") {
  World world;
  std::vector<Source*> all;
  for (std::size_t i = 0; i < cache_sources_max; ++i) {
    all.push_back(world.enter("user " + std::to_string(i)));
    REQUIRE(all.back() != nullptr);
  }
  CHECK(world.cache.statistics().sources == cache_sources_max);
  CHECK(world.enter("user 0") == all[0]);
  CHECK(world.cache.statistics().sources_refused == 0);
  CHECK(world.enter("one more") == nullptr);
  CHECK(world.cache.statistics().sources_refused == 1);
  world.cache.sources().leave(*all[3]);
  CHECK(world.enter("one more") == all[3]);
}

TEST_CASE("a thousand users come one behind the other, and none finds what another has read") {
  World world;
  for (int i = 0; i < 1000; ++i) {
    Source* const source = world.enter("user " + std::to_string(i));
    REQUIRE(source != nullptr);
    REQUIRE(world.find(source->number()).empty());
    world.store(*source, 'x');
    REQUIRE(world.find(source->number()) == "x");
    world.cache.sources().leave(*source);
  }
  CHECK(world.cache.statistics().sources == 0);
  while (world.cache.relieve(now)) {
  }
  CHECK(world.cache.statistics().entries <= cache_sources_max);
}

TEST_CASE("a source that is dropped takes its entries along, and no other's") {
  World world;
  Source* const rich = world.enter("rich");
  Source* const poor = world.enter("poor");
  world.store(*rich, 'r');
  world.store(*poor, 'p');
  world.cache.drop_source(*rich);
  CHECK(world.find(rich->number()).empty());
  CHECK(world.find(poor->number()) == "p");
  while (world.cache.relieve(now)) {
  }
  CHECK(world.cache.statistics().entries == 1);
}

TEST_CASE("the entries are swept when a source gives way to another, and not when one is entered") {
  World world;
  Source* const rich = world.enter("rich");
  for (int i = 0; i < 200; ++i) world.store_key(*rich, std::to_string(i));
  const auto is_to_be_swept = [&world] {
    const bool has_more = world.cache.relieve(now);
    while (world.cache.relieve(now)) {
    }
    return has_more;
  };
  CHECK_FALSE(is_to_be_swept());
  CHECK(world.enter("rich") == rich);
  CHECK_FALSE(is_to_be_swept());
  world.enter("poor");
  CHECK_FALSE(is_to_be_swept());

  world.cache.sources().leave(*rich);
  world.cache.sources().leave(*rich);
  for (std::size_t i = 2; i < cache_sources_max; ++i) world.enter(std::to_string(i));
  CHECK_FALSE(is_to_be_swept());
  CHECK(world.enter("one more") == rich);
  CHECK(world.cache.statistics().entries == 200);
  CHECK(is_to_be_swept());
  CHECK(world.cache.statistics().entries == 0);
}

TEST_CASE("what was being fetched when its source was dropped is not stored, and what comes is") {
  World world;
  Source* const rich = world.enter("rich");
  const Cache::Ticket ticket = world.begin(rich->number());
  world.cache.drop_source(*rich);
  world.complete_fetch(ticket, 'r');
  CHECK(world.cache.statistics().entries == 0);
  CHECK(world.cache.statistics().skipped_poisoned == 1);
  world.store(*rich, 'n');
  CHECK(world.find(rich->number()) == "n");
}

TEST_CASE("a source of which nothing was fetched since is not dropped again") {
  World world;
  Source* const rich = world.enter("rich");
  world.store(*rich, 'r');
  CHECK(world.cache.sources().drop(*rich));
  CHECK_FALSE(world.cache.sources().drop(*rich));
}

TEST_CASE("without a source nothing is stored") {
  World world;
  world.complete_fetch(world.begin(Sources::none), 'x');
  CHECK(world.cache.statistics().entries == 0);
}

TEST_CASE("a write closes its key for all sources, and what they have of it goes") {
  World world;
  Source* const rich = world.enter("rich");
  Source* const poor = world.enter("poor");
  world.store(*rich, 'r');
  world.store(*poor, 'p');
  const Cache::Ticket ticket = world.begin(poor->number());
  const Cache::Fence fence = world.cache.begin_write("key");
  CHECK(world.find(rich->number()).empty());
  CHECK(world.find(poor->number()).empty());
  world.store(*rich, 'r');
  world.cache.end_write(fence);
  world.complete_fetch(ticket, 'p');
  CHECK(world.cache.statistics().entries == 0);
}

}  // namespace
}  // namespace plimsoll::cache::sources_test
