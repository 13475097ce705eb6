#include <time.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/bench/cache/clients.h"
#include "plimsoll/bench/cache/keys.h"
#include "plimsoll/bench/cache/parts.h"
#include "plimsoll/bench/program.h"
#include "plimsoll/bench/statistics.h"
#include "plimsoll/tests/support/valkey_server.h"

// What a cache adds to a read that it has not: the lookup, the fetch, storing the reply and, since
// it is full, evicting another.

namespace plimsoll::bench {
namespace {

constexpr std::size_t in_flight = 100;
constexpr std::uint64_t small_cache_kb = 256;  // a hundredth of the keys

double process_cpu_nanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Reads the keys one after the other, so many at a time, on the client's own thread.
class Reads {
 public:
  Reads(native::Client& client, const std::vector<std::string>& keys)
      : client_(client), keys_(keys), left_(keys.size()) {}

  double nanoseconds_per_read() {
    auto over = over_.get_future();
    const double start = process_cpu_nanoseconds();
    for (std::size_t i = 0; i < in_flight; ++i) read_next();
    over.get();
    return (process_cpu_nanoseconds() - start) / static_cast<double>(keys_.size());
  }

 private:
  void read_next() {
    const std::size_t at = next_.fetch_add(1);
    if (at >= keys_.size()) return;
    client_.get(keys_[at], [this](native::Result<std::optional<std::string>> value) {
      if (!value || !*value || (*value)->size() != value_bytes) fail("bench cache", "no value");
      if (left_.fetch_sub(1) == 1) return over_.set_value();
      read_next();
    });
  }

  native::Client& client_;
  const std::vector<std::string>& keys_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> left_;
  std::promise<void> over_;
};

}  // namespace

void add_miss(const CacheEffort& effort, Report& report) {
  testing::ValkeyServer server({.listen = testing::Listen::unix_socket});
  native::Client plain = connect_cached(server.url(), 0);
  native::Client cached = connect_cached(server.url(), small_cache_kb);
  set_all(plain);
  std::vector<std::string> keys;
  for (const std::uint32_t number :
       draw_keys(Popularity::uniform, keys_count, effort.accesses / 4)) {
    keys.push_back(key_text(number));
  }
  std::vector<double> without(effort.runs);
  std::vector<double> with(effort.runs);
  for (std::size_t i = 0; i < effort.runs; ++i) {
    without[i] = Reads(plain, keys).nanoseconds_per_read();
    with[i] = Reads(cached, keys).nanoseconds_per_read();
  }
  const double base = median(without);
  report.add({.name = "GET, 100 at a time, without a cache", .ours = base, .unit = "CPU ns"});
  report.add({.name = "  what a cache adds where 99 of 100 reads miss",
              .ours = median(with) - base,
              .unit = "CPU ns",
              .goal = time_at_most(300)});
}

}  // namespace plimsoll::bench
