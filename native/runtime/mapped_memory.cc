#include "plimsoll/native/runtime/mapped_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "plimsoll/core/memory/heap_memory.h"

namespace plimsoll::inline v0::native {
namespace {

constexpr std::size_t segments_per_range = 256;
constexpr std::size_t range_bytes = segments_per_range * segment_bytes;

}  // namespace

MappedMemory::~MappedMemory() {
  for (const Range& range : ranges_) ::munmap(range.begin, range_bytes);
}

void* MappedMemory::allocate_block(std::size_t bytes) { return std::malloc(bytes); }

void MappedMemory::release_block(void* block, std::size_t) { std::free(block); }

std::size_t MappedMemory::block_footprint(std::size_t bytes) const {
  return heap_block_footprint(bytes);
}

void* MappedMemory::allocate_segment() {
  const std::lock_guard lock(mutex_);
  auto range = std::find_if(ranges_.begin(), ranges_.end(),
                            [](const Range& candidate) { return !candidate.free.empty(); });
  Range* const source = range != ranges_.end() ? &*range : add_range();
  if (source == nullptr) return nullptr;
  const std::size_t index = source->free.back();
  source->free.pop_back();
  return source->begin + index * segment_bytes;
}

MappedMemory::Range* MappedMemory::add_range() {
  // Reserves address space only: a page costs memory from its first use to its release.
  void* const begin = ::mmap(nullptr, range_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (begin == MAP_FAILED) return nullptr;
  // No huge pages: one used segment would keep the other 31 of its page resident.
  ::madvise(begin, range_bytes, MADV_NOHUGEPAGE);
  Range& range = ranges_.emplace_back(Range{static_cast<std::byte*>(begin), {}});
  range.free.reserve(segments_per_range);
  for (std::size_t i = segments_per_range; i > 0; --i) {
    range.free.push_back(static_cast<std::uint16_t>(i - 1));
  }
  return &range;
}

void MappedMemory::release_segment(void* segment) {
  ::madvise(segment, segment_bytes, MADV_DONTNEED);
  auto* const at = static_cast<std::byte*>(segment);
  const std::lock_guard lock(mutex_);
  const auto range = std::find_if(ranges_.begin(), ranges_.end(), [at](const Range& candidate) {
    return at >= candidate.begin && at < candidate.begin + range_bytes;
  });
  const auto index = static_cast<std::size_t>(at - range->begin) / segment_bytes;
  range->free.push_back(static_cast<std::uint16_t>(index));
  if (range->free.size() == segments_per_range && ranges_.size() > 1) {
    ::munmap(range->begin, range_bytes);
    ranges_.erase(range);
  }
}

}  // namespace plimsoll::inline v0::native
