#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"

// The header of a segment: where its bytes are, who pays for it, and how many holders it has.
// Segments are acquired and released through segment.h, or through the progress reserve.

namespace plimsoll::inline v0 {

class Account;
class Budget;

/// The page that a segment lies in.
enum class SegmentSize : std::uint8_t {
  small,  ///< a chunk of 4 KiB: for a connection with little to send or to read
  whole   ///< 64 KiB: for a stream, which then needs few system calls and few pages
};

/// At the front of each segment.
inline constexpr std::size_t segment_header_bytes = 64;
/// The bytes that a whole segment has room for: the most of any segment.
inline constexpr std::size_t segment_capacity = segment_bytes - segment_header_bytes;
inline constexpr std::size_t small_segment_capacity = chunk_bytes - segment_header_bytes;

struct Segment {
  Segment* next = nullptr;
  Account* payer = nullptr;    ///< null: the segment belongs to the progress reserve
  Budget* budget = nullptr;    ///< the budget that the segment goes back to
  std::uint64_t position = 0;  ///< of its first byte in the stream (requests)
  std::uint32_t filled = 0;    ///< bytes in use from the beginning
  std::uint32_t live = 0;      ///< how many of these bytes are still needed (requests)
  std::uint32_t capacity = segment_capacity;
  std::atomic<std::uint32_t> holders{1};

  SegmentSize size() const {
    return capacity == segment_capacity ? SegmentSize::whole : SegmentSize::small;
  }
  char* begin();
  char* end();
};

static_assert(sizeof(Segment) <= segment_header_bytes);

inline char* Segment::begin() { return reinterpret_cast<char*>(this) + segment_header_bytes; }
inline char* Segment::end() { return begin() + capacity; }

/// Returns how many bytes a segment of this size has room for.
constexpr std::size_t capacity_of(SegmentSize size) {
  return size == SegmentSize::whole ? segment_capacity : small_segment_capacity;
}

}  // namespace plimsoll::inline v0
