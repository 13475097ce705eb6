#pragma once

// The blocks that are out, and whose they are: an open hash table in mapped memory of its own, so
// that it may be written to from within malloc. Thread-safe.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/bench/memory/attribution.h"

namespace plimsoll::bench {

class Ledger {
 public:
  /// Commits the memory. Ends the process where there is none.
  void open();

  void add(const void* block, Owner owner);

  /// Whose it was; none for a block that was never added.
  std::optional<Owner> remove(const void* block);

 private:
  // A lock for each part of the table, which a block's address chooses.
  static constexpr std::size_t shards_count = 64;
  static constexpr std::size_t shard_slots = std::size_t{1} << 14;

  struct Shard {
    std::atomic_flag locked = ATOMIC_FLAG_INIT;
    std::size_t used = 0;
    std::uint64_t* slots = nullptr;  // address and owner; 0 is a free one
  };

  static std::size_t hash(std::uint64_t address);
  static std::size_t home_of(std::uint64_t address) { return hash(address) % shard_slots; }
  Shard& shard_of(std::uint64_t address) {
    return shards_[hash(address) / shard_slots % shards_count];
  }

  std::array<Shard, shards_count> shards_{};
};

}  // namespace plimsoll::bench
