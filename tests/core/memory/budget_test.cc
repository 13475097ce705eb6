#include "plimsoll/core/memory/budget.h"

#include <numeric>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::budget_test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

TEST_CASE("the progress reserve is charged from the first, and taken from nobody yet") {
  const TestBudget test;
  CHECK(test.used() == reserve_bytes);
  CHECK(test.used(PoolKind::spare) == reserve_bytes);
  CHECK(test.memory.requests_count() == 0);
}

TEST_CASE("a pool is granted its share to the byte, and refused the byte after") {
  TestBudget test;
  const AccountHandle requests = test.budget.open_account(PoolKind::requests);
  Charge charge(*requests);
  REQUIRE(charge.grow(test.budget.limit(PoolKind::requests)));
  CHECK_FALSE(charge.grow(1));
  CHECK(charge.bytes() == test.budget.limit(PoolKind::requests));
  CHECK(test.refused(PoolKind::requests) == 1);
  charge.shrink(1);
  CHECK(charge.grow(1));
}

TEST_CASE("one pool that is full leaves the others half of their shares") {
  TestBudget test;
  const AccountHandle requests = test.budget.open_account(PoolKind::requests);
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  Charge filling(*requests);
  REQUIRE(filling.grow(test.budget.limit(PoolKind::requests)));
  Charge other(*replies);
  CHECK(other.grow(test.of(PoolKind::replies).share / 2));
}

TEST_CASE("all pools together are granted the line to the byte, and no more") {
  TestBudget test;
  Filling filling(test.budget);
  REQUIRE(filling.full());
  CHECK(test.used() == 64 * mib);
  CHECK_FALSE(filling.of(PoolKind::replies).grow(1));
  CHECK_FALSE(filling.of(PoolKind::cache).grow(1));
  CHECK(test.refused(PoolKind::replies) == 1);
  CHECK(test.refused(PoolKind::cache) == 1);
  CHECK(test.budget.statistics().peak == 64 * mib);
}

TEST_CASE("a charge of more than there are numbers is refused") {
  TestBudget test;
  const AccountHandle cache = test.budget.open_account(PoolKind::cache);
  Charge charge(*cache);
  REQUIRE(charge.grow(1));
  CHECK_FALSE(charge.grow(SIZE_MAX));
  CHECK_FALSE(charge.grow(SIZE_MAX - 1));
  CHECK(charge.bytes() == 1);
}

TEST_CASE("what is used is the sum over the pools, and peaks stay") {
  TestBudget test;
  const AccountHandle cache = test.budget.open_account(PoolKind::cache);
  const AccountHandle pushes = test.budget.open_account(PoolKind::pushes);
  {
    Charge one(*cache);
    Charge two(*pushes);
    REQUIRE(one.grow(1000));
    REQUIRE(two.grow(234));
    const BudgetStatistics all = test.budget.statistics();
    const auto sum = std::accumulate(
        all.pools.begin(), all.pools.end(), std::size_t{0},
        [](std::size_t bytes, const PoolStatistics& pool) { return bytes + pool.used; });
    CHECK(all.used == sum);
    CHECK(test.used(PoolKind::cache) == 1000);
    CHECK(test.used(PoolKind::pushes) == 234);
  }
  CHECK(test.used(PoolKind::cache) == 0);
  CHECK(test.of(PoolKind::cache).peak == 1000);
  CHECK(test.of(PoolKind::pushes).peak == 234);
}

TEST_CASE("kept pages are given back before anything is refused") {
  TestBudget test;
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  release(*acquire_segment(*replies));
  REQUIRE(test.used(PoolKind::spare) == reserve_bytes + segment_bytes);
  Filling filling(test.budget);
  REQUIRE(filling.full());
  CHECK(test.used(PoolKind::spare) == reserve_bytes + segment_bytes);
  CHECK(filling.of(PoolKind::connections).grow(segment_bytes));
  CHECK(test.used(PoolKind::spare) == reserve_bytes);
  CHECK(test.memory.segments_out() == 0);
  CHECK(test.refused(PoolKind::connections) == 0);
}

TEST_CASE("kept pages stay where a pool's own share is what refuses") {
  TestBudget test;
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  release(*acquire_segment(*replies));
  Charge charge(*replies);
  CHECK_FALSE(charge.grow(test.budget.limit(PoolKind::replies) + 1));
  CHECK(test.used(PoolKind::spare) == reserve_bytes + segment_bytes);
}

TEST_CASE("a Budget that ends before what is charged to it fails a CHECK") {
  CHECK_FALSE(failed_check([] {
                TestMemory memory;
                AccountHandle account;
                {
                  Budget budget({}, memory);
                  account = budget.open_account(PoolKind::cache);
                }
              }).empty());
}

}  // namespace
}  // namespace plimsoll::testing::budget_test
