#pragma once

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment_header.h"

// A segment: 64 KiB of bytes with a small header in front, the unit in which requests and replies
// are stored. Segments form chains in the order of the stream. Several can hold the same segment (a
// reader, and each reply that was kept from it); the last holder gives it back.

namespace plimsoll {

/// Returns a fresh segment with one holder, charged to `payer`, or null where memory is refused.
Segment* acquire_segment(Account& payer);

/// Adds a holder.
void hold(Segment& segment);

/// Removes a holder. The last one gives the segment back to the pool, or to the progress reserve,
/// it came from. Any thread.
void release(Segment& segment);

}  // namespace plimsoll
