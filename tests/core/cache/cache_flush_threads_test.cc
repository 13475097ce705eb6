#include <array>
#include <barrier>
#include <cstddef>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// Flushes that several connections tell of at a time.

namespace plimsoll::cache::cache_flush_threads_test {
namespace {

constexpr std::size_t clients_count = 2;
constexpr int flushes = 500'000;

// More than one step would be over a flush that another connection tells of.
TEST_CASE("one's own flush takes a fetch over one flush, however many come at a time") {
  HeapMemory memory;
  Budget budget{{}, memory};
  const CacheOptions options{.bytes_max = 64 * 1024};
  Cache cache(options, Cache::take_memory(budget, options).value());
  std::barrier begin(clients_count);
  std::array<int, clients_count> wrong{};
  std::array<std::jthread, clients_count> clients;
  for (std::size_t i = 0; i < clients_count; ++i) {
    clients[i] = std::jthread([&, i] {
      const std::uint32_t member = cache.join().value();
      begin.arrive_and_wait();
      for (int flush = 0; flush < flushes; ++flush) {
        const Cache::Change own = cache.invalidate_all(member);
        if (own.stamp_after.id != own.stamp_before.id + 1) ++wrong[i];
      }
    });
  }
  for (std::jthread& client : clients) client.join();
  CHECK(wrong == std::array<int, clients_count>{});
}

TEST_CASE("one's own flush alone lets one's fetch go on") {
  HeapMemory memory;
  Budget budget{{}, memory};
  const CacheOptions options{.bytes_max = 64 * 1024};
  Cache cache(options, Cache::take_memory(budget, options).value());
  const std::uint32_t member = cache.join().value();
  const std::uint32_t source = cache.enter_source(cache.digest("server"))->number();
  std::array<Cache::Ticket::Seen, 1> seen;
  Cache::Ticket ticket =
      cache.begin_fetch(commands::get_of("key"), source, member, Instant{}, seen);
  cache.update(ticket, cache.invalidate_all(member));
  CHECK(cache.is_current(ticket));
  cache.invalidate_all(member);
  CHECK_FALSE(cache.is_current(ticket));
}

}  // namespace
}  // namespace plimsoll::cache::cache_flush_threads_test
