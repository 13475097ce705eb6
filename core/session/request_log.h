#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/encoder.h"

// The bytes of requests, from submit() until the transport has taken them: a chain of segments in
// the order of the stream. A position is a byte's place in all that was ever appended. Bytes may be
// given up in the middle; a segment that nobody needs any more goes back at once.

namespace plimsoll {

class RequestLog {
 public:
  /// Segments are charged to `requests`. `leaves_half`: half of its pool's share is for others, but
  /// for a request that is longer, which has the log for itself.
  explicit RequestLog(Account& requests, bool leaves_half = false)
      : requests_(requests), leaves_half_(leaves_half) {}
  ~RequestLog();
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  static constexpr std::uint64_t no_room = UINT64_MAX;

  /// No request may be longer: its state has 32 bits for that.
  static constexpr std::size_t request_bytes_max = UINT32_MAX;

  /// Encodes `command` and returns its position; its bytes end at end(). no_room where the requests
  /// pool cannot pay for all of them, or it is too long: then nothing was kept.
  std::uint64_t append(const CommandView& command) {
    if (room_in_last() < encoded_size_bound(command)) return append_to_new(command);
    return write_whole(command);
  }

  /// Sees to it that the append() that comes next, of `size` encoded bytes, finds room. False:
  /// there is none, and nothing has changed.
  bool make_room(std::size_t size);
  /// There comes none: gives back what make_room() has taken.
  void release_room();

  /// Fills `spans` with the bytes from position `begin` to `end`, which must all be there; returns
  /// how many spans it took. What does not fit `spans` is left out.
  std::size_t collect(std::uint64_t begin, std::uint64_t end,
                      std::span<std::string_view> spans) const;

  /// The bytes from position `begin` to `end` are not needed any more.
  void give_up(std::uint64_t begin, std::uint64_t end);

  /// No byte is needed any more.
  void clear();

  /// Bytes that were appended and not given up. Walks over the segments; CHECKs that each is
  /// needed.
  std::size_t live_bytes() const;

  /// Where the next request will be.
  std::uint64_t end() const { return end_; }

 private:
  // Behind the last segment's bytes. None where a later segment was given up, and these bytes are
  // not the end of the stream any more.
  std::size_t room_in_last() const {
    const bool at_end = last_ != nullptr && last_->position + last_->filled == end_;
    return at_end ? segment_capacity - last_->filled : 0;
  }

  // A request that fits one segment lies in one: it is encoded in one go and sent in one span.
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
  bool add_segments(std::size_t count);
  bool may_add(std::size_t count) const;
  void write(std::string_view bytes);

  Account& requests_;
  const bool leaves_half_;
  Segment* first_ = nullptr;
  Segment* last_ = nullptr;  // the one being filled
  std::uint64_t end_ = 0;
};

}  // namespace plimsoll
