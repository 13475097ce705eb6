#include "plimsoll/core/base/mutex.h"

#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::mutex_test {
namespace {

TEST_CASE("one thread at a time holds a mutex") {
  Mutex mutex;
  long sum = 0;  // not atomic: ThreadSanitizer sees two threads that change it together
  constexpr int threads_count = 8;
  constexpr int rounds = 20'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        const Lock lock(mutex);
        ++sum;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(sum == long{threads_count} * rounds);
}

// The state says whether somebody sleeps: a thread that is woken must leave it so for those behind.
TEST_CASE("every sleeper is woken, one after the other") {
  for (int round = 0; round < 200; ++round) {
    Mutex mutex;
    int passed = 0;
    mutex.lock();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const Lock lock(mutex);
        ++passed;
      });
    }
    std::this_thread::yield();
    mutex.unlock();
    for (std::thread& thread : threads) thread.join();
    REQUIRE(passed == 4);
  }
}

}  // namespace
}  // namespace plimsoll::mutex_test
