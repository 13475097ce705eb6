#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// One thread watches an entry while the connection that vouches for it ends in another.

namespace plimsoll::cache::cache_watch_threads_test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view reply = "+x\r\n";

struct Told : CacheWatcher {
  void handle_erased(std::string_view) override { is_told = true; }
  void handle_slot_dropped(std::uint16_t) override { is_told = true; }
  void handle_out_of_reach() override { is_told = true; }

  std::atomic<bool> is_told = false;
};

TEST_CASE("whoever watches an entry whose connection ends at the same time is told, or refused") {
  constexpr int rounds = 40'000;
  HeapMemory memory;
  Budget budget{{}, memory};
  const CacheOptions options{.bytes_max = 64 * 1024};
  Cache cache(options, Cache::take_memory(budget, options).value());
  Told told;
  cache.set_watcher(&told);
  const std::uint32_t source = cache.enter_source(cache.digest("server"))->number();
  const std::uint32_t member = cache.join().value();
  const Instant now{1h};
  const commands::Question question = commands::get_of("ship");
  const auto store = [&] {
    cache.generations().prove(member, now, cache.next_mark());
    cache.generations().set_readable(member, true);
    std::array<Cache::Ticket::Seen, 1> seen;
    const auto ticket = cache.begin_fetch(question, source, member, now, seen);
    cache.complete_fetch(ticket, question, now, Cache::Keep::if_current, reply.size(),
                         [](char* out) { std::memcpy(out, reply.data(), reply.size()); });
    told.is_told = false;
  };
  std::barrier both(2);
  std::atomic<int> watched = 0;
  std::atomic<int> untold = 0;
  std::jthread watching([&] {
    for (int round = 0; round < rounds; ++round) {
      both.arrive_and_wait();
      const bool is_watched = cache.watch({.source = source}, question, now, reply.size(),
                                          [](std::string_view piece) { return piece == reply; });
      both.arrive_and_wait();
      if (is_watched) ++watched;
      if (is_watched && !told.is_told) ++untold;
      both.arrive_and_wait();
    }
  });
  for (int round = 0; round < rounds; ++round) {
    store();
    both.arrive_and_wait();
    // At another moment each time.
    for (int wait = round % 64; wait > 0; --wait)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    cache.generations().end(member);
    both.arrive_and_wait();
    both.arrive_and_wait();
  }
  watching.join();
  CHECK(untold == 0);
  CHECK(watched > 0);
  cache.set_watcher(nullptr);
  cache.leave(member);
}

}  // namespace
}  // namespace plimsoll::cache::cache_watch_threads_test
