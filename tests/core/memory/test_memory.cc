#include "plimsoll/tests/core/memory/test_memory.h"

#include <cstdlib>
#include <cstring>

#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::testing {
namespace {

constexpr int junk = 0xA5;

}  // namespace

bool TestMemory::refuse() {
  ++requests_;
  std::size_t left = until_refusal_;
  while (left != no_refusal) {
    const std::size_t next = left == 0 ? no_refusal : left - 1;
    if (until_refusal_.compare_exchange_weak(left, next)) return left == 0;
  }
  return false;
}

void* TestMemory::allocate_block(std::size_t bytes) {
  if (refuse()) return nullptr;
  void* const block = std::malloc(bytes);
  std::memset(block, junk, bytes);
  ++blocks_;
  bytes_ += block_footprint(bytes);
  return block;
}

void TestMemory::release_block(void* block, std::size_t bytes) {
  --blocks_;
  bytes_ -= block_footprint(bytes);
  std::free(block);
}

std::size_t TestMemory::block_footprint(std::size_t bytes) const {
  return heap_block_footprint(bytes);
}

void* TestMemory::allocate_segment() {
  if (refuse()) return nullptr;
  void* const segment = std::aligned_alloc(4096, segment_bytes);
  std::memset(segment, junk, segment_bytes);
  ++segments_;
  bytes_ += segment_bytes;
  return segment;
}

void TestMemory::release_segment(void* segment) {
  --segments_;
  bytes_ -= segment_bytes;
  std::free(segment);
}

}  // namespace plimsoll::testing
