#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

// What keeps a cache from storing what may be old. Keys share a few hundred cells by their hash. A
// write of a client of the cache keeps its keys' cells closed from the call on until its reply was
// parsed; and whatever may have changed a key raises its cell's version, by which a fetch that
// began before is known. Two keys that share a cell cost each other a miss, never a stale value.
//
// Needs no lock. Who changes a cell removes the key's entries after that; who stores an entry looks
// at the cell while nobody can remove entries. So either the change is seen, or the entry goes.

namespace plimsoll::cache {

class Fences {
 public:
  struct Cell {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uint32_t> writes_count{0};  ///< under way
  };

  /// A power of two of them.
  explicit Fences(std::span<Cell> cells) : cells_(cells) {}

  static constexpr std::size_t cells_min = 16;
  static constexpr std::size_t cells_max = 4096;

  /// How many there are for a cache of so many bytes.
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

  /// Fetches that began before are poisoned. Returns the version until now.
  std::uint32_t poison(std::uint32_t index) { return cells_[index].version.fetch_add(1); }

  void begin_write(std::uint32_t index) {
    cells_[index].writes_count.fetch_add(1);
    cells_[index].version.fetch_add(1);
  }
  /// What began meanwhile may have been answered before the write: later reads must not share it.
  void end_write(std::uint32_t index) {
    cells_[index].version.fetch_add(1);
    cells_[index].writes_count.fetch_sub(1);
  }

 private:
  std::span<Cell> cells_;
};

}  // namespace plimsoll::cache
