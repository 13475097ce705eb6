#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/policy/lfu.h"
#include "plimsoll/core/cache/policy/lru.h"

namespace plimsoll::inline v0::cache {

/// Which entry is evicted first when there is no room. Both are exact within a shard.
enum class EvictionPolicy : std::uint8_t {
  lru,  ///< the one with the oldest last access
  lfu,  ///< the one with the fewest accesses since it was stored; among equals, as lru
};

/// One of the policies over one order of entries.
class Policy {
 public:
  Policy(EvictionPolicy kind, BoundedMemory& memory)
      : kind_(kind), lru_(order_), lfu_(order_, memory) {}
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// The entry to evict first; null if there are none.
  PolicyLink* first() const { return order_.first(); }

  /// The memory that reserve() would take now, and without entries.
  std::size_t bytes_to_reserve() const { return is_lru() ? 0 : lfu_.bytes_to_reserve(); }
  std::size_t bytes_when_empty() const { return is_lru() ? 0 : lfu_.group_bytes(); }

  /// Allocates the memory that add() needs. Returns false if there is none. trim() undoes it.
  [[nodiscard]] bool reserve() { return is_lru() || lfu_.reserve(); }
  void trim() {
    if (!is_lru()) lfu_.trim();
  }

  void add(PolicyLink& link) { is_lru() ? lru_.add(link) : lfu_.add(link); }
  void remove(PolicyLink& link) { is_lru() ? lru_.remove(link) : lfu_.remove(link); }

  /// Counts an access. Returns false if that needs memory and there is none.
  [[nodiscard]] bool touch(PolicyLink& link) {
    if (!is_lru()) return lfu_.touch(link);
    lru_.touch(link);
    return true;
  }

  /// Call this if touch() failed: does the part that needs no memory.
  void touch_uncounted(PolicyLink& link) { lfu_.touch_uncounted(link); }

  /// CHECKs the policy's own order. Returns the memory that it takes.
  std::size_t validate() const { return is_lru() ? 0 : lfu_.validate(); }

 private:
  bool is_lru() const { return kind_ == EvictionPolicy::lru; }

  const EvictionPolicy kind_;
  EvictionOrder order_;
  Lru lru_;
  Lfu lfu_;
};

}  // namespace plimsoll::inline v0::cache
