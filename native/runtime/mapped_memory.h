#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "plimsoll/core/memory/memory_source.h"

namespace plimsoll::inline v0::native {

/// Memory for servers: segments lie in large mapped ranges, and a released segment goes back to the
/// operating system at once, whatever malloc is linked. Small blocks come from malloc. Thread-safe.
class MappedMemory final : public MemorySource {
 public:
  MappedMemory() = default;
  ~MappedMemory();

  void* allocate_block(std::size_t bytes) override;
  void release_block(void* block, std::size_t bytes) override;
  std::size_t block_footprint(std::size_t bytes) const override;
  void* allocate_segment() override;
  void release_segment(void* segment) override;

 private:
  // One mapping per range, not per segment: the kernel allows a process about 65,530 mappings.
  struct Range {
    std::byte* begin;
    std::vector<std::uint16_t> free;  // segments of the range that are not in use
  };

  Range* add_range();

  std::mutex mutex_;
  std::vector<Range> ranges_;
};

}  // namespace plimsoll::inline v0::native
