#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/log.h"
#include "plimsoll/memory.h"
#include "plimsoll/tests/native/patience.h"

// An application's burst beside the line, and what the upkeep thread makes of it. No server.

namespace plimsoll::testing::given_back_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using native::GiveBackStatistics;
using native::MemoryOptions;

constexpr std::size_t mib = 1024 * 1024;

GiveBackStatistics given_back() { return native::memory_statistics().give_back; }

MemoryOptions quickly() {
  MemoryOptions options;
  options.memory_limit = "64 MiB";
  options.give_back.quiet_period = std::chrono::milliseconds(100);
  return options;
}

// Blocks of which a few are left over, each of them above many that are not.
class Burst {
 public:
  Burst() {
    for (std::size_t i = 0; i < 64 * mib / block_bytes; ++i) {
      blocks_.push_back(std::make_unique<Block>());
      blocks_.back()->bytes[0] = 'x';
    }
  }

  void end() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (i % 1000 != 999) blocks_[i].reset();
    }
  }

 private:
  static constexpr std::size_t block_bytes = 4096;
  struct Block {
    char bytes[block_bytes];
  };

  std::vector<std::unique_ptr<Block>> blocks_;
};

TEST_CASE("what is asked of the allocator is in the statistics from the start") {
  const GiveBackStatistics now = given_back();
  CHECK_FALSE(now.allocator.empty());
  CHECK(now.asked == 0);
  CHECK(now.problem.empty() == (now.allocator != "sanitizer" && now.allocator != "unknown"));
}

// No thread can be made while this lives: there is no room for its stack.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_getattr_default_np(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

int blocked_signals() {
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  int count = 0;
  for (int signal = 1; signal < NSIG; ++signal) count += ::sigismember(&blocked, signal) == 1;
  return count;
}

// The runtime's threads start once in a process: so in this test, before all others.
TEST_CASE("where there is no thread to be had that is told, and the next line tries again") {
  std::mutex mutex;
  std::string told;
  native::set_log_hook([&](const native::LogRecord& record) {
    const std::lock_guard lock(mutex);
    told.append(record.event_name).append("\n");
  });
  const auto has_told = [&](const std::string& event) {
    const std::lock_guard lock(mutex);
    return told.find(event) != std::string::npos;
  };
  MemoryOptions options = quickly();
  options.container.check_interval = std::chrono::milliseconds(20);
  const int blocked = blocked_signals();
  {
    const NoThreads none;
    REQUIRE(native::configure_memory(options));
  }
  CHECK(blocked_signals() == blocked);
  CHECK(has_told("plimsoll.container.unwatched"));
  CHECK(has_told("plimsoll.memory.kept") == given_back().problem.empty());
  options.give_back.enabled = false;  // that one is tried again by the next test
  const std::uint64_t looks = native::memory_statistics().container.looks;
  REQUIRE(native::configure_memory(options));
  CHECK(eventually([&] { return native::memory_statistics().container.looks > looks + 1; }));
  options.container.check_interval = std::chrono::milliseconds(0);
  REQUIRE(native::configure_memory(options));
  native::set_log_hook({});
}

TEST_CASE("a burst is given back when it is over, once that is switched on") {
  MemoryOptions options = quickly();
  options.give_back.enabled = false;
  REQUIRE(native::configure_memory(options));
  CHECK_FALSE(given_back().enabled);
  REQUIRE(given_back().problem == "");
  const GiveBackStatistics before = given_back();
  Burst burst;
  burst.end();
  CHECK(given_back().asked == before.asked);
  options.give_back.enabled = true;
  REQUIRE(native::configure_memory(options));
  CHECK(given_back().enabled);
  CHECK(eventually([&] { return given_back().returned_bytes > before.returned_bytes + 32 * mib; }));
  options.give_back.enabled = false;
  REQUIRE(native::configure_memory(options));
  const GiveBackStatistics now = given_back();
  CHECK(now.asked > before.asked);
  CHECK(now.last_took.count() > 0);
  CHECK_THAT(to_text(native::memory_statistics()),
             ContainsSubstring("\ngiven back  " + to_text(now) + "\n"));
}

TEST_CASE("what a thread asks for itself is not counted") {
  const std::uint64_t before = given_back().asked;
  std::thread([] {
    Burst burst;
    burst.end();
    native::give_back_thread_memory();
  }).join();
  CHECK(given_back().asked == before);
}

}  // namespace
}  // namespace plimsoll::testing::given_back_test
