#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"

// The header of a segment of 64 KiB: where its bytes are, who pays for it, and how many holders it
// has. Segments are acquired and released through segment.h, or through the progress reserve.

namespace plimsoll::inline v0 {

class Account;
class Budget;

struct Segment {
  Segment* next = nullptr;
  Account* payer = nullptr;    ///< null: the segment belongs to the progress reserve
  Budget* budget = nullptr;    ///< the budget that the segment goes back to
  std::uint64_t position = 0;  ///< of its first byte in the stream (requests)
  std::uint32_t filled = 0;    ///< bytes in use from the beginning
  std::uint32_t live = 0;      ///< how many of these bytes are still needed (requests)
  std::atomic<std::uint32_t> holders{1};

  char* begin();
  char* end();
};

inline constexpr std::size_t segment_header_bytes = 64;
inline constexpr std::size_t segment_capacity = segment_bytes - segment_header_bytes;
static_assert(sizeof(Segment) <= segment_header_bytes);

inline char* Segment::begin() { return reinterpret_cast<char*>(this) + segment_header_bytes; }
inline char* Segment::end() { return reinterpret_cast<char*>(this) + segment_bytes; }

}  // namespace plimsoll::inline v0
