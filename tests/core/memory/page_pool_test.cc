#include "plimsoll/core/memory/page_pool.h"

#include <cstring>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::page_pool_test {
namespace {

void fill(PagePool& pool, void* page) { std::memset(page, 7, pool.page_bytes()); }

TEST_CASE("a page in use is charged to who took it, at what it costs") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  const std::size_t before = test.memory.bytes_out();
  for (PagePool* pool : {&test.budget.segments(), &test.budget.chunks()}) {
    void* const page = pool->acquire(*account);
    REQUIRE(page != nullptr);
    fill(*pool, page);
    CHECK(test.used(PoolKind::replies) == pool->page_charge());
    CHECK(test.memory.bytes_out() - before == pool->page_charge());
    pool->release(page, *account);
    CHECK(pool->reclaim() == pool->page_charge());
    CHECK(test.memory.bytes_out() == before);
  }
}

TEST_CASE("a page that was released is kept for the next, at nobody's cost but the line's") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  PagePool& pool = test.budget.chunks();
  void* const page = pool.acquire(*account);
  pool.release(page, *account);
  CHECK(test.used(PoolKind::replies) == 0);
  CHECK(test.used(PoolKind::spare) == reserve_bytes + pool.page_charge());
  const std::size_t asked = test.memory.requests_count();
  void* const again = pool.acquire(*account);
  CHECK(again == page);
  CHECK(test.memory.requests_count() == asked);
  CHECK(test.used(PoolKind::spare) == reserve_bytes);
  fill(pool, again);
  pool.release(again, *account);
}

TEST_CASE("no more pages are kept than a sixteenth of a small line holds") {
  TestBudget test({.memory_limit = memory_limit_min});
  const AccountHandle account = test.budget.open_account(PoolKind::cache);
  std::vector<void*> pages;
  while (void* const page = test.budget.segments().acquire(*account)) pages.push_back(page);
  CHECK(pages.size() >= 9);
  for (void* const page : pages) test.budget.segments().release(page, *account);
  CHECK(test.used(PoolKind::spare) - reserve_bytes <= memory_limit_min / 8);
  CHECK(test.memory.segments_out() * segment_bytes == test.used(PoolKind::spare) - reserve_bytes);
}

TEST_CASE("a page is refused where the pool has no room, kept or not") {
  TestBudget test({.memory_limit = memory_limit_min});
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  PagePool& segments = test.budget.segments();
  segments.release(segments.acquire(*account), *account);
  Charge charge(*account);
  REQUIRE(charge.grow(test.budget.limit(PoolKind::replies) - segment_bytes + 1));
  CHECK(segments.acquire(*account) == nullptr);
  CHECK(test.refused(PoolKind::replies) == 1);
  charge.shrink(1);
  void* const page = segments.acquire(*account);
  CHECK(page != nullptr);
  segments.release(page, *account);
}

TEST_CASE("a source without memory refuses a page, and nothing stays charged") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  for (PagePool* pool : {&test.budget.segments(), &test.budget.chunks()}) {
    test.memory.refuse_one_after(0);
    CHECK(pool->acquire(*account) == nullptr);
    CHECK(test.used(PoolKind::replies) == 0);
    void* const page = pool->acquire(*account);
    CHECK(page != nullptr);
    pool->release(page, *account);
  }
}

TEST_CASE("a page may be the last that an account pays for") {
  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::replies);
  Account& closed = *account;
  void* const page = test.budget.chunks().acquire(closed);
  account = AccountHandle();
  test.budget.chunks().release(page, closed);
  CHECK(test.used(PoolKind::connections) == 0);
}

}  // namespace
}  // namespace plimsoll::testing::page_pool_test
