#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cache/policy/lfu.h"
#include "plimsoll/core/cache/policy/lru.h"

namespace plimsoll::cache {

/// Which entry goes first where there is no room. Both are exact.
enum class EvictionPolicy : std::uint8_t {
  lru,  ///< whose last access is the oldest
  lfu,  ///< with the fewest accesses since it was stored; of these as for lru
};

/// One of the policies over one order of entries.
class Policy {
 public:
  Policy(EvictionPolicy kind, BoundedMemory& memory)
      : kind_(kind), lru_(order_), lfu_(order_, memory) {}
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  /// The one to go first; null: there is none.
  PolicyLink* first() const { return order_.first(); }

  /// What reserve() would cost now, or without entries.
  std::size_t bytes_to_reserve() const { return is_lru() ? 0 : lfu_.bytes_to_reserve(); }
  std::size_t bytes_when_empty() const { return is_lru() ? 0 : lfu_.group_bytes(); }

  /// Makes sure that an entry can be added. False: no memory. trim() takes it back.
  [[nodiscard]] bool reserve() { return is_lru() || lfu_.reserve(); }
  void trim() {
    if (!is_lru()) lfu_.trim();
  }

  void add(PolicyLink& link) { is_lru() ? lru_.add(link) : lfu_.add(link); }
  void remove(PolicyLink& link) { is_lru() ? lru_.remove(link) : lfu_.remove(link); }

  /// False: it takes memory that there is not.
  [[nodiscard]] bool touch(PolicyLink& link) {
    if (!is_lru()) return lfu_.touch(link);
    lru_.touch(link);
    return true;
  }

  /// What can be done for it without memory.
  void touch_uncounted(PolicyLink& link) { lfu_.touch_uncounted(link); }

  /// CHECKs what it keeps. Returns what the memory costs.
  std::size_t validate() const { return is_lru() ? 0 : lfu_.validate(); }

 private:
  bool is_lru() const { return kind_ == EvictionPolicy::lru; }

  const EvictionPolicy kind_;
  EvictionOrder order_;
  Lru lru_;
  Lfu lfu_;
};

}  // namespace plimsoll::cache
