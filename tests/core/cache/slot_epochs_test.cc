#include "plimsoll/core/cache/slot_epochs.h"

#include <array>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace plimsoll::cache::slot_epochs_test {
namespace {

TEST_CASE("a node that loses a row of slots takes along at most a cell of its neighbours'") {
  constexpr std::uint16_t first = 5461;
  constexpr std::uint16_t behind = 10'923;
  const std::size_t count = GENERATE(SlotEpochs::cells_min, SlotEpochs::cells_max);
  std::vector<SlotEpochs::Cell> cells(count);
  SlotEpochs epochs(cells);
  std::vector<SlotEpoch> seen;
  for (std::uint16_t slot = 0; slot < 16'384; ++slot) seen.push_back(epochs.of(slot));
  for (std::uint16_t slot = first; slot < behind; ++slot) CHECK_FALSE(epochs.drop(slot));
  const std::size_t in_a_cell = 16'384 / count;
  for (std::uint16_t slot = 0; slot < 16'384; ++slot) {
    INFO("slot " << slot);
    const bool is_moved = slot >= first && slot < behind;
    const bool is_near = slot + in_a_cell > first && slot < behind + in_a_cell;
    if (is_moved) CHECK_FALSE(epochs.is_current(seen[slot]));
    if (!is_near) CHECK(epochs.is_current(seen[slot]));
    CHECK(epochs.is_current(epochs.of(slot)));
  }
}

TEST_CASE("an epoch that begins anew is told") {
  std::array<SlotEpochs::Cell, SlotEpochs::cells_min> cells{};
  SlotEpochs epochs(cells);
  for (int i = 0; i < UINT16_MAX; ++i) REQUIRE_FALSE(epochs.drop(7));
  CHECK(epochs.drop(7));
  CHECK_FALSE(epochs.drop(7));
}

TEST_CASE("keys that are not in a cluster have no slot that could leave") {
  std::array<SlotEpochs::Cell, SlotEpochs::cells_min> cells{};
  SlotEpochs epochs(cells);
  for (std::uint16_t slot = 0; slot < 16'384; slot += 100) static_cast<void>(epochs.drop(slot));
  CHECK(epochs.is_current(SlotEpoch()));
}

}  // namespace
}  // namespace plimsoll::cache::slot_epochs_test
