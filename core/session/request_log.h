#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/encoder.h"

// Holds the bytes of requests from append() until Pipeline gives them up, in a chain of segments in
// the order of the stream. A position is the number of bytes that were ever appended before a byte.
// Bytes in the middle may be given up; a segment is released as soon as none of its bytes is
// needed.
//
// A cluster's client has a log for each node, so a log with little in it must not take 64 KiB: it
// begins with a small segment. A log that streams takes whole segments, because it would change
// pages, with two locks each time, for every few dozen requests otherwise (next_size()).

namespace plimsoll::inline v0 {

class RequestLog {
 public:
  /// Parts of the requests pool's share are counted in so many.
  static constexpr std::uint32_t parts_count = 1024;

  /// Segments are charged to `requests`. With `leaves_half` the log takes at most half of the
  /// pool's share, so that waiters have the other half. A longer request is allowed if the log is
  /// empty.
  explicit RequestLog(Account& requests, bool leaves_half = false)
      : requests_(requests), leaves_half_(leaves_half), is_bounded_(leaves_half) {}
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  static constexpr std::uint64_t no_room = UINT64_MAX;

  /// The longest request: Pipeline keeps sizes in 32 bits.
  static constexpr std::size_t request_bytes_max = UINT32_MAX;

  /// Encodes `command` and returns its position; its bytes end at end(). Returns no_room, and keeps
  /// nothing, if the requests pool cannot pay for all bytes, or if the command is too long.
  std::uint64_t append(const CommandView& command) {
    if (room_in_last() < encoded_size_bound(command)) return append_to_new(command);
    return write_whole(command);
  }

  /// Reserves room for the next append(), of `size` encoded bytes. Returns false, and changes
  /// nothing, if there is no room.
  bool make_room(std::size_t size);
  /// Releases what make_room() reserved, if no append() follows.
  void release_room();

  /// Fills `spans` with the bytes from position `begin` to `end`, which the log must hold, and
  /// returns the number of spans used. Bytes that do not fit into `spans` are left out.
  std::size_t collect(std::uint64_t begin, std::uint64_t end,
                      std::span<std::string_view> spans) const;

  /// Gives up the bytes from position `begin` to `end`: they are not needed any more.
  void give_up(std::uint64_t begin, std::uint64_t end);

  /// Releases all segments.
  void clear();

  /// The bytes that were appended and not given up. Walks over the segments, and CHECKs that each
  /// is needed.
  std::size_t live_bytes() const;

  /// From now on the log takes at most `parts` of parts_count of what it may take otherwise. What
  /// it has stays.
  void set_parts(std::uint32_t parts) {
    parts_ = static_cast<std::uint16_t>(parts);
    is_bounded_ = leaves_half_ || parts < parts_count;
  }

  /// The bytes from the first that is needed to the last, also those in between that are not.
  std::size_t held_bytes() const {
    return first_ == nullptr ? 0 : static_cast<std::size_t>(end_ - first_->position);
  }
  /// The room behind the last segment's bytes. 0 if a later segment was released: then these bytes
  /// are no longer the end of the stream.
  std::size_t room_in_last() const {
    const bool at_end = last_ != nullptr && last_->position + last_->filled == end_;
    return at_end ? last_->capacity - last_->filled : 0;
  }

  /// The position of the next request.
  std::uint64_t end() const { return end_; }

 private:
  // A request that fits into a whole segment is never split, so it is encoded in one go and sent in
  // one span.
  std::uint64_t write_whole(const CommandView& command) {
    char* const out = last_->begin() + last_->filled;
    const auto size = static_cast<std::uint32_t>(encode(command, out) - out);
    last_->filled += size;
    last_->live += size;
    end_ += size;
    return end_ - size;
  }

  std::uint64_t append_to_new(const CommandView& command);
  bool has_empty_segments() const { return last_ != nullptr && last_->filled == 0; }
  bool add_room(std::size_t size);
  SegmentSize next_size() const;
  bool add_segments(std::size_t count, SegmentSize size);
  bool can_ever_add(std::size_t count, SegmentSize size) const;
  bool may_add(std::size_t count, SegmentSize size) const;
  void note_drained(const Segment& last);
  /// Leaves room for a deferred word, which its caller writes.
  void write(std::string_view bytes);

  Account& requests_;
  std::uint16_t parts_ = parts_count;  // see set_parts()
  const bool leaves_half_;
  bool is_bounded_;       // it may not have all of the pool's share
  bool streams_ = false;  // before the log was last empty, a small segment was not enough
  Segment* first_ = nullptr;
  Segment* last_ = nullptr;  // the segment that is being filled
  std::uint64_t end_ = 0;
};

}  // namespace plimsoll::inline v0
