// Which slots the demo moves: a block of them in the part that each primary has at first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plimsoll/demo/cluster/tally.h"

namespace plimsoll::demo {

/// The first slot of the block of a shard, 0 to 2: four rows of 128 into its part, as the page has
/// rows.
std::uint16_t block_begin(std::size_t shard);

/// All `count` slots of the block.
Slots block_slots(std::size_t shard, std::size_t count);

/// A slot for each caller, spread over all blocks of `slots_count` slots.
std::vector<std::uint16_t> caller_slots(std::size_t callers_count, std::size_t slots_count);

}  // namespace plimsoll::demo
