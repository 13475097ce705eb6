#include "plimsoll/core/memory/bounded_memory.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {

BoundedMemory::~BoundedMemory() { PLIMSOLL_CHECK(bytes_ == 0); }

void* BoundedMemory::allocate(std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  if (!has_room(cost)) return nullptr;
  void* const piece = account_.allocate(bytes, cost);
  if (piece != nullptr) bytes_ += cost;
  return piece;
}

void BoundedMemory::release(void* piece, std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  PLIMSOLL_CHECK(piece != nullptr && cost <= bytes_);
  bytes_ -= cost;
  account_.deallocate(piece, bytes, cost);
}

void BoundedMemory::discard(void* piece, std::size_t bytes) {
  const std::size_t cost = footprint(bytes);
  PLIMSOLL_CHECK(piece != nullptr && cost <= bytes_);
  bytes_ -= cost;
  account_.discard(piece, bytes, cost);
}

}  // namespace plimsoll::inline v0
