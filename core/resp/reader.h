#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/buffer_size.h"
#include "plimsoll/core/resp/parser.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

// The receiving side of one connection: hands out room to read into, parses what was read, and
// presents one frame at a time where it lies in the read buffers. Session owns it; the replies pool
// pays for buffers and tape. ReaderOptions::reply_bytes_max bounds a frame.
//
//   read_space() --> the driver reads --> handle_read() --> next() --need_more--> read_space()
//                                                            |
//                                                            +--frame--> value(), keep() --> next()
//
// Invariants:
//
// - Room is charged before it is handed out. Without memory, read_space() is empty: do not read
//   now.
// - A buffer is a segment: small while little comes, whole once a read has filled a small one, or
//   once a frame needs a third (BufferSize, next_size()).
// - The segments from first_ to last_ have the current frame. Only last_ is filled; its bytes from
//   at_ to end_ have been read and not parsed.
// - The segments of a presented frame stay until next() is called again; those that a kept Reply
//   holds, until that reply is destroyed.
// - A frame that does not fit is skipped as it streams past, and the connection goes on.
// - While the pool is dry, one reader at a time may use the progress reserve (progress_reserve.h),
//   and only until its frame is over.

namespace plimsoll::inline v0 {

struct ReaderOptions {
  /// A reply or push that takes more bytes, with its tape, is skipped.
  std::size_t reply_bytes_max = bulk_bytes_max;

  /// While a frame is read into the progress reserve, reads nothing of the frame behind it: that
  /// one could not stay there.
  bool spares_reserve = false;
};

class Reader {
 public:
  enum class Poll { need_more, frame, failed };

  /// Whether read_space() may take the progress reserve while the pool is dry. A frame that is
  /// already in the reserve continues there in any case, so that it comes to an end.
  enum class Reserve : std::uint8_t { use, leave };

  /// `replies` pays for buffers and tapes, and must outlive this.
  Reader(Account& replies, const ReaderOptions& options);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Returns room for the next bytes of the peer. Call it when next() needs more. The room is empty
  /// if the replies pool has no memory: do not read now, and ask again once memory was released. It
  /// stays valid until handle_read(), which may report 0 bytes, or reset().
  std::span<char> read_space(Reserve reserve = Reserve::use);

  /// The driver has read `count` bytes to the front of read_space().
  void handle_read(std::size_t count);

  /// Moves on to the next frame, which invalidates views of the frame before. If `replies_wanted`
  /// is false, no caller waits for a reply: a reply is then skipped as it arrives, but not a push.
  Poll next(bool replies_wanted);

  /// Does what next(true) does, but much faster, if the next frame has arrived whole and is a
  /// short value (Parser::parse_short_frame()), and the frame before it lies in the
  /// same buffer. Returns false, and changes nothing, for any other frame.
  [[gnu::always_inline]] bool next_short() {
    if (partial_ || first_ != last_) return false;
    if (!parser_.parse_short_frame(at_, end_, options_.reply_bytes_max)) return false;
    frame_ready_ = true;
    return true;
  }

  /// The frame. Valid after Poll::frame, until next().
  Value value() const { return Value(tape_.first()); }
  bool is_push() const { return parser_.frame_type() == Type::push; }
  /// Also of a frame that has no value.
  bool is_array() const { return parser_.frame_type() == Type::array; }
  std::size_t frame_bytes() const { return parser_.frame_bytes(); }

  /// Why the frame has no value; Drop::none if it has one.
  Parser::Drop dropped() const { return parser_.dropped(); }
  std::uint64_t dropped_at() const { return parser_.dropped_at(); }
  /// The error for the request whose reply was dropped: reply_too_large, with the limit and the
  /// byte of the stream.
  Error dropped_error() const;

  /// Returns the frame as a Reply that lives beyond next(): a copy if it is small, else with its
  /// buffers. Fails with reply_too_large if the replies pool has no room; the frame is still there
  /// then. Call it at most once for each frame.
  Result<Reply> keep();

  /// Makes a Reply of `wire`: one whole reply, as write_wire() or a server wrote it. Fails with
  /// reply_too_large if `payer` has no memory.
  static Result<Reply> copy_of(std::string_view wire, Account& payer);

  /// Returns a copy of the frame, whatever its size, that lives beyond next(). Fails as keep()
  /// does.
  Result<Reply> copy();

  /// Whether keep() can succeed once there is memory. It cannot for a large frame in the progress
  /// reserve, whose buffers must be given back.
  bool may_keep() const {
    return parser_.frame_bytes() < Reply::copied_bytes_max || !touches_reserve();
  }

  /// Whether the current frame, or bytes that were read and not parsed, lie in the progress
  /// reserve.
  bool touches_reserve() const;

  /// After Poll::failed.
  const Error& error() const { return parser_.error(); }

  /// Whether a part of a frame has arrived, and not all of it.
  bool in_frame() const { return partial_; }

  /// The kind of a frame of which a part has arrived, if that part shows the kind.
  enum class Half : std::uint8_t { unknown, push, error, reply };
  Half half() const;

  /// Whether the reader has a buffer, even if nothing in it is needed.
  bool holds_buffer() const { return last_ != nullptr; }

  /// Whether the reader has bytes that are needed: of the current frame, or not parsed yet.
  bool holds_bytes() const { return partial_ || frame_ready_ || at_ != end_; }

  /// Forgets everything: the next byte is the first of a new connection.
  void reset();

  /// CHECKs that nothing is charged for a frame that is over.
  void validate() const;

  /// Releases the buffer if nothing in it is needed. Call it when no reply is outstanding, so that
  /// an idle connection holds no buffer.
  void release_idle();

 private:
  std::span<char> find_room(Reserve reserve);
  Segment* acquire(Reserve reserve);
  Segment* reused_last();
  SegmentSize next_size() const;
  bool may_end_in_small() const;
  bool skip_for_lack_of_room();
  void move_rest_to(Segment& segment);
  void release_before_last();
  void release_last();
  Result<Reply> keep_copy();
  Result<Reply> keep_node(const Node& node, std::size_t bytes);
  Result<Reply> keep_buffers();

  Account& replies_;
  const ReaderOptions options_;
  Segment* first_ = nullptr;  // the first segment of the current frame
  Segment* last_ = nullptr;   // the segment that is being filled
  const char* at_ = nullptr;  // the first byte in last_ that is not parsed
  char* end_ = nullptr;       // one past the last byte read
  bool lent_ = false;         // the driver may be reading to read_space() now
  bool frame_ready_ = false;  // next() has presented a frame, which is still there
  bool partial_ = false;      // a part of a frame has been parsed
  BufferSize buffer_size_;
  Tape tape_;
  Parser parser_;
};

}  // namespace plimsoll::inline v0
