#include <time.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/bench/allocations.h"
#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/core/cache/store.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::bench {
namespace {

using cache::EvictionPolicy;

constexpr std::size_t keys_count = 100'000;
constexpr std::size_t key_bytes = 16;
constexpr std::size_t value_bytes = 100;
constexpr std::size_t bytes_max = std::size_t{64} << 20;

commands::Question get(std::string_view key) {
  return {.row = 1, .key = key, .rest = {}, .more_keys = {}};
}

// One shard with all keys, stored in an order that has nothing to do with their popularity.
class FullStore {
 public:
  explicit FullStore(EvictionPolicy policy)
      : store_(*account_, {.bytes_max = bytes_max, .policy = policy, .seed = 1}) {
    const std::string reply = "$100\r\n" + std::string(value_bytes, 'v') + "\r\n";
    for (std::uint32_t number = 0; number < keys_count; ++number) {
      const std::string key = key_text(number);
      const auto inserted =
          store_.insert(0, store_.hash_of(key), get(key), {}, never, reply.size());
      if (inserted.entry == nullptr || inserted.evicted > 0) fail("bench cache", "no room");
      std::memcpy(inserted.entry->reply_space(), reply.data(), reply.size());
    }
    content_bytes_ = keys_count * (key_bytes + reply.size());
  }

  // The bytes that were copied, so that the copies are not left out.
  std::size_t read(const std::vector<char>& keys, std::size_t count) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view key(keys.data() + i * key_bytes, key_bytes);
      cache::Entry* const entry = store_.find(0, store_.hash_of(key), get(key));
      if (entry == nullptr) fail("bench cache", "a key is not there");
      store_.touch(*entry);
      const std::string_view reply = entry->reply();
      std::memcpy(buffer_, reply.data(), reply.size());
      asm volatile("" : : "r"(buffer_) : "memory");
      copied += reply.size();
    }
    return copied;
  }

  double overhead_bytes() const {
    return static_cast<double>(store_.committed_bytes() - content_bytes_) / keys_count;
  }

 private:
  HeapMemory memory_;
  Budget budget_{{.memory_limit = bytes_max * 4}, memory_};
  AccountHandle account_ = budget_.open_account(PoolKind::cache);
  cache::Store store_;
  std::size_t content_bytes_ = 0;
  char buffer_[256];
};

// Of this thread alone, so that others on the machine take nothing of it but the caches.
double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double nanoseconds_of(FullStore& store, const std::vector<char>& keys, std::size_t count) {
  const double start = cpu_nanoseconds();
  if (store.read(keys, count) < count * value_bytes) fail("bench cache", "short values");
  return (cpu_nanoseconds() - start) / static_cast<double>(count);
}

void add_rows(EvictionPolicy policy, const std::string& name, const CacheEffort& effort,
              Report& report) {
  FullStore store(policy);
  for (const Popularity popularity : {Popularity::zipf, Popularity::uniform}) {
    // The texts one behind the other: a caller has its key at hand.
    std::vector<char> keys;
    for (const std::uint32_t number : draw_keys(popularity, keys_count, effort.accesses)) {
      const std::string key = key_text(number);
      keys.insert(keys.end(), key.begin(), key.end());
    }
    nanoseconds_of(store, keys, effort.accesses);
    std::vector<double> runs(effort.runs);
    start_counting_allocations();
    for (double& run : runs) run = nanoseconds_of(store, keys, effort.accesses);
    const std::uint64_t allocations = stop_counting_allocations();
    const char* const drawn = popularity == Popularity::zipf ? "Zipf 0.99" : "uniform";
    report.add({.name = "hit, " + name + ", 100 B of 100,000 keys, " + drawn,
                .ours = median(runs),
                .unit = "CPU ns",
                .goal = time_at_most(100)});
    // The first access of a count that no other entry has makes a group for it.
    if (policy != EvictionPolicy::lru || !can_count_allocations()) continue;
    report.add({.name = "  allocations",
                .ours = static_cast<double>(allocations),
                .unit = "in all hits",
                .goal = counter_at_most(0)});
  }
  report.add({.name = "overhead, " + name + ", 100,000 entries",
              .ours = store.overhead_bytes(),
              .unit = "B per entry"});
}

}  // namespace

void add_hit(const CacheEffort& effort, Report& report) {
  add_rows(EvictionPolicy::lru, "lru", effort, report);
  add_rows(EvictionPolicy::lfu, "lfu", effort, report);
}

}  // namespace plimsoll::bench
