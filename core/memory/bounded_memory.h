#pragma once

#include <cstddef>

#include "plimsoll/core/memory/account.h"

// A part of an account with a bound of its own, such as one shard of the cache. Every piece is
// charged to the account before it is allocated, at what the allocator spends on it, and all pieces
// together never cost more than bytes_max. Not thread-safe; the owner's lock covers it.

namespace plimsoll::inline v0 {

class BoundedMemory {
 public:
  BoundedMemory(Account& account, std::size_t bytes_max)
      : account_(account), bytes_max_(bytes_max) {}
  BoundedMemory(const BoundedMemory&) = delete;
  BoundedMemory& operator=(const BoundedMemory&) = delete;
  ~BoundedMemory();

  /// Allocates `bytes`, aligned for any type and not initialised. Returns null if the bound, the
  /// account or the memory source refuses.
  void* allocate(std::size_t bytes);

  /// Takes back a piece of `bytes`.
  void release(void* piece, std::size_t bytes);

  /// The same for a piece that is of no use because another piece was refused. Does not notify
  /// waiters (Account::revoke()): they would ask again, fail again and so wake each other for ever.
  void discard(void* piece, std::size_t bytes);

  /// What a piece of `bytes` costs.
  std::size_t footprint(std::size_t bytes) const { return account_.footprint(bytes); }

  /// Returns true if pieces that together cost `footprints` fit below the bound now.
  bool has_room(std::size_t footprints) const { return footprints <= bytes_max_ - bytes_; }

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  Account& account() const { return account_; }

 private:
  Account& account_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::inline v0
