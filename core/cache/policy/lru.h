#pragma once

#include "plimsoll/core/cache/policy/order.h"

namespace plimsoll::inline v0::cache {

/// Least recently used: the entry with the oldest last access is evicted first. Exact.
class Lru {
 public:
  explicit Lru(EvictionOrder& order) : order_(order) {}

  void add(PolicyLink& link) { order_.insert_after(order_.last(), link); }

  void touch(PolicyLink& link) {
    if (order_.last() == &link) return;
    order_.remove(link);
    order_.insert_after(order_.last(), link);
  }

  void remove(PolicyLink& link) { order_.remove(link); }

 private:
  EvictionOrder& order_;
};

}  // namespace plimsoll::inline v0::cache
