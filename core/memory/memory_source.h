#pragma once

#include <cstddef>

// Where all of the core's memory comes from and goes back to: segments, and blocks of any size. The
// driver passes a source to the Budget: natively mapped pages, in WebAssembly the module's
// allocator, in tests a source that refuses on command. A source must be usable from every thread
// that uses the Budget.

namespace plimsoll::inline v0 {

/// Size of a segment: read buffers, encoded requests, large tapes.
inline constexpr std::size_t segment_bytes = 64 * 1024;

/// Size of a chunk: queues, and tapes of medium size.
inline constexpr std::size_t chunk_bytes = 4 * 1024;

class MemorySource {
 public:
  MemorySource() = default;
  MemorySource(const MemorySource&) = delete;
  MemorySource& operator=(const MemorySource&) = delete;

  /// Returns `bytes` of memory aligned for any type, or null if there is no memory.
  virtual void* allocate_block(std::size_t bytes) = 0;
  virtual void release_block(void* block, std::size_t bytes) = 0;

  /// Returns what the allocator really spends on a block of `bytes`. The account is charged this
  /// much.
  virtual std::size_t block_footprint(std::size_t bytes) const = 0;

  /// Returns segment_bytes of memory, aligned for any type, or null if there is no memory.
  virtual void* allocate_segment() = 0;
  virtual void release_segment(void* segment) = 0;

 protected:
  ~MemorySource() = default;
};

}  // namespace plimsoll::inline v0
