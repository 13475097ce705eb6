#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/tests/core/resp/reading.h"

namespace plimsoll::testing {

/// One reply, read and at hand.
class Parsed {
 public:
  /// Writes `bytes` in pieces of at most `piece_bytes`, the first of them to a buffer of this size;
  /// they must be one frame.
  explicit Parsed(std::string_view bytes, std::size_t piece_bytes = SIZE_MAX,
                  SegmentSize first_buffer = SegmentSize::small)
      : reader_(*memory.account, {}) {
    if (first_buffer == SegmentSize::whole) fill_small_buffer(reader_);
    Reader::Poll poll = Reader::Poll::need_more;
    while (poll == Reader::Poll::need_more) {
      const std::span<char> room = reader_.read_space();
      const std::size_t taken = std::min({room.size(), piece_bytes, bytes.size()});
      PLIMSOLL_CHECK(taken > 0);
      std::memcpy(room.data(), bytes.data(), taken);
      reader_.handle_read(taken);
      bytes.remove_prefix(taken);
      poll = reader_.next(true);
    }
    PLIMSOLL_CHECK(poll == Reader::Poll::frame && bytes.empty());
  }

  Value value() const { return reader_.value(); }
  Reader& reader() { return reader_; }

  ReplyMemory memory;

 private:
  Reader reader_;
};

}  // namespace plimsoll::testing
