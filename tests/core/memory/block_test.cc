#include "plimsoll/core/memory/block.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::block_test {
namespace {

TEST_CASE("a block of any size is charged at what the allocator spends on it") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  const std::size_t before = test.memory.bytes_out();
  for (const std::size_t bytes : {1u, 8u, 24u, 25u, 100u, 5000u, 100000u}) {
    const Block block = Block::allocate(*account, bytes);
    REQUIRE(block);
    CHECK(block.size() == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(block.data()) % alignof(std::max_align_t) == 0);
    std::memset(block.data(), 7, bytes);
    CHECK(test.used(PoolKind::replies) == test.memory.bytes_out() - before);
    CHECK(test.used(PoolKind::replies) >= bytes);
  }
  CHECK(test.used(PoolKind::replies) == 0);
  CHECK(test.memory.bytes_out() == before);
}

TEST_CASE("a block is empty where its pool has no room") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  CHECK_FALSE(Block::allocate(*account, test.budget.limit(PoolKind::replies)));
  CHECK(test.refused(PoolKind::replies) == 1);
  CHECK_FALSE(Block());
}

TEST_CASE("a block is empty where the source has no memory, and nothing stays charged") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  test.memory.refuse_one_after(0);
  CHECK_FALSE(Block::allocate(*account, 100));
  CHECK(test.used(PoolKind::replies) == 0);
}

TEST_CASE("a block moves, and is given back once") {
  TestBudget test;
  const AccountHandle account = test.budget.open_account(PoolKind::replies);
  Block first = Block::allocate(*account, 100);
  void* const data = first.data();
  Block second = std::move(first);
  CHECK(second.data() == data);
  Block third = Block::allocate(*account, 50);
  third = std::move(second);
  CHECK(third.data() == data);
  third.reset();
  CHECK_FALSE(third);
  third.reset();
}

TEST_CASE("a block outlives its account's owner") {
  TestBudget test;
  Block block;
  {
    const AccountHandle account = test.budget.open_account(PoolKind::replies);
    block = Block::allocate(*account, 100);
  }
  CHECK(test.used(PoolKind::replies) > 0);
  block.reset();
  CHECK(test.used() == reserve_bytes);
}

}  // namespace
}  // namespace plimsoll::testing::block_test
