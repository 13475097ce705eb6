#include <time.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "plimsoll/bench/allocations.h"
#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/core/commands/builders.h"
#include "plimsoll/native/client.h"
#include "plimsoll/native/client_side_cache.h"
#include "plimsoll/tests/support/valkey_server.h"

// A hit as a user of native::Client has it, lock, clock and the checks of coherence included.

namespace plimsoll::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t keys_count = 10'000;
constexpr std::size_t value_bytes = 100;

double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::vector<std::string> keys_of(const CacheEffort& effort) {
  std::vector<std::string> keys;
  for (const std::uint32_t number : draw_keys(Popularity::zipf, keys_count, effort.accesses)) {
    keys.push_back(key_text(number));
  }
  return keys;
}

// Copies the value into a buffer of the caller's.
double door(native::Client& client, const std::vector<std::string>& keys) {
  char buffer[value_bytes];
  std::size_t copied = 0;
  const double start = cpu_nanoseconds();
  for (const std::string& key : keys) {
    client.visit_cached(commands::get(key), [&](const Value& value) {
      const auto bytes = value.as_bytes();
      bytes->copy_to(buffer);
      copied += bytes->size();
      asm volatile("" : : "r"(buffer) : "memory");
    });
  }
  const double spent = cpu_nanoseconds() - start;
  if (copied != keys.size() * value_bytes) fail("bench cache", "not every read was a hit");
  return spent / static_cast<double>(keys.size());
}

asio::awaitable<double> awaited(native::Client& client, const std::vector<std::string>& keys) {
  std::size_t read = 0;
  const double start = cpu_nanoseconds();
  for (const std::string& key : keys) {
    const std::optional<std::string> value = co_await client.get(key);
    read += value->size();
  }
  const double spent = cpu_nanoseconds() - start;
  if (read != keys.size() * value_bytes) fail("bench cache", "a value of another size");
  co_return spent / static_cast<double>(keys.size());
}

}  // namespace

void add_door(const CacheEffort& effort, Report& report) {
  testing::ValkeyServer server({.listen = testing::Listen::unix_socket});
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 8 * 1024;
  native::Options options;
  options.request_timeout = std::chrono::seconds(30);
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  native::Client client = native::connect(server.url(), options, asio::use_future).get().value();
  for (std::uint32_t number = 0; number < keys_count; ++number) {
    const std::string key = key_text(number);
    client.set(key, std::string(value_bytes, 'v'), asio::use_future).get().value();
    client.get(key, asio::use_future).get().value();
  }
  const std::vector<std::string> keys = keys_of(effort);
  std::vector<double> doors(effort.runs);
  std::vector<double> awaits(effort.runs);
  door(client, keys);
  start_counting_allocations();
  for (double& run : doors) run = door(client, keys);
  const std::uint64_t allocations = stop_counting_allocations();
  asio::io_context context;
  for (double& run : awaits) {
    context.restart();
    auto done = asio::co_spawn(context, awaited(client, keys), asio::use_future);
    context.run();
    run = done.get();
  }
  report.add({.name = "client.visit_cached(), 100 B of 10,000 keys, Zipf 0.99",
              .ours = median(doors),
              .unit = "CPU ns",
              .goal = time_at_most(100)});
  if (can_count_allocations()) {
    report.add({.name = "  allocations",
                .ours = static_cast<double>(allocations),
                .unit = "in all hits",
                .goal = counter_at_most(0)});
  }
  report.add({.name = "co_await client.get(), the same, a string each",
              .ours = median(awaits),
              .unit = "CPU ns",
              .goal = time_at_most(200)});
}

}  // namespace plimsoll::bench
