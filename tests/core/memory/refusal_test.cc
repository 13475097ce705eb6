#include <cstddef>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Each allocation of a piece of work is refused in turn: it says so, and leaves no byte charged or
// allocated that is not in use.

namespace plimsoll::testing::refusal_test {
namespace {

// Says whether all of it was granted.
bool work(TestBudget& test) {
  const AccountHandle account = test.budget.open_account(PoolKind::requests);
  if (!account) return false;
  Queue<std::size_t> queue(*account, 5000);
  bool granted = true;
  for (std::size_t i = 0; i < 2000; ++i) {
    granted = queue.push_back(i) == Queue<std::size_t>::Push::accepted && granted;
  }
  const Block small = Block::allocate(*account, 10);
  const Block large = Block::allocate(*account, 70000);
  granted = granted && small && large;
  Segment* const segment = acquire_segment(*account);
  Segment* const reserved = test.budget.progress_reserve().take(&test);
  granted = granted && segment != nullptr && reserved != nullptr;
  if (segment != nullptr) release(*segment);
  if (reserved != nullptr) release(*reserved);
  return granted;
}

TEST_CASE("every allocation may be refused, and nothing is lost or charged for it") {
  std::size_t refusals = 0;
  for (;; ++refusals) {
    TestBudget test;
    test.memory.refuse_one_after(refusals);
    const bool granted = work(test);
    INFO("refused the allocation after " << refusals);
    CHECK(granted != test.memory.has_refused());
    CHECK(test.used(PoolKind::requests) == 0);
    CHECK(test.used(PoolKind::connections) == 0);
    if (granted) break;
  }
  CHECK(refusals >= 8);
}

}  // namespace
}  // namespace plimsoll::testing::refusal_test
