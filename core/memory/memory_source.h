#pragma once

#include <cstddef>

// The two exits through which all of core's memory comes and goes: pages and small blocks. The
// driver passes one in (mapped pages natively, the module's allocator in WebAssembly, one that
// refuses on command in tests). It must be usable from every thread that uses the Budget.

namespace plimsoll {

/// Size of a segment: read buffers, encoded requests, large tapes.
inline constexpr std::size_t segment_bytes = 64 * 1024;

/// Size of a chunk: queues and middling tapes.
inline constexpr std::size_t chunk_bytes = 4 * 1024;

class MemorySource {
 public:
  MemorySource() = default;
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;

  /// `bytes` of memory aligned for any type, or null when there is none.
  virtual void* allocate_block(std::size_t bytes) = 0;
  virtual void release_block(void* block, std::size_t bytes) = 0;

  /// What the allocator really spends on a block of `bytes`: this is what is charged.
  virtual std::size_t block_footprint(std::size_t bytes) const = 0;

  /// segment_bytes of memory, aligned for any type, or null when there is none.
  virtual void* allocate_segment() = 0;
  virtual void release_segment(void* segment) = 0;

 protected:
  ~MemorySource() = default;
};

}  // namespace plimsoll
