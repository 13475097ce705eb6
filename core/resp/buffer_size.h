#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/memory/segment_header.h"

// Chooses the size of a Reader's next buffer by what the last reads brought. A cluster's client has
// a reader for each node, so one to which little comes must not hold 64 KiB; one to which much
// comes must not need a system call for each 4 KiB.

namespace plimsoll::inline v0 {

/// Less room than this is not worth a system call, unless a string that has begun must go on there:
/// the reader takes the next buffer instead.
inline constexpr std::size_t read_space_min = 2048;

class BufferSize {
 public:
  /// After this many small reads in a row a small buffer will do. So a peer that sends much now and
  /// then costs at most one read in so many more than with whole buffers alone.
  static constexpr std::uint8_t small_reads_max = 64;

  /// Notes that a read of `count` bytes came to a buffer with `room`. A buffer of either size may
  /// end with room for a few bytes of a string, and says nothing when these have come.
  void note_read(std::size_t count, std::size_t room) {
    const bool is_large = count == room ? count >= read_space_min : count >= small_segment_capacity;
    small_reads_left_ =
        is_large ? small_reads_max
                 : static_cast<std::uint8_t>(small_reads_left_ - (small_reads_left_ > 0 ? 1 : 0));
  }

  /// There was no memory for a whole buffer. It is not asked for again at each read, which would
  /// take from others what they have set aside.
  void note_refused() { small_reads_left_ = 0; }

  SegmentSize wanted() const {
    return small_reads_left_ > 0 ? SegmentSize::whole : SegmentSize::small;
  }

 private:
  std::uint8_t small_reads_left_ = 0;  // until a small buffer will do
};

}  // namespace plimsoll::inline v0
