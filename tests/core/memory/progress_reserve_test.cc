#include "plimsoll/core/memory/progress_reserve.h"

#include <cstring>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::progress_reserve_test {
namespace {

// Readers are told apart by address, and are not looked at.
const int first_reader = 1;
const int second_reader = 2;

TEST_CASE("one reader at a time has both segments of the reserve, and no more") {
  TestBudget test;
  ProgressReserve& reserve = test.budget.progress_reserve();
  Segment* const one = reserve.take(&first_reader);
  Segment* const two = reserve.take(&first_reader);
  REQUIRE(one != nullptr);
  REQUIRE(two != nullptr);
  CHECK(one->payer == nullptr);
  std::memset(one->begin(), 7, segment_capacity);
  CHECK(reserve.take(&first_reader) == nullptr);
  CHECK(reserve.take(&second_reader) == nullptr);
  release(*one);
  CHECK(reserve.take(&second_reader) == nullptr);
  release(*two);
  Segment* const next = reserve.take(&second_reader);
  CHECK(next != nullptr);
  release(*next);
}

TEST_CASE("a reader that has one segment of the reserve may have the other") {
  TestBudget test;
  ProgressReserve& reserve = test.budget.progress_reserve();
  Segment* const one = reserve.take(&first_reader);
  Segment* const two = reserve.take(&first_reader);
  release(*one);
  Segment* const again = reserve.take(&first_reader);
  CHECK(again != nullptr);
  release(*two);
  release(*again);
}

TEST_CASE(
    "the reserve costs nothing beyond what was charged at the start, and serves a full line") {
  TestBudget test;
  const Filling filling(test.budget);
  REQUIRE(filling.full());
  Segment* const segment = test.budget.progress_reserve().take(&first_reader);
  CHECK(segment != nullptr);
  CHECK(test.used() == test.budget.statistics().limit);
  release(*segment);
  CHECK(test.used() == test.budget.statistics().limit);
}

TEST_CASE("the reserve's segments are taken from the source once") {
  TestBudget test;
  ProgressReserve& reserve = test.budget.progress_reserve();
  release(*reserve.take(&first_reader));
  release(*reserve.take(&second_reader));
  CHECK(test.memory.segments_out() == 1);
  CHECK(test.memory.requests_count() == 1);
}

TEST_CASE("a source without memory leaves the reserve empty for now, and free for the next") {
  TestBudget test;
  ProgressReserve& reserve = test.budget.progress_reserve();
  test.memory.refuse_one_after(0);
  CHECK(reserve.take(&first_reader) == nullptr);
  Segment* const segment = reserve.take(&second_reader);
  CHECK(segment != nullptr);
  release(*segment);
}

}  // namespace
}  // namespace plimsoll::testing::progress_reserve_test
