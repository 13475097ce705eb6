#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/core/resp/tape.h"

// The incremental parser of RESP2 and RESP3. It takes bytes where they lie in the read buffers, cut
// anywhere, and writes one top-level value (a frame) at a time onto a Tape. Reader owns one for
// each connection, WireReader one for replies out of the cache. docs/protocol.md lists where
// servers and clients differ, and what this parser does.
//
//   header --a string that is not whole--> payload --> payload_end --> header
//     |                                       ^             |
//     +--"$?"--> chunk_header --";", a length-+             +--in a streamed string--> chunk_header
//     |                |
//     |                +--";0"--> header
//     |
//     +--a line beyond line_bytes_max--> long_line --CR LF--> header
//
//   any state --an error--> failed --reset()--> header
//
// Invariants:
//
// - Bytes of strings are not copied: nodes point into the read buffers.
// - Nesting does not recurse, and a length that the peer announces allocates nothing. So no reply
//   can overflow the stack, or take memory for bytes that never come.
// - A frame that the server may send but the tape cannot have (Drop) is dropped: it is parsed to
//   its end without being recorded, so that the replies behind it keep their places.
// - The outcome, errors included, does not depend on how the bytes are cut.

namespace plimsoll::inline v0 {

/// The most aggregates inside each other, attributes included. A deeper frame is skipped.
inline constexpr std::size_t nesting_depth_max = 64;

/// The most bytes of a line that is not a length: a simple string or error, or a number. A frame
/// with a longer line is skipped; a longer double is an error.
inline constexpr std::size_t line_bytes_max = 16 * 1024;

/// The most elements that may still be to come of the aggregates beyond nesting_depth_max, all
/// together.
inline constexpr std::size_t skipped_elements_max = std::size_t{1} << 31;

/// The most bytes of a string: the server's default proto-max-bulk-len.
inline constexpr std::size_t bulk_bytes_max = 512 * 1024 * 1024;

/// The most elements of an aggregate, or pairs of a map.
inline constexpr std::size_t aggregate_elements_max = std::size_t{1} << 27;

class Parser {
 public:
  enum class Outcome : std::uint8_t { need_more, frame, failed };

  /// Why the current frame is dropped instead of recorded.
  enum class Drop : std::uint8_t {
    none,       ///< the frame is recorded
    unwanted,   ///< no caller waits for the reply
    too_large,  ///< no memory for it, or more bytes than the limit of begin_frame()
    too_deep,   ///< beyond nesting_depth_max
    long_line,  ///< a line is beyond line_bytes_max
  };

  explicit Parser(Tape& tape) : tape_(tape) {}
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// Forgets everything, also a failure: the next byte is the first of a new stream.
  void reset();

  /// Begins the next frame and forgets the nodes of the one before. If a string would take the
  /// frame beyond `frame_bytes_limit` bytes, the frame is dropped as too_large.
  void begin_frame(std::size_t frame_bytes_limit) {
    tape_.clear();
    in_frame_ = true;
    type_known_ = false;
    drop_ = Drop::none;
    frame_bytes_ = 0;
    frame_bytes_limit_ = frame_bytes_limit;
  }

  /// Parses bytes from `at` up to `end`, or to the end of the frame, and moves `at` behind the last
  /// byte consumed. `storage_end` is the end of the buffer into which the bytes after `end` will be
  /// read. Pass what is left between `at` and `end` again, with more bytes behind; the caller may
  /// move it. Nothing is left while in_payload(). On Outcome::failed, see error().
  Outcome parse(const char*& at, const char* end, const char* storage_end);

  /// Does what begin_frame() and parse() do, but much faster, for a frame that has arrived whole
  /// and is a string, a small number, OK or null, as most replies are. Returns false, and consumes
  /// nothing, for any other frame.
  bool parse_short_frame(const char*& at, const char* end, std::size_t frame_bytes_limit);

  /// Stops recording the current frame and forgets its nodes. The first reason counts.
  void drop(Drop reason);

  /// While `wanted` is false, drops every frame, also one that has begun, as soon as its type shows
  /// that it is no push.
  void set_replies_wanted(bool wanted) {
    replies_wanted_ = wanted;
    if (!wanted && in_frame_ && type_known_ && frame_type_ != Type::push) drop(Drop::unwanted);
  }

  Drop dropped() const { return drop_; }

  /// After Drop::too_deep and Drop::long_line: the byte of the stream where that aggregate or line
  /// begins.
  std::uint64_t dropped_at() const { return dropped_at_; }

  bool in_frame() const { return in_frame_; }

  /// Whether the next bytes belong to a string whose node already points into the current buffer.
  /// Then they must be read into that buffer, directly behind the bytes before them.
  bool in_payload() const { return state_ == State::payload; }

  /// How many bytes the current frame needs at least (or the next frame, if none has begun), in
  /// addition to the `rest` bytes that parse() left. A caller that reads no more than this reads
  /// nothing of the frame after it.
  std::size_t missing_bytes_min(std::size_t rest) const {
    constexpr std::size_t line_bytes_min = 3;  // "_\r\n"
    if (state_ == State::payload) return payload_left_ + 2;
    if (state_ == State::payload_end || state_ == State::long_line) return 2 - rest;
    return rest < line_bytes_min ? line_bytes_min - rest : 1;
  }

  /// Whether a frame has begun and its type has been read.
  bool is_type_known() const { return in_frame_ && type_known_; }

  /// The type of the frame. Valid once the frame is whole, or is_type_known().
  Type frame_type() const { return frame_type_; }

  /// The bytes of the frame that have been consumed.
  std::size_t frame_bytes() const { return frame_bytes_; }

  /// After Outcome::failed: a protocol_error, whose offset is the byte of the stream.
  const Error& error() const { return error_; }

 private:
  enum class State : std::uint8_t { header, payload, payload_end, chunk_header, long_line, failed };

  struct Level {
    Node* head;
    std::uint32_t left;  // elements still to come; of a streamed aggregate, elements so far
    Type type;
    bool streamed;
  };

  enum class Step : std::uint8_t { go_on, need_more, frame, failed };

  Step parse_common(const char*& p, const char* end);
  Step parse_header(const char*& p, const char* end, const char* storage_end);
  Step parse_integer(const char*& p, const char* end);
  Step parse_string(Type type, const char*& p, const char* end, const char* storage_end);
  Step parse_chunk(const char*& p, const char* end, const char* storage_end);
  Step parse_aggregate(Type type, const char*& p, const char* end);
  Step parse_deep_aggregate(Type type, std::uint64_t length, const char*& p, const char* next);
  Step parse_line(Type type, const char*& p, const char* end);
  Step begin_long_line(Type type, const char*& p);
  Step parse_long_line(const char*& p, const char* end);
  Step parse_null(const char*& p, const char* end);
  Step parse_boolean(const char*& p, const char* end);
  Step parse_stream_end(const char*& p, const char* end);
  Step parse_payload(const char*& p, const char* end, const char* storage_end);
  Step parse_payload_end(const char*& p, const char* end);

  Step parse_length(const char* digits, const char* end, std::uint64_t& length, const char*& next);
  Step find_line(const char* p, const char* end, const char*& line_end);
  Step fail(const char* at, const char* what, const char* expected);
  void drop(Drop reason, const char* at);
  Step expect(const char* at, const char* end, const char* wanted, const char* what,
              const char* expected = "CR LF");
  Step begin_payload(std::uint64_t length, const char* p, const char* storage_end);
  Step finish_string(const char* p);
  Step complete_value(const char* p);

  Node* add(Type type, std::uint32_t size = 0);
  void note_value(Type type);

  // These read what begins at `p`, where header_max bytes must be readable: a type byte and at most
  // 7 digits, as in "$5\r\n" or ":12\r\n". They set `next` behind it. They return false for
  // anything else, which parse_header() looks at.
  static constexpr std::ptrdiff_t header_max = 10;  // a type, 7 digits, CR LF
  static bool is_crlf(const char* p) { return std::memcmp(p, "\r\n", 2) == 0; }
  static bool read_short_length(const char* p, std::uint32_t& length, const char*& next);
  static bool read_short_integer(const char* p, std::uint32_t& number, const char*& next);
  // Reads a whole string, small number, OK or null at `p`, where header_max bytes must be readable,
  // and moves `p` behind it. Returns false, and leaves `p`, for anything else.
  static bool read_short_value(const char*& p, const char* end, Node& node);
  // The same where fewer than header_max bytes are readable.
  static bool read_tiny_value(const char*& p, const char* end, Node& node);
  // OK and null: what servers answer to most writes, and to reads of keys that do not exist.
  static bool read_word(const char*& p, Node& node);
  Step parse_short_elements(const char*& p, const char* end);

  Tape& tape_;
  State state_ = State::header;
  bool in_frame_ = false;
  bool streamed_string_ = false;
  bool after_attribute_ = false;
  bool replies_wanted_ = true;
  Drop drop_ = Drop::none;
  bool type_known_ = false;
  Type frame_type_ = Type::null;
  std::uint32_t depth_ = 0;
  std::uint32_t streamed_bytes_ = 0;
  std::size_t payload_left_ = 0;  // bytes still to come of the current string or chunk
  std::size_t piece_left_ = 0;    // of these, bytes that fit the current buffer
  std::size_t line_scanned_ = 0;  // bytes of an unfinished line in which there is no CR
  std::size_t line_skipped_ = 0;  // bytes so far of a line that is too long
  bool line_is_number_ = false;   // that line must be digits from here on
  Node* string_ = nullptr;
  Node scratch_{};  // nodes are written here instead of to the tape while a frame is dropped
  std::size_t frame_bytes_ = 0;
  std::size_t frame_bytes_limit_ = SIZE_MAX;
  std::uint64_t dropped_at_ = 0;
  std::uint64_t position_ = 0;   // the byte of the stream where parse() began
  const char* begin_ = nullptr;  // where parse() began
  Error error_;
  // The last level stands for all aggregates that are too deep. Only the number of elements that
  // are still to come is kept for them, so that skipping them needs neither recursion nor memory.
  std::array<Level, nesting_depth_max + 1> levels_;
};

inline bool Parser::read_short_length(const char* p, std::uint32_t& length, const char*& next) {
  constexpr int digits_max = 7;
  const char* q = p + 1;
  std::uint32_t value = 0;
#pragma GCC unroll 7
  for (int i = 0; i < digits_max; ++i) {
    const unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + digit;
    ++q;
  }
  length = value;
  next = q + 2;
  return q != p + 1 && is_crlf(q);
}

// Takes all digits at once, without a branch that depends on how many there are. Lengths are much
// alike; numbers are not, and half of what they cost would be branches that were predicted wrongly.
// After D. Lemire, "Quickly parsing eight digits" (2018): the bytes before the first digit are made
// zero here.
inline bool Parser::read_short_integer(const char* p, std::uint32_t& number, const char*& next) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::uint64_t each_byte = 0x0101010101010101;
  std::uint64_t text = 0;
  std::memcpy(&text, p + 1, sizeof text);
  const std::uint64_t no_cr = text ^ '\r' * each_byte;
  const std::uint64_t crs = (no_cr - each_byte) & ~no_cr & 0x80 * each_byte;
  const int bits = std::countr_zero(crs) & ~7;  // before the first CR; 64 if there is none
  if (bits == 0 || bits == 64) return false;
  std::uint64_t digits = (text ^ '0' * each_byte) << (64 - bits);
  if (((digits + 0x76 * each_byte) | digits) & 0x80 * each_byte) return false;
  digits = digits * 10 + (digits >> 8);  // pairs
  constexpr std::uint64_t two_pairs = 0x000000FF000000FF;
  const std::uint64_t high = (digits & two_pairs) * (100 + (std::uint64_t{1'000'000} << 32));
  const std::uint64_t low = (digits >> 16 & two_pairs) * (1 + (std::uint64_t{10'000} << 32));
  number = static_cast<std::uint32_t>((high + low) >> 32);
  next = p + 1 + bits / 8 + 2;
  return next[-1] == '\n';
}

[[gnu::always_inline]] inline bool Parser::read_word(const char*& p, Node& node) {
  if (*p == '+') {
    if (std::memcmp(p, "+OK\r\n", 5) != 0) return false;
    node = {.type = Type::simple_string, .split = false, .size = 2, .bytes = p + 1};
    p += 5;
    return true;
  }
  if (*p != '_' || !is_crlf(p + 1)) return false;
  node = {.type = Type::null, .split = false, .size = 0, .integer = 0};
  p += 3;
  return true;
}

[[gnu::always_inline]] inline bool Parser::read_short_value(const char*& p, const char* end,
                                                            Node& node) {
  std::uint32_t number = 0;
  const char* next = nullptr;
  if (*p == '$') {
    if (!read_short_length(p, number, next)) return false;
    if (static_cast<std::size_t>(end - next) < std::size_t{number} + 2) return false;
    if (!is_crlf(next + number)) return false;
    node = {.type = Type::bulk_string, .split = false, .size = number, .bytes = next};
    p = next + number + 2;
    return true;
  }
  if (*p != ':') return read_word(p, node);
  if (!read_short_integer(p, number, next)) return false;
  node = {.type = Type::integer, .split = false, .size = 0, .integer = number};
  p = next;
  return true;
}

[[gnu::always_inline]] inline bool Parser::parse_short_frame(const char*& at, const char* end,
                                                             std::size_t frame_bytes_limit) {
  if (state_ != State::header) return false;
  Node node;
  const char* p = at;
  const bool found =
      end - at >= header_max ? read_short_value(p, end, node) : read_tiny_value(p, end, node);
  if (!found) return false;
  const auto bytes = static_cast<std::size_t>(p - at);
  if (bytes > frame_bytes_limit) return false;
  *tape_.begin_with_one() = node;
  frame_type_ = node.type;
  drop_ = Drop::none;
  after_attribute_ = false;
  frame_bytes_ = bytes;
  position_ += bytes;
  at = p;
  return true;
}

}  // namespace plimsoll::inline v0
