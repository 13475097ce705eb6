#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

// Puts entries out of reach when the slot of their key leaves the node of a cluster that they were
// read at: nobody tells the client what happens to the key from then on. Cache owns the SlotEpochs,
// and the memory of the cells.
//
// Each cell stands for some slots in a row, and has an epoch, which drop() raises. An entry
// remembers the cell of its slot, and the epoch in which its fetch began. If the cell has another
// one by now, the entry is out of reach, and so are those of the few other slots of the cell, which
// costs a miss each. Nodes own rows of slots: so a node that loses all of its slots takes along no
// more than a cell of its neighbours'.

namespace plimsoll::inline v0::cache {

/// The cell of a slot, and its epoch when a fetch began.
struct SlotEpoch {
  /// The cell of keys that are not in a cluster.
  static constexpr std::uint16_t no_cell = 0x7fff;

  std::uint16_t cell = no_cell;
  std::uint16_t epoch = 0;

  bool operator==(const SlotEpoch&) const = default;
};

class SlotEpochs {
 public:
  using Cell = std::atomic<std::uint16_t>;

  /// The number of `cells` must be a power of two, and the cells must outlive this object.
  explicit SlotEpochs(std::span<Cell> cells) : cells_(cells) {}

  static constexpr std::size_t cells_min = 16;
  static constexpr std::size_t cells_max = 4096;
  static_assert(cells_max <= SlotEpoch::no_cell);

  /// How many cells a cache of `cache_bytes` has: one for each 8 KiB, within the bounds above.
  static constexpr std::size_t cells_for(std::size_t cache_bytes) {
    constexpr std::size_t bytes_per_cell = 8192;
    std::size_t cells = cells_min;
    while (cells < cells_max && cells * bytes_per_cell < cache_bytes) cells *= 2;
    return cells;
  }

  SlotEpoch of(std::uint16_t slot) const {
    const std::uint16_t cell = cell_of(slot);
    return {.cell = cell, .epoch = cells_[cell].load(std::memory_order_acquire)};
  }

  bool is_current(const SlotEpoch& seen) const {
    return seen.cell == SlotEpoch::no_cell ||
           cells_[seen.cell].load(std::memory_order_acquire) == seen.epoch;
  }

  /// Puts all entries of the slot out of reach. Returns true if the epochs of its cell begin anew,
  /// so that entries with the first of them may not be kept any longer.
  bool drop(std::uint16_t slot) {
    return cells_[cell_of(slot)].fetch_add(1, std::memory_order_acq_rel) == UINT16_MAX;
  }

 private:
  static constexpr std::size_t slots_count = 16384;

  std::uint16_t cell_of(std::uint16_t slot) const {
    return static_cast<std::uint16_t>(slot * cells_.size() / slots_count);
  }

  std::span<Cell> cells_;
};

}  // namespace plimsoll::inline v0::cache
