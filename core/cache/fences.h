#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

// Keeps a cache from storing or serving replies that may be outdated. Keys share some cells by
// their hash (cells_for()); two keys that share a cell cost each other a miss, never a stale value.
// Cache owns the Fences, and the memory of the cells.
//
//   cell:  open  --begin_write()-->  closed, writes_count of them  --the last end_write()-->  open
//
// Invariants:
//
// - While a client of the cache has a write under way, from the call until its reply was parsed,
//   the cells of the write's keys are closed: nothing of these keys is served, no fetch that begins
//   is stored.
// - Everything that may have changed a key raises the version of its cell. A fetch that began at
//   another version has been overtaken: its reply may be older than the change.
//
// Fences need no lock of their own. A thread that changes a cell then erases the key's entries with
// their shard locked. A thread that stores an entry compares the version with the shard locked. So
// if the two race, either the version differs and nothing is stored, or the erasing comes later and
// finds the entry.

namespace plimsoll::inline v0::cache {

class Fences {
 public:
  struct Cell {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uint32_t> writes_count{0};  ///< writes under way
  };

  /// The number of `cells` must be a power of two, and the cells must outlive this object.
  explicit Fences(std::span<Cell> cells) : cells_(cells) {}

  static constexpr std::size_t cells_min = 16;
  static constexpr std::size_t cells_max = 4096;

  /// How many cells a cache of `cache_bytes` has: one for each 2 KiB, within the bounds above.
  static constexpr std::size_t cells_for(std::size_t cache_bytes) {
    constexpr std::size_t bytes_per_cell = 2048;
    std::size_t cells = cells_min;
    while (cells < cells_max && cells * bytes_per_cell < cache_bytes) cells *= 2;
    return cells;
  }

  std::uint32_t index_of(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(hash & (cells_.size() - 1));
  }

  std::uint32_t version(std::uint32_t index) const { return cells_[index].version.load(); }
  bool is_fenced(std::uint32_t index) const { return cells_[index].writes_count.load() != 0; }

  /// Raises the version, so that all fetches of the cell's keys are overtaken. Returns the version
  /// before.
  std::uint32_t poison(std::uint32_t index) { return cells_[index].version.fetch_add(1); }

  void begin_write(std::uint32_t index) {
    cells_[index].writes_count.fetch_add(1);
    cells_[index].version.fetch_add(1);
  }
  /// A fetch that began while the cell was closed may have read the value before the write. Raises
  /// the version once more, so that no read that begins from now on shares that fetch.
  void end_write(std::uint32_t index) {
    cells_[index].version.fetch_add(1);
    cells_[index].writes_count.fetch_sub(1);
  }

 private:
  std::span<Cell> cells_;
};

}  // namespace plimsoll::inline v0::cache
