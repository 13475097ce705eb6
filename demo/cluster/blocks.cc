#include "plimsoll/demo/cluster/blocks.h"

#include "plimsoll/demo/cluster/nodes.h"
#include "plimsoll/tests/support/cluster_view.h"

namespace plimsoll::demo {

std::uint16_t block_begin(std::size_t shard) {
  constexpr std::size_t row = 128;
  constexpr std::size_t rows_before = 4;
  const std::size_t first = testing::cluster_slots_count * shard / shards_count;
  return static_cast<std::uint16_t>((first / row + rows_before) * row);
}

Slots block_slots(std::size_t shard, std::size_t count) {
  Slots slots;
  for (std::size_t i = 0; i < count; ++i) slots.set(block_begin(shard) + i);
  return slots;
}

std::vector<std::uint16_t> caller_slots(std::size_t callers_count, std::size_t slots_count) {
  std::vector<std::uint16_t> slots;
  for (std::size_t i = 0; i < callers_count; ++i) {
    const std::size_t in_block =
        i / shards_count * slots_count * shards_count / callers_count % slots_count;
    slots.push_back(static_cast<std::uint16_t>(block_begin(i % shards_count) + in_block));
  }
  return slots;
}

}  // namespace plimsoll::demo
