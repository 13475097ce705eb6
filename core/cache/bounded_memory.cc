#include "plimsoll/core/cache/bounded_memory.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::cache {

BoundedMemory::~BoundedMemory() { PLIMSOLL_CHECK(bytes_ == 0); }

void* BoundedMemory::allocate(std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  if (!has_room(cost) || !account_.charge(cost)) return nullptr;
  void* const piece = account_.source().allocate_block(bytes);
  if (piece == nullptr) {
    account_.revoke(cost);
    return nullptr;
  }
  bytes_ += cost;
  return piece;
}

void BoundedMemory::release(void* piece, std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  PLIMSOLL_CHECK(piece != nullptr && cost <= bytes_);
  account_.source().release_block(piece, bytes);
  bytes_ -= cost;
  account_.release(cost);
}

void BoundedMemory::discard(void* piece, std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  PLIMSOLL_CHECK(piece != nullptr && cost <= bytes_);
  account_.source().release_block(piece, bytes);
  bytes_ -= cost;
  account_.revoke(cost);
}

}  // namespace plimsoll::cache
