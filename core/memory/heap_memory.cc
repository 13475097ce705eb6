#include "plimsoll/core/memory/heap_memory.h"

#include <cstdlib>

namespace plimsoll::inline v0 {

void* HeapMemory::allocate_block(std::size_t bytes) { return std::malloc(bytes); }

void HeapMemory::release_block(void* block, std::size_t) { std::free(block); }

std::size_t HeapMemory::block_footprint(std::size_t bytes) const {
  return heap_block_footprint(bytes);
}

void* HeapMemory::allocate_segment() { return std::malloc(segment_bytes); }

void HeapMemory::release_segment(void* segment) { std::free(segment); }

}  // namespace plimsoll::inline v0
