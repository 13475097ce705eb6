#include "plimsoll/tests/sim/memory.h"

#include <cstdlib>
#include <cstring>

#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::sim {
namespace {

constexpr int junk = 0xA5;

}  // namespace

bool Memory::refuses(Fault kind) {
  const bool meant = refused_ == Fault::refused_memory || refused_ == kind;
  if (refuse_one_in_ == 0 || !meant || !random_.one_in(refuse_one_in_)) return false;
  coverage_.count(refused_);
  return true;
}

void* Memory::allocate(std::size_t bytes, std::size_t footprint) {
  void* const memory = std::malloc(bytes);
  std::memset(memory, junk, bytes);
  bytes_ += footprint;
  owner_.handle_allocated();
  return memory;
}

void* Memory::allocate_block(std::size_t bytes) {
  return refuses(Fault::refused_blocks) ? nullptr : allocate(bytes, block_footprint(bytes));
}

void Memory::release_block(void* block, std::size_t bytes) {
  bytes_ -= block_footprint(bytes);
  std::free(block);
}

std::size_t Memory::block_footprint(std::size_t bytes) const { return heap_block_footprint(bytes); }

void* Memory::allocate_segment() {
  return refuses(Fault::refused_segments) ? nullptr : allocate(segment_bytes, segment_bytes);
}

void Memory::release_segment(void* segment) {
  bytes_ -= segment_bytes;
  std::free(segment);
}

}  // namespace plimsoll::sim
