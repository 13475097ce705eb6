#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/memory/segment.h"
#include "plimsoll/core/resp/parser.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/resp/tape.h"
#include "plimsoll/core/resp/value.h"

// One connection's way in: hands out room to read into, parses what was read, and presents one
// frame at a time, where it lies. Room is charged before it is handed out; when there is none the
// answer is "not now". A frame that cannot fit is skipped while it streams past.

namespace plimsoll {

struct ReaderOptions {
  /// Replies and pushes of more bytes (with their tapes) are skipped.
  std::size_t reply_bytes_max = bulk_bytes_max;

  /// Of what is read to the progress reserve nothing is behind the frame at hand: it could not
  /// stay.
  bool spares_reserve = false;
};

class Reader {
 public:
  enum class Poll { need_more, frame, failed };

  /// Whether the progress reserve may be read to while the pool is dry. A frame that lies in it
  /// goes on there in any case: it must come to an end.
  enum class Reserve : std::uint8_t { use, leave };

  /// Buffers and tapes are charged to `replies`.
  Reader(Account& replies, const ReaderOptions& options);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Where the next bytes of the peer go, once next() wants more. Empty where the replies pool has
  /// no memory: do not read now, ask again when some was released. The room stays valid until
  /// handle_read(), which may be of no bytes, or reset().
  std::span<char> read_space(Reserve reserve = Reserve::use);

  /// The first `count` bytes of read_space() have been filled.
  void handle_read(std::size_t count);

  /// Moves on to the next frame; what the frame before gave out is invalid from here on.
  /// `replies_wanted` says whether anyone waits for the next reply: if not it is skipped as it
  /// comes (pushes never are).
  Poll next(bool replies_wanted);

  /// The frame: valid after Poll::frame until next().
  Value value() const { return Value(tape_.first()); }
  bool is_push() const { return parser_.frame_type() == Type::push; }
  std::size_t frame_bytes() const { return parser_.frame_bytes(); }

  /// Why the frame has no value: Drop::none where it has one.
  Parser::Drop dropped() const { return parser_.dropped(); }
  std::uint64_t dropped_at() const { return parser_.dropped_at(); }
  /// What whoever waits for it is told then: reply_too_large, with the limit and where it was.
  Error dropped_error() const;

  /// Takes the frame along, beyond next(). Fails (reply_too_large) where the replies pool has no
  /// room for it; the frame is still there then. Once for each frame.
  Result<Reply> keep();

  /// A copy of the frame, whatever its size, that lives beyond next(). Fails as keep() does.
  Result<Reply> copy();

  /// Whether keep() may work once there is memory: not for a large frame that lies in the progress
  /// reserve.
  bool may_keep() const {
    return parser_.frame_bytes() < Reply::copied_bytes_max || !touches_reserve();
  }

  /// Whether what was read, and is not presented or just being, lies in the progress reserve.
  bool touches_reserve() const;

  /// After Poll::failed.
  const Error& error() const { return parser_.error(); }

  /// Whether a frame has begun to arrive and not ended.
  bool in_frame() const { return partial_; }

  /// Of the frame that has begun to arrive: what it is, as far as its bytes have shown that.
  enum class Half : std::uint8_t { unknown, push, error, reply };
  Half half() const;

  /// Whether there is a buffer, even if nothing in it is needed.
  bool holds_buffer() const { return last_ != nullptr; }

  /// Whether there are bytes that were read and not presented, or are just being.
  bool holds_bytes() const { return partial_ || frame_ready_ || at_ != end_; }

  /// Forgets everything: the next byte is the first of a new connection.
  void reset();

  /// Gives back the buffer if nothing in it is needed: for when no reply is awaited.
  void release_idle();

 private:
  std::span<char> find_room(Reserve reserve);
  Segment* acquire(Reserve reserve);
  bool skip_for_lack_of_room();
  void move_rest_to(Segment& segment);
  void release_before_last();
  void release_last();
  Result<Reply> keep_copy();
  Result<Reply> keep_buffers();

  Account& replies_;
  const ReaderOptions options_;
  Segment* first_ = nullptr;  // of the frame at hand
  Segment* last_ = nullptr;   // being filled
  const char* at_ = nullptr;  // the first byte in last_ that is not parsed
  char* end_ = nullptr;       // one past the last byte read
  bool lent_ = false;         // read_space() was given out
  bool frame_ready_ = false;
  bool partial_ = false;
  Tape tape_;
  Parser parser_;
};

}  // namespace plimsoll
