#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// What a cache is bounded by, at the bounds.

namespace plimsoll::cache::cache_bounds_test {
namespace {

struct Bounded {
  explicit Bounded(const CacheOptions& wanted) : options(wanted) {}

  const CacheOptions options;
  HeapMemory memory;
  Budget budget{{.memory_limit = 8 * options.bytes_max + std::size_t{64} * 1024 * 1024}, memory};
  Cache cache{options, Cache::take_memory(budget, options).value()};
};

TEST_CASE("a cache takes as many clients at a time as there are members, but for member 0") {
  Bounded bounded({.bytes_max = std::size_t{1024} * 1024});
  std::uint32_t last = 0;
  for (std::uint32_t i = 1; i < Generations::members_max; ++i) {
    last = bounded.cache.join().value();
  }
  const auto refused = bounded.cache.join();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::invalid_option);
  CHECK(refused.error().limit == Generations::members_max - 1);
  bounded.cache.leave(last);
  CHECK(bounded.cache.join());
}

TEST_CASE("what the memory line wants back is asked for until it was given") {
  Bounded bounded({.bytes_max = std::size_t{8} * 1024 * 1024});
  Cache& cache = bounded.cache;
  const std::uint32_t source = cache.enter_source(cache.digest("server"))->number();
  const Instant now{};
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const commands::Question question = commands::get_of(key);
    std::array<Cache::Ticket::Seen, 1> seen;
    const auto ticket = cache.begin_fetch(question, source, Generations::untracked, now, seen);
    cache.complete_fetch(ticket, question, now, Cache::Keep::if_current, 2000,
                         [](char* out) { std::memset(out, 'x', 2000); });
  }
  REQUIRE(cache.statistics().bytes_committed > std::size_t{4} * 1024 * 1024);

  REQUIRE(bounded.budget.set_memory_limit(std::size_t{2} * 1024 * 1024));
  for (int i = 0; i < 100 && cache.relieve(now); ++i) {
  }

  CHECK(bounded.budget.statistics().used <= std::size_t{2} * 1024 * 1024);
  CHECK(cache.statistics().entries > 0);
}

void expect_bounds_hold(const CacheOptions& options, int steps, std::size_t reply_bytes_max) {
  Bounded bounded(options);
  Cache& cache = bounded.cache;
  const std::uint32_t source = cache.enter_source(cache.digest("server"))->number();
  std::mt19937 random(7);
  std::vector<Cache::Fence> fences;
  Instant now{};
  for (int step = 0; step < steps; ++step) {
    const std::string key = "key" + std::to_string(random() % 2000);
    const commands::Question question = commands::get_of(key);
    const unsigned what = random() % 100;
    if (what < 80) {
      std::array<Cache::Ticket::Seen, 1> seen;
      const auto ticket = cache.begin_fetch(question, source, Generations::untracked, now, seen);
      const std::size_t bytes = 1 + random() % reply_bytes_max;
      cache.complete_fetch(ticket, question, now, Cache::Keep::if_current, bytes,
                           [&](char* out) { std::memset(out, 'x', bytes); });
    } else if (what < 86) {
      cache.invalidate(key);
    } else if (what < 90) {
      fences.push_back(cache.begin_write(key));
    } else if (what < 95 && !fences.empty()) {
      cache.end_write(fences.back());
      fences.pop_back();
    } else if (what < 99) {
      now = after(now, std::chrono::milliseconds(random() % 8 == 0 ? 3000 : 10));
      cache.relieve(now);
    } else if (random() % 50 == 0) {
      cache.clear();
    }
    const CacheStatistics statistics = cache.statistics();
    REQUIRE(statistics.bytes_committed <= options.bytes_max);
    REQUIRE(statistics.bytes_live <= statistics.bytes_committed);
    if (step % 256 == 0) cache.validate();
  }
  for (const Cache::Fence& fence : fences) cache.end_write(fence);
  CHECK(cache.statistics().evictions > 0);
  CHECK(cache.statistics().expirations > 0);
}

TEST_CASE("bytes_max is passed after no operation") {
  expect_bounds_hold({.bytes_max = std::size_t{256} * 1024, .entry_ttl = std::chrono::seconds(2)},
                     20'000, 2000);
}

TEST_CASE("bytes_max is passed after no operation on several shards") {
  expect_bounds_hold({.bytes_max = 2 * cache_shard_bytes_min,
                      .entry_ttl = std::chrono::seconds(2),
                      .shards_max = 2},
                     4000, 200'000);
}

}  // namespace
}  // namespace plimsoll::cache::cache_bounds_test
