#pragma once

#include "plimsoll/core/memory/memory_source.h"

namespace plimsoll {

/// The C library's allocator as a MemorySource: for WebAssembly, tests and fuzzing. Servers use
/// native/mapped_memory.h, which gives pages back to the operating system.
class HeapMemory final : public MemorySource {
 public:
  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;
};

/// What a block costs in allocators that put one word before it and round up to 16 bytes (glibc's
/// malloc, 32 bytes at least; emmalloc alike).
constexpr std::size_t heap_block_footprint(std::size_t bytes) {
  const std::size_t rounded = (bytes + sizeof(void*) + 15) / 16 * 16;
  return rounded < 32 ? 32 : rounded;
}

}  // namespace plimsoll
