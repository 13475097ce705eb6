#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/log.h"
#include "plimsoll/memory.h"
#include "plimsoll/native/runtime/runtime.h"

// What runs in a container, real or prepared, and tells of itself on its output, a line each time.
//
//   inmate leak CGROUP MIB STEP_MS       takes so much memory, a MiB a step, and keeps it
//   inmate line CGROUP LIMIT             draws the line, and waits
//   inmate cache CGROUP ROOT LIMIT URL   draws the line, fills a cache from a server, and waits
//
// CGROUP is a directory whose cgroup.procs it writes itself into, or "-"; ROOT stands in for the
// machine's root, or is "-".

namespace plimsoll::testing {
namespace {

using boost::asio::use_future;
using namespace std::chrono_literals;

constexpr std::size_t mib = 1024 * 1024;
constexpr int keys_count = 14'000;
constexpr int keys_per_turn = 200;

[[noreturn]] void wait() {
  while (true) std::this_thread::sleep_for(1h);
}

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void join(const std::string& cgroup) {
  if (cgroup == "-") return;
  std::ofstream procs(cgroup + "/cgroup.procs");
  procs << ::getpid() << std::flush;
  if (procs) return;
  say("cannot join " + cgroup);
  std::exit(1);
}

[[noreturn]] void leak(std::size_t count, std::chrono::milliseconds pause) {
  for (std::size_t i = 0; i < count; ++i) {
    void* const piece =
        ::mmap(nullptr, mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,  //
               -1, 0);
    if (piece == MAP_FAILED) std::exit(1);
    std::memset(piece, 0x5a, mib);
    std::this_thread::sleep_for(pause);
  }
  say("leaked");
  wait();
}

void draw(const std::string& limit) {
  native::set_log_hook([](const native::LogRecord& record) {
    say(std::string(record.event_name) + " " + std::string(record.body));
  });
  native::MemoryOptions memory;
  memory.memory_limit = limit;
  // Nearly all of it for the cache.
  memory.pools.cache.ratio = 0.6;
  memory.pools.requests.ratio = 0.15;
  memory.pools.replies.ratio = 0.15;
  memory.pools.pushes.ratio = 0.05;
  native::configure_memory(memory).value();
  say("line " + std::to_string(native::memory_statistics().target));
}

std::string key(int number) { return "inmate:" + std::to_string(number); }

template <class Call>
void for_all_keys(const Call& call) {
  for (int begin = 0; begin < keys_count; begin += keys_per_turn) {
    std::vector<decltype(call(0))> calls;
    for (int i = begin; i < begin + keys_per_turn; ++i) calls.push_back(call(i));
    for (auto& each : calls) each.get().value();
  }
}

[[noreturn]] void fill_cache(const std::string& url) {
  native::ClientSideCacheOptions cache_options;
  cache_options.max_cache_kb = 18 * 1024;
  cache_options.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(cache_options).value();
  native::Options options;
  // A busy machine is no reason for a call to fail: what is filled is looked at, not how soon.
  options.connect_timeout = options.request_timeout = 1min;
  options.client_side_cache = cache;
  native::Client client = native::connect(url, options, use_future).get().value();
  const std::string value(1024, 'v');
  for_all_keys([&](int i) { return client.set(key(i), value, use_future); });
  for_all_keys([&](int i) { return client.get(key(i), use_future); });
  say("filled");
  std::string before;
  while (true) {
    const auto memory = native::memory_statistics();
    const std::string now = "line " + std::to_string(memory.target) + " entries " +
                            std::to_string(cache->cache_entry_count().value()) + " cached " +
                            std::to_string(cache->cache_bytes_committed().value());
    if (now != before) say(now);
    before = now;
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace
}  // namespace plimsoll::testing

int main(int count, char** arguments) {
  using namespace plimsoll::testing;
  const std::vector<std::string> words(arguments + 1, arguments + count);
  try {
    join(words.at(1));
    if (words[0] == "leak") {
      leak(std::stoul(words.at(2)), std::chrono::milliseconds(std::stoi(words.at(3))));
    } else if (words[0] == "line") {
      draw(words.at(2));
      wait();
    } else {
      if (words.at(2) != "-") plimsoll::native::Runtime::get().set_container_root(words[2]);
      draw(words.at(3));
      fill_cache(words.at(4));
    }
  } catch (const std::exception& error) {
    say(std::string("failed: ") + error.what());
    return 1;
  }
}
