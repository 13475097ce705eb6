#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Many threads on one Budget: for ThreadSanitizer, and for the sums.

namespace plimsoll::testing::threads_test {
namespace {

constexpr int threads_count = 4;
constexpr int rounds_count = 1500;

void on_threads(auto&& action) {
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&action, i] { action(static_cast<unsigned>(i + 1)); });
  }
  for (std::thread& thread : threads) thread.join();
}

void expect_idle(TestBudget& test) {
  test.budget.reclaim();
  CHECK(test.used() == reserve_bytes);
  CHECK(test.memory.bytes_out() == 0);
  CHECK(test.budget.statistics().peak <= test.budget.statistics().limit);
}

TEST_CASE("threads that charge and release never pass the line, and leave nothing behind") {
  TestBudget test({.memory_limit = memory_limit_min});
  std::atomic<bool> too_much = false;
  on_threads([&](unsigned seed) {
    std::minstd_rand random(seed);
    const AccountHandle account = test.budget.open_account(PoolKind::cache);
    Charge charge(*account);
    for (int round = 0; round < rounds_count; ++round) {
      if (charge.grow(random() % memory_limit_min) && random() % 2 == 0) {
        charge.shrink(random() % (charge.bytes() + 1));
      } else {
        charge.shrink(charge.bytes());
      }
      const BudgetStatistics all = test.budget.statistics();
      if (all.used > all.limit) too_much = true;
    }
  });
  CHECK_FALSE(too_much);
  expect_idle(test);
}

TEST_CASE("threads share segments, chunks and blocks, and a full line") {
  TestBudget test({.memory_limit = memory_limit_min});
  std::atomic<bool> shared = false;
  on_threads([&](unsigned seed) {
    std::minstd_rand random(seed);
    const AccountHandle account = test.budget.open_account(PoolKind::cache);
    std::vector<Segment*> segments;
    std::vector<Block> blocks;
    for (int round = 0; round < rounds_count; ++round) {
      if (Segment* const segment = acquire_segment(*account)) {
        segment->position = seed;
        segments.push_back(segment);
      }
      if (Block block = Block::allocate(*account, 1 + random() % 9000)) {
        blocks.push_back(std::move(block));
      }
      if (random() % 8 != 0) continue;
      for (Segment* const segment : segments) {
        if (segment->position != seed) shared = true;
        release(*segment);
      }
      segments.clear();
      blocks.clear();
    }
    for (Segment* const segment : segments) release(*segment);
  });
  CHECK_FALSE(shared);
  expect_idle(test);
}

TEST_CASE("threads that share a busy account share the page that it keeps") {
  TestBudget test;
  AccountHandle shared = test.budget.open_account(PoolKind::replies);
  std::atomic<bool> is_shared = false;
  on_threads([&](unsigned seed) {
    std::minstd_rand random(seed);
    for (int round = 0; round < rounds_count; ++round) {
      Segment* const segment = acquire_segment(*shared, SegmentSize::small);
      if (segment == nullptr) continue;
      segment->position = seed;
      if (random() % 64 == 0) (void)test.budget.configure({});
      const BudgetStatistics all = test.budget.statistics();
      if (all.used > all.limit) is_shared = true;
      if (segment->position != seed) is_shared = true;
      release(*segment);
    }
  });
  CHECK_FALSE(is_shared);
  test.budget.validate();
  shared = AccountHandle();
  expect_idle(test);
}

TEST_CASE("what one thread was granted another may release, after its account was closed") {
  TestBudget test;
  std::mutex mutex;
  std::deque<Block> passed;
  on_threads([&](unsigned seed) {
    std::minstd_rand random(seed);
    for (int round = 0; round < rounds_count; ++round) {
      const AccountHandle account = test.budget.open_account(PoolKind::replies);
      Block mine = Block::allocate(*account, 1 + random() % 5000);
      Block other;
      const std::lock_guard lock(mutex);
      passed.push_back(std::move(mine));
      if (passed.size() > 16) {
        other = std::move(passed.front());
        passed.pop_front();
      }
    }
  });
  passed.clear();
  expect_idle(test);
}

TEST_CASE("threads that share a busy account, ticks and a line that moves keep the sums") {
  TestBudget test;
  AccountHandle shared = test.budget.open_account(PoolKind::pushes);
  std::atomic<bool> too_much = false;
  on_threads([&](unsigned seed) {
    std::minstd_rand random(seed);
    Charge charge(*shared);
    Instant now{};
    for (int round = 0; round < rounds_count; ++round) {
      for (int i = 0; i < 8; ++i) {
        if (!charge.grow(random() % 4000)) charge.shrink(charge.bytes());
        charge.shrink(random() % (charge.bytes() + 1));
      }
      if (round % 64 == 0) test.budget.handle_timeout(now += budget_tick);
      if (round % 256 == 0) {
        const std::size_t line = (1 + random() % 64) * memory_limit_min;
        if (!test.budget.set_memory_limit(line).ok()) too_much = true;
      }
      const BudgetStatistics all = test.budget.statistics();
      if (all.used > all.limit) too_much = true;
    }
  });
  CHECK_FALSE(too_much);
  test.budget.validate();
  shared = AccountHandle();
  expect_idle(test);
}

TEST_CASE("a segment that threads hold ends with the last of them") {
  TestBudget test;
  for (int round = 0; round < 200; ++round) {
    AccountHandle account = test.budget.open_account(PoolKind::replies);
    Segment* const segment = acquire_segment(*account);
    for (int i = 1; i < threads_count; ++i) hold(*segment);
    account = AccountHandle();
    on_threads([&](unsigned) { release(*segment); });
  }
  expect_idle(test);
}

TEST_CASE("threads that take turns with the progress reserve do not meet in it") {
  TestBudget test;
  std::atomic<int> inside = 0;
  std::atomic<bool> met = false;
  on_threads([&](unsigned seed) {
    for (int round = 0; round < rounds_count; ++round) {
      Segment* const segment = test.budget.progress_reserve().take(&seed);
      if (segment == nullptr) continue;
      if (++inside > 1) met = true;
      --inside;
      release(*segment);
    }
  });
  CHECK_FALSE(met);
}

struct CountingWaiter final : BudgetWaiter {
  void handle_budget_available() override { ++calls; }
  std::atomic<int> calls = 0;
};

TEST_CASE("waiters come, go and are told while others release") {
  TestBudget test;
  std::atomic<bool> told_twice = false;
  on_threads([&](unsigned seed) {
    const AccountHandle account = test.budget.open_account(PoolKind::cache);
    Charge charge(*account);
    for (int round = 0; round < rounds_count; ++round) {
      CountingWaiter waiter;
      test.budget.wait(waiter);
      if (charge.grow(100)) charge.shrink(100);
      if (seed % 2 == 0) test.budget.stop_waiting(waiter);
      // Whoever is still waiting must not be left behind.
      test.budget.stop_waiting(waiter);
      if (waiter.calls > 1) told_twice = true;
    }
  });
  CHECK_FALSE(told_twice);
}

}  // namespace
}  // namespace plimsoll::testing::threads_test
