#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/bounded_memory.h"
#include "plimsoll/core/cache/policy/order.h"

// Least frequently used, exactly and in constant time (Shah, Mitra, Matani, "An O(1) algorithm for
// implementing the LFU cache eviction scheme", 2010): entries are in the order of their counts, and
// of their last access where these are equal. A group stands for those that have one count.

namespace plimsoll::cache {

struct FrequencyGroup {
  FrequencyGroup* lower;
  FrequencyGroup* higher;
  PolicyLink* last;  // whose access is the newest
  std::uint64_t count;
  std::size_t members;
};

class Lfu {
 public:
  Lfu(EvictionOrder& order, BoundedMemory& memory) : order_(order), memory_(memory) {}
  Lfu(const Lfu&) = delete;
  Lfu& operator=(const Lfu&) = delete;
  ~Lfu();

  /// What reserve() would cost now, and at most.
  std::size_t bytes_to_reserve() const { return has_ones() ? 0 : group_bytes(); }
  std::size_t group_bytes() const { return memory_.footprint(sizeof(FrequencyGroup)); }

  /// Makes sure of the group for a new entry. False: no memory.
  [[nodiscard]] bool reserve();

  /// Gives up what reserve() took in vain.
  void trim();

  /// After reserve(): with a count of 1.
  void add(PolicyLink& link);

  /// Counts an access. False where that takes a group for which there is no memory.
  [[nodiscard]] bool touch(PolicyLink& link);

  /// For want of memory: the newest access of its count, which stays as it is.
  void touch_uncounted(PolicyLink& link);

  void remove(PolicyLink& link);

  /// CHECKs that order and groups agree. Returns what the memory costs.
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

}  // namespace plimsoll::cache
