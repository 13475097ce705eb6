#include "plimsoll/core/memory/segment.h"

#include <cstdint>
#include <cstring>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::segment_test {
namespace {

TEST_CASE("a fresh segment has one holder, a payer, and room for its capacity") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Segment* const segment = acquire_segment(*account);
  REQUIRE(segment != nullptr);
  CHECK(segment->next == nullptr);
  CHECK(segment->holders == 1);
  CHECK(segment->payer == &*account);
  CHECK(segment->budget == &test.budget);
  CHECK(segment->filled == 0);
  CHECK(segment->live == 0);
  CHECK(segment->size() == SegmentSize::whole);
  CHECK(static_cast<std::size_t>(segment->end() - segment->begin()) == segment_capacity);
  CHECK(reinterpret_cast<std::uintptr_t>(segment->begin()) % alignof(std::max_align_t) == 0);
  std::memset(segment->begin(), 7, segment_capacity);
  CHECK(test.used(PoolKind::requests) == segment_bytes);
  release(*segment);
  CHECK(test.used(PoolKind::requests) == 0);
}

TEST_CASE("a segment lives until its last holder lets go") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Segment* const segment = acquire_segment(*account);
  hold(*segment);
  hold(*segment);
  release(*segment);
  release(*segment);
  CHECK(test.used(PoolKind::requests) == segment_bytes);
  release(*segment);
  CHECK(test.used(PoolKind::requests) == 0);
}

TEST_CASE("a segment that is used again starts afresh") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Segment* const first = acquire_segment(*account);
  first->filled = 5;
  first->live = 6;
  first->position = 7;
  first->next = first;
  release(*first);
  Segment* const again = acquire_segment(*account);
  CHECK(again == first);
  CHECK(again->filled == 0);
  CHECK(again->live == 0);
  CHECK(again->position == 0);
  CHECK(again->next == nullptr);
  CHECK(again->holders == 1);
  release(*again);
}

TEST_CASE("a small segment lies in a chunk, costs no more than that, and goes back to the chunks") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Segment* const segment = acquire_segment(*account, SegmentSize::small);
  REQUIRE(segment != nullptr);
  CHECK(segment->size() == SegmentSize::small);
  CHECK(static_cast<std::size_t>(segment->end() - segment->begin()) == small_segment_capacity);
  std::memset(segment->begin(), 7, small_segment_capacity);
  CHECK(test.used(PoolKind::requests) == charge_for(SegmentSize::small, test.budget));
  CHECK(charge_for(SegmentSize::small, test.budget) == test.budget.chunks().page_charge());
  CHECK(charge_for(SegmentSize::whole, test.budget) == segment_bytes);
  CHECK(test.budget.statistics().segments.live == 0);
  hold(*segment);
  release(*segment);
  CHECK(test.budget.chunks().kept_count() == 0);
  release(*segment);
  CHECK(test.budget.chunks().kept_count() == 1);
  CHECK(test.used(PoolKind::requests) == 0);
}

TEST_CASE("a small segment is refused where not even a chunk is left") {
  TestBudget test({.memory_limit = memory_limit_min});
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Charge charge(*account);
  const std::size_t small = charge_for(SegmentSize::small, test.budget);
  REQUIRE(charge.grow(test.budget.limit(PoolKind::requests) - small));
  CHECK(acquire_segment(*account) == nullptr);
  Segment* const segment = acquire_segment(*account, SegmentSize::small);
  REQUIRE(segment != nullptr);
  CHECK(acquire_segment(*account, SegmentSize::small) == nullptr);
  release(*segment);
}

TEST_CASE("a segment is refused where its pool is full") {
  TestBudget test({.memory_limit = memory_limit_min});
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  Charge charge(*account);
  REQUIRE(charge.grow(test.budget.limit(PoolKind::requests)));
  CHECK(acquire_segment(*account) == nullptr);
}

}  // namespace
}  // namespace plimsoll::testing::segment_test
