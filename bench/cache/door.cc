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
#include "plimsoll/bench/cache/clients.h"
#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/client.h"
#include "plimsoll/core/commands/builders.h"
#include "plimsoll/tests/support/valkey_server.h"

// A hit as a user of native::Client has it, lock, clock and the checks of coherence included.

namespace plimsoll::bench {
namespace {

namespace asio = boost::asio;

constexpr std::uint64_t cache_kb = 31 * 1024;  // one shard, and room for all

double cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::vector<std::string> keys_of(Popularity popularity, const CacheEffort& effort) {
  std::vector<std::string> keys;
  for (const std::uint32_t number : draw_keys(popularity, keys_count, effort.accesses)) {
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

void add_rows(native::Client& client, Popularity popularity, const CacheEffort& effort,
              Report& report) {
  const std::vector<std::string> keys = keys_of(popularity, effort);
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
  const std::string drawn = popularity == Popularity::zipf ? "Zipf 0.99" : "uniform";
  report.add({.name = "client.visit_cached(), 100 B of 100,000 keys, " + drawn,
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

}  // namespace

void add_door(const CacheEffort& effort, Report& report) {
  testing::ValkeyServer server({.listen = testing::Listen::unix_socket});
  native::Client client = connect_cached(server.url(), cache_kb);
  set_all(client);
  read_all(client);
  for (const Popularity popularity : {Popularity::zipf, Popularity::uniform}) {
    add_rows(client, popularity, effort, report);
  }
}

}  // namespace plimsoll::bench
