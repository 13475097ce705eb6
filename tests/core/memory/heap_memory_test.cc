#include "plimsoll/core/memory/heap_memory.h"

#include <malloc.h>

#include <cstdint>
#include <cstring>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::heap_memory_test {
namespace {

TEST_CASE("blocks and segments are aligned and writable, and can be given back") {
  HeapMemory memory;
  for (const std::size_t bytes : {1u, 24u, 4096u}) {
    void* const block = memory.allocate_block(bytes);
    REQUIRE(block != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
    std::memset(block, 7, bytes);
    memory.release_block(block, bytes);
  }
  void* const segment = memory.allocate_segment();
  REQUIRE(segment != nullptr);
  CHECK(reinterpret_cast<std::uintptr_t>(segment) % alignof(std::max_align_t) == 0);
  std::memset(segment, 7, segment_bytes);
  memory.release_segment(segment);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
TEST_CASE("a block's footprint is what malloc takes for it, its own word included") {
  HeapMemory memory;
  for (std::size_t bytes = 1; bytes < 5000; bytes += 7) {
    void* const block = memory.allocate_block(bytes);
    const std::size_t spent = malloc_usable_size(block) + sizeof(std::size_t);
    CHECK(spent >= memory.block_footprint(bytes));
    // What is left of a larger block, if it is too small to be one, stays with it.
    CHECK(spent <= memory.block_footprint(bytes) + 16);
    memory.release_block(block, bytes);
  }
}
#endif

}  // namespace
}  // namespace plimsoll::testing::heap_memory_test
