#pragma once

#include "plimsoll/core/memory/memory_source.h"

namespace plimsoll::inline v0 {

/// The C library's allocator as a MemorySource: for WebAssembly, tests and fuzzing. Servers use
/// native/runtime/mapped_memory.h, which gives pages back to the operating system.
class HeapMemory final : public MemorySource {
 public:
  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;
};

/// Returns what malloc really takes for a block of `bytes`. malloc keeps the block's size in a word
/// in front of it; emmalloc has another word behind it.
constexpr std::size_t heap_block_footprint(std::size_t bytes) {
#ifdef __EMSCRIPTEN__
  const std::size_t rounded = (bytes + 2 * sizeof(void*) + 7) / 8 * 8;
  return rounded < 16 ? 16 : rounded;
#else
  const std::size_t rounded = (bytes + sizeof(void*) + 15) / 16 * 16;
  return rounded < 32 ? 32 : rounded;
#endif
}

}  // namespace plimsoll::inline v0
