#pragma once

#include <cstddef>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment_header.h"

// A segment: bytes with a small header in front, the unit in which requests and replies are stored.
// Segments form chains in the order of the stream, and a chain may have segments of both sizes.
// Several holders can share a segment (a reader, and each kept reply that lies in it); the last
// holder gives it back.

namespace plimsoll::inline v0 {

/// Returns a fresh segment with one holder, charged to `payer`, or null if memory is refused.
Segment* acquire_segment(Account& payer, SegmentSize size = SegmentSize::whole);

/// Adds a holder.
void hold(Segment& segment);

/// Removes a holder. The last holder gives the segment back to the pool, or to the progress
/// reserve, that it came from. Any thread.
void release(Segment& segment);

/// Returns what a segment of this size costs an account of `budget`.
std::size_t charge_for(SegmentSize size, Budget& budget);

}  // namespace plimsoll::inline v0
