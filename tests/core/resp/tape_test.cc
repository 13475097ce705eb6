#include "plimsoll/core/resp/tape.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::tape_test {
namespace {

struct TapeTest : TestBudget {
  explicit TapeTest(const BudgetOptions& options = {}) : TestBudget(options) {}

  bool append(std::int64_t number) {
    Node* const node = tape.append();
    if (node == nullptr) return false;
    *node = Node{.type = Type::integer, .split = false, .size = 0, .integer = number};
    return true;
  }

  void append_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) REQUIRE(append(static_cast<std::int64_t>(i)));
  }

  AccountHandle account = budget.open_account(PoolKind::replies);
  Tape tape{*account};
};

// Whether the first `count` integers from `node` on are 0, 1, 2...
bool counts_up(const Node* node, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    node = follow(node);
    if (node->type != Type::integer || node->integer != static_cast<std::int64_t>(i)) return false;
    ++node;
  }
  return true;
}

TEST_CASE("a few nodes need no memory") {
  TapeTest test;
  test.append_many(Tape::inline_nodes - 1);
  CHECK(test.tape.size() == Tape::inline_nodes - 1);
  CHECK(test.tape.charged_bytes() == 0);
  CHECK(test.used(PoolKind::replies) == 0);
  CHECK(counts_up(test.tape.first(), Tape::inline_nodes - 1));
}

TEST_CASE("more nodes need a chunk, then segments, and are charged for them") {
  TapeTest test;
  const std::size_t chunk = test.budget.chunks().page_charge();
  test.append_many(Tape::inline_nodes);
  CHECK(test.used(PoolKind::replies) == chunk);
  std::size_t seen = chunk;
  std::size_t steps = 0;
  for (std::size_t count = Tape::inline_nodes; count < 20000; ++count) {
    REQUIRE(test.append(static_cast<std::int64_t>(count)));
    const std::size_t used = test.used(PoolKind::replies);
    REQUIRE((used == seen || used == seen + segment_bytes));
    steps += used != seen ? 1 : 0;
    seen = used;
  }
  CHECK(steps == 5);
  CHECK(test.tape.charged_bytes() == seen);
  CHECK(counts_up(test.tape.first(), 20000));
}

TEST_CASE("a position leads to the node that comes next, wherever that is put") {
  TapeTest test;
  std::vector<const Node*> positions;
  for (std::int64_t i = 0; i < 10000; ++i) {
    positions.push_back(test.tape.position());
    REQUIRE(test.append(i));
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (follow(positions[i])->integer != static_cast<std::int64_t>(i)) FAIL("position " << i);
  }
}

TEST_CASE("a cleared tape has given everything back, and starts again") {
  TapeTest test;
  test.append_many(10000);
  test.tape.clear();
  CHECK(test.tape.size() == 0);
  CHECK(test.tape.charged_bytes() == 0);
  CHECK(test.used(PoolKind::replies) == 0);
  test.append_many(500);
  CHECK(counts_up(test.tape.first(), 500));
}

TEST_CASE("a tape that is refused memory says so, and keeps what it has") {
  TapeTest test({.memory_limit = memory_limit_min});
  Charge others(*test.account);
  REQUIRE(others.grow(test.budget.limit(PoolKind::replies) - test.budget.chunks().page_charge()));
  std::size_t count = 0;
  while (test.append(static_cast<std::int64_t>(count))) ++count;
  CHECK(count > Tape::inline_nodes);
  CHECK(test.tape.size() == count);
  CHECK_FALSE(test.append(0));
  CHECK(counts_up(test.tape.first(), count));
  others.shrink(segment_bytes);
  CHECK(test.append(static_cast<std::int64_t>(count)));
  CHECK(counts_up(test.tape.first(), count + 1));
}

TEST_CASE("a tape that is refused its first chunk can go on later") {
  TapeTest test;
  test.append_many(Tape::inline_nodes - 1);
  test.memory.refuse_one_after(0);
  CHECK_FALSE(test.append(Tape::inline_nodes - 1));
  CHECK(test.used(PoolKind::replies) == 0);
  CHECK(test.append(Tape::inline_nodes - 1));
  CHECK(counts_up(test.tape.first(), Tape::inline_nodes));
}

}  // namespace
}  // namespace plimsoll::testing::tape_test
