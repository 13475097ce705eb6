#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// The Budget's ticks: who does them, when there is anything to do, and how free pages age.

namespace plimsoll::testing::ticks_test {
namespace {

using namespace std::chrono_literals;

const int first_user = 1;
const int second_user = 2;

void keep_pages(TestBudget& test, std::size_t count) {
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  std::vector<Segment*> segments;
  for (std::size_t i = 0; i < count; ++i) segments.push_back(acquire_segment(*account));
  for (Segment* const segment : segments) release(*segment);
}

void tick(TestBudget& test, Instant& now) {
  const Instant due = test.budget.poll_timeout(&test, now);
  REQUIRE(due <= now + budget_tick);
  now = due;
  test.budget.handle_timeout(now);
}

TEST_CASE("a Budget with nothing to do wants no tick") {
  TestBudget test;
  CHECK(test.budget.poll_timeout(&first_user, Instant{}) == never);
}

TEST_CASE("one of those who use a Budget is told of its ticks, until it leaves") {
  TestBudget test;
  keep_pages(test, 1);
  CHECK(test.budget.poll_timeout(&first_user, Instant{5s}) == Instant{6s});
  CHECK(test.budget.poll_timeout(&second_user, Instant{5s}) == never);
  CHECK(test.budget.poll_timeout(&first_user, Instant{5500ms}) == Instant{6s});
  test.budget.leave(&second_user);
  CHECK(test.budget.poll_timeout(&second_user, Instant{5s}) == never);
  test.budget.leave(&first_user);
  CHECK(test.budget.poll_timeout(&second_user, Instant{5s}) == Instant{6s});
}

TEST_CASE("whoever comes by when a tick is due does it, once") {
  TestBudget test;
  keep_pages(test, 1);
  REQUIRE(test.budget.poll_timeout(&first_user, Instant{}) == Instant{1s});
  test.budget.handle_timeout(Instant{999ms});
  CHECK(test.budget.poll_timeout(&first_user, Instant{}) == Instant{1s});
  test.budget.handle_timeout(Instant{3s});
  CHECK(test.budget.poll_timeout(&second_user, Instant{3s}) == Instant{4s});
  CHECK(test.budget.poll_timeout(&first_user, Instant{3s}) == never);
}

TEST_CASE("a free page that nobody needs goes back after ten ticks, and then all is quiet") {
  TestBudget test;
  keep_pages(test, 3);
  Instant now{};
  for (unsigned i = 0; i <= free_page_ticks_max; ++i) {
    CHECK(test.budget.statistics().segments.pooled == 3 * segment_bytes);
    tick(test, now);
  }
  const PageStatistics segments = test.budget.statistics().segments;
  CHECK(segments.pooled == 0);
  CHECK(segments.live == 0);
  CHECK(segments.returned == 3 * segment_bytes);
  CHECK(test.memory.segments_out() == 0);
  CHECK(test.budget.poll_timeout(&test, now) == never);
}

TEST_CASE("pages that are used now and then stay, and those that are not do not") {
  TestBudget test;
  keep_pages(test, 3);
  Instant now{};
  for (unsigned i = 0; i <= free_page_ticks_max; ++i) {
    keep_pages(test, 2);
    tick(test, now);
  }
  CHECK(test.budget.statistics().segments.pooled == 2 * segment_bytes);
}

TEST_CASE("who waits is told at a tick, in case that more may be had now") {
  TestBudget test;
  const Filling filling(test.budget);
  struct Waiter final : BudgetWaiter {
    void handle_budget_available() override { ++calls; }
    int calls = 0;
  } waiter;
  CHECK_FALSE(test.budget.open_account(PoolKind::replies));
  test.budget.wait(waiter);
  Instant now{};
  tick(test, now);
  CHECK(waiter.calls == 1);
}

TEST_CASE("each account says whose it is, what it has, and who waits") {
  TestBudget test;
  const std::uint64_t owner = test.budget.next_owner();
  CHECK(test.budget.next_owner() == owner + 1);
  const AccountHandle requests = test.budget.open_account(PoolKind::requests, owner);
  const AccountHandle replies = test.budget.open_account(PoolKind::replies, owner + 1);
  Charge charge(*requests);
  REQUIRE(charge.grow(700));
  charge.shrink(200);
  CHECK_FALSE(charge.grow(64 * 1024 * 1024));
  replies->add_waiting(3);
  replies->add_waiting(-1);

  std::array<AccountStatistics, 4> accounts;
  REQUIRE(test.budget.account_statistics(accounts) == 2);
  CHECK(accounts[0].owner == owner);
  CHECK(accounts[0].pool == PoolKind::requests);
  CHECK(accounts[0].used == 500);
  CHECK(accounts[0].peak == 700);
  CHECK(accounts[0].refused == 1);
  CHECK(accounts[0].limit == test.budget.limit(PoolKind::requests));
  CHECK(accounts[1].waiting == 2);
  CHECK(test.of(PoolKind::replies).waiting == 2);
  CHECK(test.of(PoolKind::requests).accounts == 1);
  CHECK(test.budget.account_statistics({}) == 2);
}

}  // namespace
}  // namespace plimsoll::testing::ticks_test
