#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/memory_source.h"

// What a segment of 64 KiB begins with: where its bytes are, who pays for it, and how many hold it.
// Segments are had and given up through segment.h, or through the progress reserve.

namespace plimsoll {

class Account;
class Budget;

struct Segment {
  Segment* next = nullptr;
  Account* payer = nullptr;    ///< null: the segment is one of the progress reserve's
  Budget* budget = nullptr;    ///< where it goes back to
  std::uint64_t position = 0;  ///< of its first byte in the stream (requests)
  std::uint32_t filled = 0;    ///< bytes in use from the beginning
  std::uint32_t live = 0;      ///< of these, bytes still needed (requests)
  std::atomic<std::uint32_t> holders{1};

  char* begin();
  char* end();
};

inline constexpr std::size_t segment_header_bytes = 64;
inline constexpr std::size_t segment_capacity = segment_bytes - segment_header_bytes;
static_assert(sizeof(Segment) <= segment_header_bytes);

inline char* Segment::begin() { return reinterpret_cast<char*>(this) + segment_header_bytes; }
inline char* Segment::end() { return reinterpret_cast<char*>(this) + segment_bytes; }

}  // namespace plimsoll
