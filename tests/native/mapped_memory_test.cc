#include "plimsoll/native/runtime/mapped_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::mapped_memory_test {
namespace {

using native::MappedMemory;

constexpr std::size_t segments_per_range = 256;

// Pages of the segment that have memory behind them; -1 where nothing is mapped.
int resident_pages(const void* segment) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(segment_bytes / page);
  if (::mincore(const_cast<void*>(segment), segment_bytes, pages.data()) != 0) return -1;
  return static_cast<int>(
      std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
}

std::vector<void*> take(MappedMemory& memory, std::size_t count) {
  std::vector<void*> segments;
  for (std::size_t i = 0; i < count; ++i) segments.push_back(memory.allocate_segment());
  return segments;
}

void give_back(MappedMemory& memory, const std::vector<void*>& segments) {
  for (void* segment : segments) memory.release_segment(segment);
}

TEST_CASE("a segment costs no memory before it is used, and none once it is released") {
  MappedMemory memory;
  void* const kept = memory.allocate_segment();
  void* const segment = memory.allocate_segment();
  CHECK(resident_pages(segment) == 0);
  std::memset(segment, 1, segment_bytes);
  CHECK(resident_pages(segment) > 0);
  memory.release_segment(segment);
  CHECK(resident_pages(segment) == 0);
  memory.release_segment(kept);
}

TEST_CASE("segments are aligned to pages and do not overlap") {
  MappedMemory memory;
  const auto segments = take(memory, 600);
  std::set<std::uintptr_t> places;
  for (const void* segment : segments) {
    REQUIRE(segment != nullptr);
    const auto place = reinterpret_cast<std::uintptr_t>(segment);
    CHECK(place % 4096 == 0);
    const auto next = places.lower_bound(place);
    CHECK((next == places.end() || *next >= place + segment_bytes));
    CHECK((next == places.begin() || *std::prev(next) + segment_bytes <= place));
    places.insert(place);
  }
  give_back(memory, segments);
}

TEST_CASE("many segments take few mappings, which go when nothing in them is used") {
  MappedMemory memory;
  const auto first = take(memory, segments_per_range);
  const auto second = take(memory, segments_per_range);
  give_back(memory, second);
  CHECK(std::all_of(second.begin(), second.end(),
                    [](void* segment) { return resident_pages(segment) == -1; }));
  CHECK(std::all_of(first.begin(), first.end(),
                    [](void* segment) { return resident_pages(segment) == 0; }));
  give_back(memory, first);
}

TEST_CASE("a released segment is handed out again, empty") {
  MappedMemory memory;
  auto segments = take(memory, segments_per_range);
  std::memset(segments[7], 0x5a, segment_bytes);
  memory.release_segment(segments[7]);
  void* const again = memory.allocate_segment();
  CHECK(again == segments[7]);
  const auto* bytes = static_cast<const char*>(again);
  CHECK(std::all_of(bytes, bytes + segment_bytes, [](char byte) { return byte == 0; }));
  give_back(memory, segments);
}

TEST_CASE("nothing is mapped any more when the memory is gone") {
  void* segment = nullptr;
  {
    MappedMemory memory;
    segment = memory.allocate_segment();
    std::memset(segment, 1, segment_bytes);
  }
  CHECK(resident_pages(segment) == -1);
}

TEST_CASE("ranges come and go, and come again") {
  MappedMemory memory;
  for (int round = 0; round < 3; ++round) {
    const auto segments = take(memory, 3 * segments_per_range);
    for (void* segment : segments) *static_cast<char*>(segment) = 1;
    give_back(memory, segments);
  }
  void* const last = memory.allocate_segment();
  *static_cast<char*>(last) = 1;
  memory.release_segment(last);
}

TEST_CASE("blocks are malloc's, and their footprint is not less than they hold") {
  MappedMemory memory;
  void* const block = memory.allocate_block(100);
  REQUIRE(block != nullptr);
  std::memset(block, 1, 100);
  CHECK(memory.block_footprint(100) >= 100);
  memory.release_block(block, 100);
}

TEST_CASE("any number of threads take and release segments at a time") {
  MappedMemory memory;
  std::atomic<int> wrong = 0;
  const auto work = [&](char mark) {
    for (int round = 0; round < 20; ++round) {
      const auto segments = take(memory, 30);
      for (void* segment : segments) *static_cast<char*>(segment) = mark;
      for (void* segment : segments) wrong += *static_cast<char*>(segment) == mark ? 0 : 1;
      give_back(memory, segments);
    }
  };
  std::vector<std::jthread> threads;
  for (char mark = 1; mark <= 4; ++mark) threads.emplace_back(work, mark);
  threads.clear();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace plimsoll::testing::mapped_memory_test
