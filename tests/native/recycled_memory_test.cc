#include "plimsoll/native/call/recycled_memory.h"

#include <cstdint>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif

namespace plimsoll::testing::recycled_memory_test {
namespace {

using native::RecycledMemory;
using native::RecyclingAllocator;

TEST_CASE("a block goes to the next who asks for its size in this thread") {
  void* const first = RecycledMemory::allocate(100);
  RecycledMemory::deallocate(first, 100);
  void* const second = RecycledMemory::allocate(128);  // 65 to 128 bytes are one size

  CHECK(second == first);
  RecycledMemory::deallocate(second, 128);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
TEST_CASE("AddressSanitizer reports who uses a free block") {
  auto* const block = static_cast<char*>(RecycledMemory::allocate(100));
  CHECK_FALSE(__asan_address_is_poisoned(block + 50));
  RecycledMemory::deallocate(block, 100);
  CHECK(__asan_address_is_poisoned(block + 50));
}
#endif
#endif

TEST_CASE("a thread keeps at most kept_max blocks of a size") {
  constexpr std::size_t bytes = 300;
  constexpr unsigned many = 3 * RecycledMemory::kept_max;
  std::vector<void*> blocks;
  for (unsigned i = 0; i < many; ++i) blocks.push_back(RecycledMemory::allocate(bytes));
  for (void* const block : blocks) RecycledMemory::deallocate(block, bytes);
  // The last that was kept comes first; the blocks behind the bound went back to the allocator.
  std::vector<void*> again;
  for (unsigned i = 0; i < RecycledMemory::kept_max; ++i) {
    again.push_back(RecycledMemory::allocate(bytes));
    CHECK(again.back() == blocks[RecycledMemory::kept_max - 1 - i]);
  }
  for (void* const block : again) RecycledMemory::deallocate(block, bytes);
}

TEST_CASE("blocks of every size are whole, and none is given out twice") {
  std::set<void*> given;
  std::vector<std::pair<void*, std::size_t>> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes = 1; bytes <= RecycledMemory::bytes_max + 64; bytes += 13) {
      auto* const block = static_cast<unsigned char*>(RecycledMemory::allocate(bytes));
      block[0] = block[bytes - 1] = 1;
      CHECK(given.insert(block).second);
      blocks.emplace_back(block, bytes);
    }
    for (const auto& [block, bytes] : blocks) RecycledMemory::deallocate(block, bytes);
    blocks.clear();
    given.clear();
  }
}

// LeakSanitizer sees what a thread would leave behind.
TEST_CASE("blocks may end in another thread than they began, and a thread's end frees its blocks") {
  std::vector<void*> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back(RecycledMemory::allocate(200));
  std::thread([&blocks] {
    for (void* const block : blocks) RecycledMemory::deallocate(block, 200);
  }).join();
  CHECK(blocks.size() == 20);
}

TEST_CASE("what is aligned to more than the allocator's own alignment stays so") {
  struct alignas(64) Line {
    char bytes[64];
  };
  RecyclingAllocator<Line> allocator;
  Line* const line = allocator.allocate(1);
  CHECK(reinterpret_cast<std::uintptr_t>(line) % 64 == 0);
  allocator.deallocate(line, 1);
}

}  // namespace
}  // namespace plimsoll::testing::recycled_memory_test
