#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/policy/order.h"
#include "plimsoll/core/memory/bounded_memory.h"

// Least frequently used, exactly and in constant time (Shah, Mitra, Matani, "An O(1) algorithm for
// implementing the LFU cache eviction scheme", 2010).
//
// Invariants:
//
// - Entries are ordered by their count of accesses; entries with equal counts by their last access.
// - A group stands for all entries of one count. Every group has members, except the group that
//   reserve() made for the next entry.

namespace plimsoll::inline v0::cache {

struct FrequencyGroup {
  FrequencyGroup* lower;
  FrequencyGroup* higher;
  PolicyLink* last;  // the member with the newest access
  std::uint64_t count;
  std::size_t members;
};

class Lfu {
 public:
  Lfu(EvictionOrder& order, BoundedMemory& memory) : order_(order), memory_(memory) {}
  Lfu(const Lfu&) = delete;
  Lfu& operator=(const Lfu&) = delete;
  ~Lfu();

  /// The memory that reserve() would take now, and the most that it takes.
  std::size_t bytes_to_reserve() const { return has_ones() ? 0 : group_bytes(); }
  std::size_t group_bytes() const { return memory_.footprint(sizeof(FrequencyGroup)); }

  /// Makes the group that a new entry will join. Returns false if there is no memory.
  [[nodiscard]] bool reserve();

  /// Frees the group that reserve() made, if no entry has joined it.
  void trim();

  /// Adds an entry with a count of 1. Call reserve() first.
  void add(PolicyLink& link);

  /// Counts an access. Returns false if that needs a new group and there is no memory for one.
  [[nodiscard]] bool touch(PolicyLink& link);

  /// Does the part of touch() that needs no memory: leaves the count as it is, and makes this
  /// access the newest of that count.
  void touch_uncounted(PolicyLink& link);

  void remove(PolicyLink& link);

  /// CHECKs that order and groups agree. Returns the memory that the groups take.
  std::size_t validate() const;

 private:
  bool has_ones() const { return lowest_ != nullptr && lowest_->count == 1; }
  FrequencyGroup* add_group(FrequencyGroup* lower, std::uint64_t count);
  void unlink_group(FrequencyGroup& group);
  void leave(FrequencyGroup& group, PolicyLink& link);
  void join(FrequencyGroup& group, PolicyLink& link);

  EvictionOrder& order_;
  BoundedMemory& memory_;
  FrequencyGroup* lowest_ = nullptr;
};

}  // namespace plimsoll::inline v0::cache
