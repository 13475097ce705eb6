#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/account.h"

// The memory of one shard: every piece is charged to the cache's account at what the allocator
// spends on it, and all of them together never pass a bound.

namespace plimsoll::cache {

class BoundedMemory {
 public:
  BoundedMemory(Account& account, std::size_t bytes_max)
      : account_(account), bytes_max_(bytes_max) {}
  BoundedMemory(const BoundedMemory&) = delete;
  BoundedMemory& operator=(const BoundedMemory&) = delete;
  ~BoundedMemory();

  /// `bytes` aligned for any type, undefined at first; null where the bound, the account or the
  /// source says no.
  void* allocate(std::size_t bytes);

  /// Takes back a piece of `bytes`.
  void release(void* piece, std::size_t bytes);

  /// The same for a piece that was had in vain, since another was refused: nobody who waits for
  /// memory is told (Account::revoke()).
  void discard(void* piece, std::size_t bytes);

  /// What a piece of `bytes` costs.
  std::size_t footprint(std::size_t bytes) const { return account_.footprint(bytes); }

  /// Whether pieces that cost so much fit below the bound now.
  bool has_room(std::size_t footprints) const { return footprints <= bytes_max_ - bytes_; }

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  Account& account() const { return account_; }

 private:
  Account& account_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::cache
