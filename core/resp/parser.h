#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/resp/node.h"
#include "plimsoll/core/resp/tape.h"

// The incremental parser of RESP2 and RESP3. It takes bytes as they lie in the read buffers, at any
// split, and writes one top-level value (a frame) at a time onto a Tape: bulk bytes are not copied,
// nesting does not recurse, and what a length announces allocates nothing. What a server may send,
// and a tape cannot have, is dropped: read to its end without being recorded. Choices where servers
// and clients differ are listed in docs/protocol.md. After an error it stays failed.

namespace plimsoll {

/// Aggregates inside each other, attributes included. A frame that has more is skipped.
inline constexpr std::size_t nesting_depth_max = 64;

/// Bytes of a line that is not a length: simple strings and errors, numbers. A frame that has a
/// longer one is skipped; but a double is never that long.
inline constexpr std::size_t line_bytes_max = 16 * 1024;

/// Elements that are still to come of aggregates beyond nesting_depth_max, all together.
inline constexpr std::size_t skipped_elements_max = std::size_t{1} << 31;

/// Bytes of a bulk string, whole: the server's default proto-max-bulk-len.
inline constexpr std::size_t bulk_bytes_max = 512 * 1024 * 1024;

/// Elements of an aggregate (pairs of a map).
inline constexpr std::size_t aggregate_elements_max = std::size_t{1} << 27;

class Parser {
 public:
  enum class Outcome : std::uint8_t { need_more, frame, failed };

  /// Why the nodes of the frame at hand are not recorded.
  enum class Drop : std::uint8_t {
    none,
    unwanted,
    too_large,  ///< for the memory that there is, or for the limit of begin_frame()
    too_deep,   ///< beyond nesting_depth_max
    long_line,  ///< beyond line_bytes_max
  };

  explicit Parser(Tape& tape) : tape_(tape) {}
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  /// Forgets everything, a failure too: what comes next is the first byte of a new stream.
  void reset();

  /// Starts the next frame: forgets the nodes of the one before.
  void begin_frame(std::size_t frame_bytes_limit) {
    tape_.clear();
    in_frame_ = true;
    type_known_ = false;
    drop_ = Drop::none;
    frame_bytes_ = 0;
    frame_bytes_limit_ = frame_bytes_limit;
  }

  /// Consumes bytes from `at` on, which moves, up to `end` or the end of the frame. `storage_end`
  /// is where the buffer ends that later bytes are read into behind `end`. What is left between
  /// `at` and `end` must come again, with more behind it, moved elsewhere if need be; while
  /// in_payload() nothing is left.
  Outcome parse(const char*& at, const char* end, const char* storage_end);

  /// The same as begin_frame() and parse() for a frame that lies there whole and is a string or a
  /// small number, as most replies are, in a fraction of the time. False: nothing has changed.
  bool parse_short_frame(const char*& at, const char* end, std::size_t frame_bytes_limit);

  /// Stops recording the frame at hand: the rest streams past, its nodes are forgotten. The first
  /// reason counts.
  void drop(Drop reason);

  /// Drops replies as soon as they show that they are not pushes, until told otherwise: also one
  /// that is half there.
  void set_replies_wanted(bool wanted) {
    replies_wanted_ = wanted;
    if (!wanted && in_frame_ && type_known_ && frame_type_ != Type::push) drop(Drop::unwanted);
  }

  Drop dropped() const { return drop_; }

  /// The byte of the stream where the aggregate that is too deep, or the line that is too long,
  /// begins.
  std::uint64_t dropped_at() const { return dropped_at_; }

  bool in_frame() const { return in_frame_; }

  /// Whether the next bytes belong to a string whose node already points at `storage_end`'s buffer.
  bool in_payload() const { return state_ == State::payload; }

  /// At least so many bytes belong to the frame that is to come or is half there, behind the `rest`
  /// that parse() left: who reads no more reads nothing of the frame after it.
  std::size_t missing_bytes_min(std::size_t rest) const {
    constexpr std::size_t line_bytes_min = 3;  // "_\r\n"
    if (state_ == State::payload) return payload_left_ + 2;
    if (state_ == State::payload_end || state_ == State::long_line) return 2 - rest;
    return rest < line_bytes_min ? line_bytes_min - rest : 1;
  }

  /// Of the frame that is half there: whether its type has been read.
  bool is_type_known() const { return in_frame_ && type_known_; }

  /// The type of the frame: valid once it is whole, or is_type_known().
  Type frame_type() const { return frame_type_; }

  /// Bytes of the frame so far.
  std::size_t frame_bytes() const { return frame_bytes_; }

  /// protocol_error, with the byte of the stream; valid after Outcome::failed.
  const Error& error() const { return error_; }

 private:
  enum class State : std::uint8_t { header, payload, payload_end, chunk_header, long_line, failed };

  struct Level {
    Node* head;
    std::uint32_t left;  // elements still to come; of a streamed one, elements so far
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

  // "$5\r\n" or ":12\r\n" at `p`, of which header_max bytes must be there; `next` is behind it.
  // False for whatever else is there.
  static constexpr std::ptrdiff_t header_max = 13;  // a sign, 9 digits, CR LF, and one more
  static bool read_short_header(const char* p, std::uint32_t& number, const char*& next);

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
  std::size_t payload_left_ = 0;  // of the string or chunk at hand
  std::size_t piece_left_ = 0;    // of its part in this buffer
  std::size_t line_scanned_ = 0;  // bytes of an unfinished line that hold no CR
  std::size_t line_skipped_ = 0;  // bytes of a line that is too long
  bool line_is_number_ = false;   // of that: digits, and no sign any more
  Node* string_ = nullptr;
  Node scratch_{};  // written instead of the tape while dropping
  std::size_t frame_bytes_ = 0;
  std::size_t frame_bytes_limit_ = SIZE_MAX;
  std::uint64_t dropped_at_ = 0;
  std::uint64_t position_ = 0;   // in the stream, of where parse() began
  const char* begin_ = nullptr;  // where parse() began
  Error error_;
  // The last one stands for all that are too deep: of these only the elements are counted that are
  // still to come, so that skipping them needs neither recursion nor memory.
  std::array<Level, nesting_depth_max + 1> levels_;
};

inline bool Parser::read_short_header(const char* p, std::uint32_t& number, const char*& next) {
  constexpr int digits_max = 9;
  const char* q = p + 1;
  std::uint32_t value = 0;
#pragma GCC unroll 9
  for (int i = 0; i < digits_max; ++i) {
    const unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + digit;
    ++q;
  }
  number = value;
  next = q + 2;
  return q != p + 1 && q[0] == '\r' && q[1] == '\n';
}

inline bool Parser::parse_short_frame(const char*& at, const char* end,
                                      std::size_t frame_bytes_limit) {
  if (end - at < header_max || (*at != '$' && *at != ':') || state_ != State::header) return false;
  std::uint32_t number = 0;
  const char* next = nullptr;
  if (!read_short_header(at, number, next)) return false;
  tape_.clear();
  Node* const node = tape_.append();
  node->split = false;
  if (*at == '$') {
    const auto left = static_cast<std::size_t>(end - next);
    const std::size_t whole = static_cast<std::size_t>(next - at) + number + 2;
    if (left < std::size_t{number} + 2 || whole > frame_bytes_limit) return false;
    if (next[number] != '\r' || next[number + 1] != '\n') return false;
    node->type = frame_type_ = Type::bulk_string;
    node->size = number;
    node->bytes = next;
    next += number + 2;
  } else {
    node->type = frame_type_ = Type::integer;
    node->size = 0;
    node->integer = number;
  }
  drop_ = Drop::none;
  after_attribute_ = false;
  frame_bytes_ = static_cast<std::size_t>(next - at);
  position_ += frame_bytes_;
  at = next;
  return true;
}

}  // namespace plimsoll
