#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

// What a busy account sets aside, so that most of its charges need no lock.

namespace plimsoll::testing::set_aside_test {
namespace {

using namespace std::chrono_literals;

// Charges often enough to be busy, and leaves nothing behind.
void be_busy(Account& account) {
  for (int i = 0; i < 100; ++i) {
    Charge charge(account);
    REQUIRE(charge.grow(10));
  }
}

// What the line has granted, leases counted.
std::size_t granted(TestBudget& test) {
  std::array<AccountStatistics, 16> accounts;
  const std::size_t count = test.budget.account_statistics(accounts);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += accounts[i].peak;
  return sum;
}

TEST_CASE("an account that is hardly used sets nothing aside") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  for (int i = 0; i < 10; ++i) {
    Charge charge(*account);
    REQUIRE(charge.grow(10));
  }
  CHECK(granted(test) == 10);
  CHECK(test.budget.poll_timeout(&test, Instant{}) == never);
}

TEST_CASE("what a busy account sets aside is bounded, and not told as used") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  be_busy(*account);
  CHECK(granted(test) > 10);
  CHECK(granted(test) <= 10 + allowance_bytes_max);
  CHECK(test.used(PoolKind::pushes) == 0);
  Charge charge(*account);
  REQUIRE(charge.grow(1000));
  CHECK(test.used(PoolKind::pushes) == 1000);
  test.budget.validate();
}

TEST_CASE("what was set aside goes back when others are short of it") {
  TestBudget test({.borrowing = false});
  const AccountHandle busy = test.budget.open_account(PoolKind::pushes);
  const AccountHandle other = test.budget.open_account(PoolKind::pushes);
  be_busy(*busy);
  Charge all(*other);
  CHECK(all.grow(test.of(PoolKind::pushes).share));
  CHECK_FALSE(all.grow(1));
  test.budget.validate();
}

TEST_CASE("what was set aside goes back at the next tick, and the Budget wants one") {
  TestBudget test({.borrowing = false});
  const AccountHandle busy = test.budget.open_account(PoolKind::pushes);
  be_busy(*busy);
  REQUIRE(test.budget.poll_timeout(&test, Instant{}) == Instant{1s});
  test.budget.handle_timeout(Instant{1s});
  test.budget.validate();
  CHECK(test.budget.poll_timeout(&test, Instant{1s}) == never);
  const AccountHandle other = test.budget.open_account(PoolKind::pushes);
  Charge all(*other);
  CHECK(all.grow(test.of(PoolKind::pushes).share));
}

TEST_CASE("while anyone waits each release is news: nothing is set aside") {
  TestBudget test;
  const AccountHandle busy = test.budget.open_account(PoolKind::pushes);
  be_busy(*busy);
  Charge charge(*busy);
  REQUIRE(charge.grow(10));
  CountingWaiter waiter;
  test.budget.wait(waiter);
  charge.shrink(1);
  CHECK(waiter.calls == 1);
  test.budget.wait(waiter);
  {
    Charge more(*busy);
    for (int i = 0; i < 100; ++i) REQUIRE(more.grow(10));
    CHECK(waiter.calls == 1);
    more.shrink(1);
    CHECK(waiter.calls == 2);
  }
  CHECK(waiter.calls == 2);
}

TEST_CASE("an account that ends takes nothing along that it had set aside") {
  TestBudget test;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::pushes);
    be_busy(*account);
  }
  CHECK(test.used() == reserve_bytes);
  test.budget.validate();
}

TEST_CASE("a charge that outlives a busy account is released all the same") {
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::pushes);
  be_busy(*account);
  Charge charge(*account);
  REQUIRE(charge.grow(10));
  account = AccountHandle();
  test.budget.validate();
  CHECK(test.used(PoolKind::pushes) == 10);
  charge.shrink(10);
  CHECK(test.used() == reserve_bytes);
}

TEST_CASE("much that is released does not stay set aside") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  Charge charge(*account);
  for (int i = 0; i < 1000; ++i) REQUIRE(charge.grow(4000));
  while (charge.bytes() > 0) charge.shrink(4000);
  const AccountHandle other = test.budget.open_account(PoolKind::pushes);
  std::array<AccountStatistics, 4> accounts;
  REQUIRE(test.budget.account_statistics(accounts) == 2);
  test.budget.validate();
  CHECK(test.used(PoolKind::pushes) == 0);
}

}  // namespace
}  // namespace plimsoll::testing::set_aside_test
