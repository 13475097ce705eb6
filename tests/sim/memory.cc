#include "plimsoll/tests/sim/memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::sim {
namespace {

constexpr int junk = 0xA5;

}  // namespace

void* Memory::allocate(std::size_t bytes, std::size_t footprint) {
  if (refuse_one_in_ != 0 && random_.one_in(refuse_one_in_)) {
    coverage_.count(Fault::refused_memory);
    return nullptr;
  }
  void* const memory = std::malloc(bytes);
  std::memset(memory, junk, bytes);
  bytes_ += footprint;
  peak_ = std::max(peak_, bytes_);
  return memory;
}

void* Memory::allocate_block(std::size_t bytes) { return allocate(bytes, block_footprint(bytes)); }

void Memory::release_block(void* block, std::size_t bytes) {
  bytes_ -= block_footprint(bytes);
  std::free(block);
}

std::size_t Memory::block_footprint(std::size_t bytes) const { return heap_block_footprint(bytes); }

void* Memory::allocate_segment() { return allocate(segment_bytes, segment_bytes); }

void Memory::release_segment(void* segment) {
  bytes_ -= segment_bytes;
  std::free(segment);
}

}  // namespace plimsoll::sim
