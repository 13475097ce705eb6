#include "plimsoll/core/memory/budget.h"

#include <numeric>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/base/failed_check.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing {
namespace {

constexpr std::size_t mib = 1024 * 1024;

TEST_CASE("a line below the minimum, or shares above the line, are refused with both numbers") {
  const Error low = Budget::validate({.memory_limit = mib - 1}).error();
  CHECK(low.code == ErrorCode::invalid_option);
  CHECK(low.value == mib - 1);
  CHECK(low.limit == memory_limit_min);
  const Error sum =
      Budget::validate({.requests_percent = 50, .replies_percent = 40, .pushes_percent = 11})
          .error();
  CHECK(sum.code == ErrorCode::invalid_option);
  CHECK(sum.value == 101);
  CHECK(sum.limit == 100);
  const Error huge =
      Budget::validate({.requests_percent = 4294967295, .replies_percent = 2}).error();
  CHECK(huge.value == 4294967307);
  CHECK(Budget::validate({.memory_limit = mib}).ok());
  CHECK(
      Budget::validate({.requests_percent = 50, .replies_percent = 50, .pushes_percent = 0}).ok());
}

TEST_CASE("each pool has its share of the line, and the others all of it") {
  const TestBudget test({.memory_limit = 10 * mib});
  CHECK(test.budget.limit(PoolKind::requests) == 10 * mib / 4);
  CHECK(test.budget.limit(PoolKind::replies) == 10 * mib / 4);
  CHECK(test.budget.limit(PoolKind::pushes) == mib);
  CHECK(test.budget.limit(PoolKind::cache) == 10 * mib);
  CHECK(test.budget.limit(PoolKind::connections) == 10 * mib);
}

TEST_CASE("a share of an odd or a huge line is exact") {
  CHECK(TestBudget({.memory_limit = mib + 7}).budget.limit(PoolKind::requests) == (mib + 7) / 4);
  const std::size_t huge = SIZE_MAX - 3;
  CHECK(TestBudget({.memory_limit = huge}).budget.limit(PoolKind::requests) == huge / 4);
}

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

TEST_CASE("one pool that is full leaves the others their shares") {
  TestBudget test;
  const AccountHandle requests = test.budget.open_account(PoolKind::requests);
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  Charge filling(*requests);
  REQUIRE(filling.grow(test.budget.limit(PoolKind::requests)));
  Charge other(*replies);
  CHECK(other.grow(test.budget.limit(PoolKind::replies)));
}

TEST_CASE("all pools together are granted the line to the byte, and no more") {
  TestBudget test;
  const AccountHandle cache = test.budget.open_account(PoolKind::cache);
  const AccountHandle replies = test.budget.open_account(PoolKind::replies);
  Charge entries(*cache);
  REQUIRE(entries.grow(64 * mib - test.used()));
  CHECK(test.used() == 64 * mib);
  Charge reply(*replies);
  CHECK_FALSE(reply.grow(1));
  CHECK_FALSE(entries.grow(1));
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
  const AccountHandle cache = test.budget.open_account(PoolKind::cache);
  release(*acquire_segment(*replies));
  REQUIRE(test.used(PoolKind::spare) == reserve_bytes + segment_bytes);
  Charge charge(*cache);
  CHECK(charge.grow(64 * mib - test.used() + segment_bytes));
  CHECK(test.used(PoolKind::spare) == reserve_bytes);
  CHECK(test.memory.segments_out() == 0);
  CHECK(test.refused(PoolKind::cache) == 0);
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

TEST_CASE("every pool has a name of its own") {
  CHECK(std::string(name(PoolKind::cache)) == "cache");
  CHECK(std::string(name(PoolKind::requests)) == "requests");
  CHECK(std::string(name(PoolKind::replies)) == "replies");
  CHECK(std::string(name(PoolKind::pushes)) == "pushes");
  CHECK(std::string(name(PoolKind::connections)) == "connections");
  CHECK(std::string(name(PoolKind::spare)) == "spare");
}

}  // namespace
}  // namespace plimsoll::testing
