#include "plimsoll/bench/memory/attribution.h"

#include <cstring>
#include <memory>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/native/runtime/mapped_memory.h"

namespace plimsoll::bench::attribution_test {
namespace {

TEST_CASE(
    "memory is the core's that leaves by its doors, and the bench's that it asks for itself") {
  start_attribution();
  native::MappedMemory memory;
  Budget budget(BudgetOptions{}, memory);
  AccountHandle account = budget.open_account(PoolKind::replies);
  const Attribution before = attributed();

  Block block = Block::allocate(*account, 5'000);
  CHECK(attributed().of(Owner::core).usable_bytes - before.of(Owner::core).usable_bytes >= 5'000);
  CHECK(attributed().of(Owner::core).count - before.of(Owner::core).count == 1);
  block.reset();
  CHECK(attributed().core_bytes() == before.core_bytes());

  std::unique_ptr<std::string> text;
  {
    const WorkFor own(Owner::bench);
    text = std::make_unique<std::string>(3'000, 't');
  }
  CHECK(attributed().of(Owner::bench).usable_bytes - before.of(Owner::bench).usable_bytes >= 3'000);
  CHECK(attributed().core_bytes() == before.core_bytes());
  text.reset();
  CHECK(attributed().of(Owner::bench).count == before.of(Owner::bench).count);
}

TEST_CASE("of a segment that was touched in part, its committed pages count, or all of it") {
  start_attribution();
  native::MappedMemory memory;
  Budget budget(BudgetOptions{}, memory);
  AccountHandle account = budget.open_account(PoolKind::replies);

  Segment* const segment = acquire_segment(*account);
  REQUIRE(segment != nullptr);
  CHECK(attributed().core_page_bytes == 4096);
  CHECK(attributed().core_segment_bytes == segment_bytes);
  std::memset(segment->begin(), 1, segment_capacity);
  CHECK(attributed().core_page_bytes == segment_bytes);

  release(*segment);
  budget.segments().reclaim();
  CHECK(attributed().core_page_bytes == 0);
}

}  // namespace
}  // namespace plimsoll::bench::attribution_test
