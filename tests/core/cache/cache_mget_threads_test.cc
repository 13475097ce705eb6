#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

// MGETs in threads, over several locked shards.

namespace plimsoll::cache::cache_mget_threads_test {
namespace {

constexpr std::size_t keys_count = 16;
constexpr int versions = 3000;

class Shared {
 public:
  Shared() {
    for (std::size_t i = 0; i < keys_count; ++i) texts_.push_back("key" + std::to_string(i));
    source_ = cache_.enter_source(cache_.digest("server"))->number();
  }

  // What a connection brings when all keys are written at once: the news of each, then new values.
  void write_all(char version) {
    for (const std::string& key : texts_) cache_.invalidate(key);
    for (const std::string& key : texts_) {
      const commands::Question question = commands::get_of(key);
      std::array<Cache::Ticket::Seen, 1> seen;
      const auto ticket =
          cache_.begin_fetch(question, source_, Generations::untracked, Instant{}, seen);
      cache_.complete_fetch(ticket, question, Instant(), Cache::Keep::if_current, 1,
                            [&](char* out) { *out = version; });
    }
  }

  // "": a miss.
  std::string mget(std::size_t first, bool reversed) {
    std::array<std::string_view, keys_count> keys;
    for (std::size_t i = 0; i < keys_count; ++i) keys[i] = texts_[(first + i) % keys_count];
    if (reversed) std::reverse(keys.begin(), keys.end());
    const commands::Question question{.row = commands::row_numbers::mget,
                                      .key = keys[0],
                                      .rest = std::span(keys).subspan(1),
                                      .more_keys = std::span(keys).subspan(1)};
    std::string found;
    cache_.visit({.source = source_, .takes_untracked = true}, question, Instant(),
                 [&](std::string_view reply) {
                   found = reply.substr(reply.find('\n') + 1);
                   return true;
                 });
    return found;
  }

  Cache& cache() { return cache_; }

 private:
  static constexpr std::size_t bytes = std::size_t{64} * 1024 * 1024;
  const CacheOptions options_{.bytes_max = bytes, .shards_max = 4};
  HeapMemory memory_;
  Budget budget_{{.memory_limit = 4 * bytes}, memory_};
  Cache cache_{options_, Cache::take_memory(budget_, options_).value()};
  std::vector<std::string> texts_;
  std::uint32_t source_ = 0;
};

TEST_CASE("MGETs in any order of keys wait for nobody for ever, and are whole") {
  Shared shared;
  std::atomic<bool> over = false;
  std::atomic<int> torn = 0;
  std::array<std::atomic<int>, 3> hits{};
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    readers.emplace_back([&, i] {
      for (std::size_t n = i; !over; ++n) {
        const std::string found = shared.mget(n % keys_count, n % 2 == 0);
        if (found.empty()) continue;
        ++hits[i];
        if (found != std::string(keys_count, found[0])) ++torn;
      }
    });
  }
  // Until all have seen something of it, too.
  for (int i = 0; i < versions || *std::min_element(hits.begin(), hits.end()) == 0; ++i) {
    shared.write_all(static_cast<char>('a' + i % 26));
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(shared.cache().statistics().entries == keys_count);
  shared.cache().validate();
}

}  // namespace
}  // namespace plimsoll::cache::cache_mget_threads_test
