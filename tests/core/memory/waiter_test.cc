#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::waiter_test {
namespace {

struct CountingWaiter final : BudgetWaiter {
  void handle_budget_available() override { ++calls; }
  int calls = 0;
};

TEST_CASE("a waiter is told once, when memory is next released") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::cache);
  Charge charge(*account);
  REQUIRE(charge.grow(10));
  CountingWaiter waiter;
  test.budget.wait(waiter);
  CHECK(waiter.calls == 0);
  charge.shrink(1);
  CHECK(waiter.calls == 1);
  charge.shrink(1);
  CHECK(waiter.calls == 1);
  test.budget.wait(waiter);
  charge.shrink(1);
  CHECK(waiter.calls == 2);
}

TEST_CASE("a block that was had in vain is given up without a word") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::connections);
  const std::size_t before = test.used(PoolKind::connections);
  Block block = Block::allocate(*account, 100);
  CountingWaiter waiter;
  test.budget.wait(waiter);
  block.discard();
  CHECK(waiter.calls == 0);
  CHECK(test.used(PoolKind::connections) == before);
  block.discard();
  CHECK_FALSE(block);
  test.budget.stop_waiting(waiter);
}

TEST_CASE("who waits is told when the line is drawn anew") {
  TestBudget test;
  CountingWaiter waiter;
  test.budget.wait(waiter);
  CHECK(test.budget.set_memory_limit(128 * 1024 * 1024).ok());
  CHECK(waiter.calls == 1);
}

TEST_CASE("waiting twice is waiting once") {
  TestBudget test;
  CountingWaiter waiter;
  test.budget.wait(waiter);
  test.budget.wait(waiter);
  test.budget.notify_available();
  CHECK(waiter.calls == 1);
}

TEST_CASE("all who wait are told") {
  TestBudget test;
  CountingWaiter waiters[3];
  for (CountingWaiter& waiter : waiters) test.budget.wait(waiter);
  test.budget.notify_available();
  for (const CountingWaiter& waiter : waiters) CHECK(waiter.calls == 1);
}

TEST_CASE("who stops waiting is not told, and the others are") {
  for (int stopped = 0; stopped < 3; ++stopped) {
    TestBudget test;
    CountingWaiter waiters[3];
    for (CountingWaiter& waiter : waiters) test.budget.wait(waiter);
    test.budget.stop_waiting(waiters[stopped]);
    test.budget.notify_available();
    for (int i = 0; i < 3; ++i) CHECK(waiters[i].calls == (i == stopped ? 0 : 1));
  }
}

TEST_CASE("who does not wait can stop it") {
  TestBudget test;
  CountingWaiter waiter;
  test.budget.stop_waiting(waiter);
  test.budget.notify_available();
  CHECK(waiter.calls == 0);
}

TEST_CASE("a page that comes back is news, from an account and from the progress reserve") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  Segment* const segment = acquire_segment(*account);
  CountingWaiter waiter;
  test.budget.wait(waiter);
  release(*segment);
  CHECK(waiter.calls == 1);

  Segment* const reserved = test.budget.progress_reserve().take(&test);
  test.budget.wait(waiter);
  release(*reserved);
  CHECK(waiter.calls == 2);
}

TEST_CASE("a charge for memory that the source did not have is no news") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  CountingWaiter waiter;
  test.budget.wait(waiter);
  for (const bool block : {false, true}) {
    test.memory.refuse_one_after(0);
    if (block) {
      CHECK_FALSE(Block::allocate(*account, 100));
    } else {
      CHECK(acquire_segment(*account) == nullptr);
    }
  }
  CHECK(waiter.calls == 0);
  CHECK(test.budget.statistics().pool(PoolKind::replies).used == 0);
  test.budget.stop_waiting(waiter);
}

TEST_CASE("an account that is closed is news") {
  TestBudget test;
  CountingWaiter waiter;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::cache);
    test.budget.wait(waiter);
  }
  CHECK(waiter.calls == 1);
  test.budget.stop_waiting(waiter);
}

}  // namespace
}  // namespace plimsoll::testing::waiter_test
