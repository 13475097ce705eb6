#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/support/valkey_server.h"

// Other processes count keys up, as fast as they can; clients that share a cache read them. What a
// reader sees of a key never goes down, and once the writers are done all agree with the server.

namespace plimsoll::bench {
namespace {

using boost::asio::use_future;

constexpr std::size_t keys_count = 64;
constexpr std::size_t readers_count = 4;
constexpr std::size_t writers_count = 2;
constexpr std::size_t writes_in_flight = 32;

std::string key_of(std::size_t number) { return "counter:" + std::to_string(number); }

native::Client connect(const std::string& url, std::shared_ptr<native::ClientSideCache> cache) {
  native::Options options;
  options.request_timeout = std::chrono::seconds(30);
  options.client_side_cache = std::move(cache);
  return native::connect(url, options, use_future).get().value();
}

std::int64_t read(native::Client& client, const std::string& key) {
  const auto cached = client.cached<std::string>("GET", key);
  const auto value = cached ? cached : client.get(key, use_future).get().value();
  return value ? std::stoll(*value) : 0;
}

struct Seen {
  std::uint64_t reads = 0;
  std::uint64_t backwards = 0;
};

Seen read_on(native::Client& client, const std::atomic<bool>& stopped, unsigned seed) {
  std::minstd_rand random(seed);
  std::array<std::int64_t, keys_count> last{};
  Seen seen;
  while (!stopped) {
    const std::size_t number = random() % keys_count;
    const std::int64_t now = read(client, key_of(number));
    if (now < last[number]) ++seen.backwards;
    last[number] = now;
    ++seen.reads;
  }
  return seen;
}

}  // namespace

void write_for(const std::string& url, std::chrono::milliseconds time) {
  native::Client client = connect(url, nullptr);
  std::minstd_rand random(std::random_device{}());
  const auto end = std::chrono::steady_clock::now() + time;
  std::deque<std::future<native::Result<std::int64_t>>> calls;
  while (std::chrono::steady_clock::now() < end) {
    calls.push_back(client.incr(key_of(random() % keys_count), use_future));
    if (calls.size() < writes_in_flight) continue;
    calls.front().get().value();
    calls.pop_front();
  }
  for (auto& call : calls) call.get().value();
}

void add_coherence(const CacheEffort& effort, Report& report) {
  testing::ValkeyServer server({.listen = testing::Listen::unix_socket});
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  wanted.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(wanted).value();
  std::vector<native::Client> clients;
  for (std::size_t i = 0; i < readers_count; ++i) clients.push_back(connect(server.url(), cache));

  std::atomic<bool> stopped = false;
  std::vector<std::future<Seen>> readers;
  for (std::size_t i = 0; i < readers_count; ++i) {
    readers.push_back(std::async(std::launch::async, [&, i] {
      return read_on(clients[i], stopped, static_cast<unsigned>(i + 1));
    }));
  }
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < writers_count; ++i) {
    writers.emplace_back([&] {
      run_program({own_path(), "--writer", server.url(), "--writer-milliseconds",
                   std::to_string(effort.coherence.count())});
    });
  }
  for (std::thread& writer : writers) writer.join();
  stopped = true;
  Seen all;
  for (auto& reader : readers) {
    const Seen seen = reader.get();
    all.reads += seen.reads;
    all.backwards += seen.backwards;
  }
  // The reply to PING proves that every invalidation before it has arrived.
  for (native::Client& client : clients) client.ping(use_future).get().value();
  native::Client plain = connect(server.url(), nullptr);
  double stale = 0;
  double writes = 0;
  for (std::size_t number = 0; number < keys_count; ++number) {
    const std::int64_t truth = read(plain, key_of(number));
    writes += static_cast<double>(truth);
    for (native::Client& client : clients) {
      if (read(client, key_of(number)) != truth) ++stale;
    }
  }
  const auto statistics = cache->cache_statistics().value();
  const auto add = [&report](const char* name, double figure, const char* unit) {
    report.add({.name = name, .ours = figure, .unit = unit});
  };
  report.add({.name = "coherence, values that went back",
              .ours = static_cast<double>(all.backwards),
              .unit = "reads",
              .goal = counter_at_most(0)});
  report.add({.name = "  stale when all was quiet",
              .ours = stale,
              .unit = "of 256 reads",
              .goal = counter_at_most(0)});
  add("  reads by 4 readers", static_cast<double>(all.reads), "reads");
  add("  of these hits", static_cast<double>(statistics.hits), "reads");
  add("  writes by 2 processes", writes, "writes");
}

}  // namespace plimsoll::bench
