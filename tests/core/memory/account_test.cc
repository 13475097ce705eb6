#include "plimsoll/core/memory/account.h"

#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::account_test {
namespace {

TEST_CASE("an account is charged to the connections, at what its memory costs") {
  TestBudget test;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::cache);
    REQUIRE(account);
    CHECK(account->pool() == PoolKind::cache);
    CHECK(&account->budget() == &test.budget);
    CHECK(test.used(PoolKind::connections) == test.memory.bytes_out());
    CHECK(test.used(PoolKind::connections) > 0);
  }
  CHECK(test.used() == reserve_bytes);
  CHECK(test.memory.bytes_out() == 0);
}

TEST_CASE("an account that nobody can pay for is empty") {
  TestBudget test;
  const Filling filling(test.budget);
  REQUIRE(filling.full());
  CHECK_FALSE(test.budget.open_account(PoolKind::cache));
}

TEST_CASE("an account gets the room of kept pages") {
  TestBudget test;
  const AccountHandle cache = test.budget.open_account(PoolKind::cache);
  test.budget.chunks().release(test.budget.chunks().acquire(*cache), *cache);
  const Filling filling(test.budget);
  REQUIRE(filling.full());
  CHECK(test.budget.open_account(PoolKind::cache));
}

TEST_CASE("an account lives until the last charge on it is released") {
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::replies);
  Charge first(*account);
  Charge second(*account);
  REQUIRE(first.grow(100));
  REQUIRE(second.grow(11));
  account = AccountHandle();
  CHECK(test.used(PoolKind::connections) > 0);
  first.shrink(100);
  CHECK(test.used(PoolKind::replies) == 11);
  CHECK(test.used(PoolKind::connections) > 0);
  {
    const Charge last = std::move(second);
  }
  CHECK(test.used() == reserve_bytes);
  CHECK(test.memory.blocks_out() == 0);
}

TEST_CASE("handles move, and close their account once") {
  TestBudget test;
  AccountHandle first = test.budget.open_account(PoolKind::cache);
  const Account* const account = &*first;
  AccountHandle second = std::move(first);
  CHECK(&*second == account);
  AccountHandle third;
  third = std::move(second);
  CHECK(&*third == account);
  CHECK(test.memory.blocks_out() == 1);
}

TEST_CASE("a charge grows and shrinks, and gives back what is left at its end") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::cache);
  {
    Charge charge(*account);
    CHECK(charge.bytes() == 0);
    REQUIRE(charge.grow(100));
    REQUIRE(charge.grow(20));
    charge.shrink(50);
    CHECK(charge.bytes() == 70);
    CHECK(test.used(PoolKind::cache) == 70);
  }
  CHECK(test.used(PoolKind::cache) == 0);
}

TEST_CASE("charges split and merge without asking for more") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::cache);
  Charge whole(*account);
  REQUIRE(whole.grow(100));
  Charge part = whole.split(30);
  CHECK(whole.bytes() == 70);
  CHECK(part.bytes() == 30);
  CHECK(test.used(PoolKind::cache) == 100);
  part.merge(whole.split(20));
  CHECK(part.bytes() == 50);
  whole.merge(std::move(part));
  CHECK(whole.bytes() == 100);
  CHECK(test.used(PoolKind::cache) == 100);
}

TEST_CASE("a charge that was moved from is empty") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::cache);
  Charge from(*account);
  REQUIRE(from.grow(10));
  Charge to = std::move(from);
  CHECK(to.bytes() == 10);
  Charge other(*account);
  REQUIRE(other.grow(5));
  to = std::move(other);
  CHECK(to.bytes() == 5);
}

TEST_CASE("giving back more than was granted fails a CHECK") {
  CHECK(failed_check([] {
          TestBudget test;
          const AccountHandle account = test.budget.open_account(PoolKind::cache);
          Charge charge(*account);
          charge.shrink(charge.grow(10) ? 11 : 0);
        }) == "bytes <= bytes_");
  CHECK(failed_check([] { static_cast<void>(Charge().grow(1)); }) == "account_ != nullptr");
}

}  // namespace
}  // namespace plimsoll::testing::account_test
