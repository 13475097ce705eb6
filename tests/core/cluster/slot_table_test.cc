#include "plimsoll/core/cluster/slot_table.h"

#include <memory>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::slot_table_test {
namespace {

TEST_CASE("a slot names any of a thousand owners, and keeps its marks apart from them") {
  const auto table = std::make_unique<SlotTable>();
  CHECK(table->at(7).owner() == no_node);
  CHECK_FALSE(table->at(7).plain());
  for (const NodeNumber owner : {0, 1, 126, 127, 255, 1000, 1022}) {
    table->set_owner(7, owner);
    CHECK(table->at(7).owner() == owner);
    CHECK(table->at(7).plain());
    table->set_held(7, true);
    table->set_blocked(7, true);
    REQUIRE(table->set_predecessor(7, 1022));
    CHECK(table->at(7).owner() == owner);
    CHECK(table->predecessor(7) == 1022);
    CHECK_FALSE(table->at(7).plain());
    table->forget_predecessor(7);
    table->set_blocked(7, false);
    CHECK(table->at(7).held());
    table->set_held(7, false);
    CHECK(table->at(7).plain());
  }
}

TEST_CASE("so many nodes are predecessors at a time, and others share their places") {
  const auto table = std::make_unique<SlotTable>();
  constexpr std::size_t most = SlotTable::predecessors_max;
  for (std::size_t i = 0; i < most; ++i) {
    REQUIRE(table->set_predecessor(static_cast<Slot>(i), static_cast<NodeNumber>(100 + i)));
  }
  CHECK(table->set_predecessor(200, 100));
  CHECK_FALSE(table->set_predecessor(201, 999));
  CHECK(table->predecessor(201) == no_node);
  const NodeNumber shared = table->share_predecessor(201, 999);
  CHECK(table->predecessor(201) == shared);
  CHECK((shared >= 100 && shared < 100 + most));
  table->forget_predecessors([](NodeNumber each) { return each == 103; });
  CHECK(table->predecessor(3) == no_node);
  CHECK(table->set_predecessor(202, 999));
  // A slot that had named the one before waits for the new one: for longer than it must.
  CHECK(table->predecessor(3) == 999);
  CHECK(table->predecessor(4) == 104);
}

}  // namespace
}  // namespace plimsoll::testing::slot_table_test
