#include "plimsoll/core/memory/box_table.h"

#include <cstddef>
#include <cstdint>
#include <memory>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::box_table_test {
namespace {

TEST_CASE("objects stay where they are while their table grows, and all is given back") {
  TestBudget budget;
  const AccountHandle account = budget.budget.open_account(PoolKind::connections);
  const std::size_t used_before = budget.used(PoolKind::connections);
  const auto alive = std::make_shared<int>(0);
  {
    BoxTable<std::shared_ptr<int>> table(*account);
    CHECK_FALSE(table.has(0));
    std::shared_ptr<int>* const first = table.make(3, alive);
    REQUIRE(first != nullptr);
    CHECK(table.end() == 4);
    CHECK_FALSE(table.has(2));
    for (std::uint32_t i = 10; i < 100; ++i) REQUIRE(table.make(i, alive) != nullptr);
    CHECK(&table[3] == first);
    CHECK(alive.use_count() == 92);
    table.remove(3);
    CHECK_FALSE(table.has(3));
    REQUIRE(table.make(10, alive) != nullptr);
    CHECK(alive.use_count() == 91);
    CHECK(budget.used(PoolKind::connections) > used_before);
  }
  CHECK(alive.use_count() == 1);
  CHECK(budget.used(PoolKind::connections) == used_before);
}

}  // namespace
}  // namespace plimsoll::testing::box_table_test
