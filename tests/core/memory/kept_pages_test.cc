#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account_state.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// The pages that a busy account keeps, so that it takes and releases them without a lock.

namespace plimsoll::testing::kept_pages_test {
namespace {

using namespace std::chrono_literals;

// Takes and releases a small segment so often that the account is busy.
void be_busy(Account& account) {
  for (int i = 0; i < 100; ++i) {
    Segment* const segment = acquire_segment(account, SegmentSize::small);
    REQUIRE(segment != nullptr);
    release(*segment);
  }
}

std::size_t chunk_charge(TestBudget& test) { return test.budget.chunks().page_charge(); }

TEST_CASE("as long as they are closed there is no room and no page") {
  KeptPages kept;
  int page = 0;
  CHECK_FALSE(kept.is_open());
  CHECK_FALSE(kept.put(&page));
  CHECK(kept.take() == nullptr);
  CHECK(kept.count() == 0);
}

TEST_CASE("open ones have room for two pages") {
  KeptPages kept;
  kept.open();
  std::array<int, 3> pages{};
  CHECK(kept.is_open());
  CHECK(kept.take() == nullptr);
  CHECK(kept.put(&pages[0]));
  CHECK(kept.put(&pages[1]));
  CHECK_FALSE(kept.put(&pages[2]));
  CHECK(kept.count() == 2);
  CHECK(kept.take() == &pages[0]);
  CHECK(kept.put(&pages[2]));
  CHECK(kept.take() == &pages[2]);
  int taken_back = 0;
  kept.close([&](void* page) {
    CHECK(page == &pages[1]);
    ++taken_back;
  });
  CHECK(taken_back == 1);
  CHECK_FALSE(kept.is_open());
  CHECK(kept.count() == 0);
}

TEST_CASE("an account that takes few pages keeps none") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  for (int i = 0; i < 8; ++i) {
    Segment* const segment = acquire_segment(*account, SegmentSize::small);
    REQUIRE(segment != nullptr);
    release(*segment);
  }
  CHECK(test.budget.chunks().kept_count() == 1);
}

TEST_CASE("what a busy account keeps counts as free pages") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  const std::size_t used = test.used();
  be_busy(*account);
  CHECK(test.budget.chunks().kept_count() == 0);
  CHECK(test.used(PoolKind::replies) == 0);
  CHECK(test.of(PoolKind::spare).used == reserve_bytes + chunk_charge(test));
  const BudgetStatistics all = test.budget.statistics();
  CHECK(all.chunks.live == 0);
  CHECK(all.chunks.pooled == chunk_charge(test));
  CHECK(all.used == used + chunk_charge(test));
  test.budget.validate();
  // Of three pages that it releases, the third is everybody's.
  std::array<Segment*, 3> segments{};
  for (Segment*& segment : segments) segment = acquire_segment(*account, SegmentSize::small);
  CHECK(test.used(PoolKind::replies) == 3 * chunk_charge(test));
  for (Segment* const segment : segments) release(*segment);
  CHECK(test.budget.chunks().kept_count() == 1);
  CHECK(test.budget.statistics().chunks.pooled == 3 * chunk_charge(test));
  CHECK(test.used(PoolKind::replies) == 0);
  test.budget.validate();
}

TEST_CASE("a queue begins with a page if it wants to and its account keeps some") {
  using Numbers = Queue<std::uint64_t>;
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Numbers drained(*account, 10'000, Numbers::FirstChunk::page_if_kept);
  Numbers lasting(*account, 10'000);
  const auto first_chunk_of = [](Numbers& queue) {
    REQUIRE(queue.push_back(1) == Numbers::Push::accepted);
    const std::size_t capacity = queue.capacity();
    queue.pop_front();
    return capacity;
  };
  CHECK(first_chunk_of(drained) == Numbers::elements_in_first_chunk);
  be_busy(*account);
  const std::size_t out = test.memory.bytes_out();
  for (int i = 0; i < 3; ++i) {
    CHECK(first_chunk_of(drained) == Numbers::elements_per_chunk);
    CHECK(test.used(PoolKind::requests) == 0);
    CHECK(test.memory.bytes_out() == out);
  }
  CHECK(first_chunk_of(lasting) == Numbers::elements_in_first_chunk);
  test.budget.validate();
}

TEST_CASE("whole segments are not kept") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  for (int i = 0; i < 100; ++i) release(*acquire_segment(*account));
  CHECK(test.budget.segments().kept_count() == 1);
  test.budget.validate();
}

TEST_CASE("the page goes back when its pool is short of it") {
  TestBudget test({.borrowing = false});
  const AccountHandle busy = test.budget.open_account(PoolKind::replies);
  const AccountHandle other = test.budget.open_account(PoolKind::replies);
  be_busy(*busy);
  Charge all(*other);
  CHECK(all.grow(test.of(PoolKind::replies).share));
  CHECK_FALSE(all.grow(1));
  test.budget.validate();
}

TEST_CASE("the page goes back when the line is short of it") {
  TestBudget test;
  const AccountHandle busy = test.budget.open_account(PoolKind::replies);
  be_busy(*busy);
  Filling filling(test.budget);
  REQUIRE(filling.full());
  // The free page is missing in the share of the pool that was filled last.
  CHECK(filling.of(PoolKind::connections).grow(chunk_charge(test)));
  CHECK_FALSE(filling.of(PoolKind::connections).grow(1));
  CHECK(test.memory.bytes_out() < chunk_bytes);
  test.budget.validate();
}

TEST_CASE("the page goes back when another account needs a page, and the line is full") {
  TestBudget test;
  const AccountHandle busy = test.budget.open_account(PoolKind::replies);
  const AccountHandle other = test.budget.open_account(PoolKind::connections);
  be_busy(*busy);
  Filling filling(test.budget);
  REQUIRE(filling.full());
  Segment* const segment = acquire_segment(*other, SegmentSize::small);
  CHECK(segment != nullptr);
  CHECK(acquire_segment(*other, SegmentSize::small) == nullptr);
  if (segment != nullptr) release(*segment);
  test.budget.validate();
}

TEST_CASE("the page becomes a free one at the next tick, and ages like those") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  const std::size_t used = test.used();
  be_busy(*account);
  Instant now = test.budget.poll_timeout(&test, Instant{});
  REQUIRE(now == Instant{1s});
  test.budget.handle_timeout(now);
  CHECK(test.budget.chunks().kept_count() == 1);
  test.budget.validate();
  for (unsigned tick = 0; tick < free_page_ticks_max + 2; ++tick) {
    now = test.budget.poll_timeout(&test, now);
    if (now == never) break;
    test.budget.handle_timeout(now);
  }
  CHECK(now == never);
  CHECK(test.used() == used);
}

TEST_CASE("a lower line takes the page back, and gives it back") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  const std::size_t used = test.used();
  be_busy(*account);
  REQUIRE(test.budget.set_memory_limit(memory_limit_min).ok());
  CHECK(test.budget.chunks().kept_count() == 0);
  CHECK(test.used() == used);
  test.budget.validate();
}

TEST_CASE("while anyone waits, a page that is released is news") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  be_busy(*account);
  CountingWaiter waiter;
  test.budget.wait(waiter);
  CHECK(test.budget.chunks().kept_count() == 1);
  Segment* const segment = acquire_segment(*account, SegmentSize::small);
  release(*segment);
  CHECK(waiter.calls == 1);
  test.budget.wait(waiter);
  be_busy(*account);
  CHECK(waiter.calls == 2);
  test.budget.validate();
}

TEST_CASE("an account with a share that a page is a great part of keeps none") {
  TestBudget test({.memory_limit = memory_limit_min});
  const AccountHandle account = test.budget.open_account(PoolKind::pushes);
  REQUIRE(test.of(PoolKind::pushes).share / 64 < chunk_charge(test));
  be_busy(*account);
  CHECK(test.budget.chunks().kept_count() == 1);
}

TEST_CASE("an account that ends gives its page up") {
  TestBudget test;
  Segment* outlives = nullptr;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::replies);
    outlives = acquire_segment(*account, SegmentSize::small);
    be_busy(*account);
  }
  CHECK(test.budget.chunks().kept_count() == 1);
  test.budget.validate();
  release(*outlives);
  CHECK(test.budget.chunks().kept_count() == 2);
  test.budget.chunks().reclaim();
  CHECK(test.used() == reserve_bytes);
  CHECK(test.memory.bytes_out() == 0);
}

TEST_CASE("what does not fit among the free pages goes back to the source") {
  TestBudget test;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::replies);
    std::array<Segment*, 3> segments{};
    test.budget.chunks().set_kept_max(1);
    be_busy(*account);
    for (Segment*& segment : segments) segment = acquire_segment(*account, SegmentSize::small);
    for (Segment* const segment : segments) release(*segment);
    CHECK(test.budget.chunks().kept_count() == 1);
  }
  CHECK(test.budget.chunks().kept_count() == 1);
  CHECK(test.used() == reserve_bytes + chunk_charge(test));
  test.budget.validate();
}

}  // namespace
}  // namespace plimsoll::testing::kept_pages_test
