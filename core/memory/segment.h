#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/memory_source.h"

// A segment: 64 KiB of bytes with a small header in front, the unit in which requests and replies
// are stored. Segments form chains in the order of the stream. A segment that holds replies which
// were kept has several holders; the last one gives it back.

namespace plimsoll {

struct Segment {
  Segment* next = nullptr;
  Account* payer = nullptr;  ///< null: it belongs to the progress reserve
  Budget* budget = nullptr;
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

/// A fresh segment with one holder, charged to `payer`, or null where memory is refused.
Segment* acquire_segment(Account& payer);

void hold(Segment& segment);

/// Gives up one hold; the last one ends the segment. Any thread.
void release(Segment& segment);

}  // namespace plimsoll
