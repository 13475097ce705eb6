#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Finds where replies and pushes end in a server's bytes, which come in pieces of any size. It
// builds nothing: of a reply it knows how many values are still to come, and skips the bytes of
// strings. So nesting costs no memory.
//
//   line_mark --> line ----- "+OK", ":1", "*3", "%1": a value, or more values to come
//       ^          |
//       |          +-- "$5", "=15", "!21": string --> string_end
//       +----------------------------------------------------+
//
// RESP2 and RESP3 (https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md),
// without the streamed strings and aggregates of RESP3, which no server sends.

namespace plimsoll::bridge {

class ReplyScanner {
 public:
  enum class End : std::uint8_t {
    none,       ///< the piece ends before the reply does
    reply,      ///< a reply ends here
    push,       ///< what the server sends without being asked, or a confirmation (RESP3) ends here
    malformed,  ///< this is no RESP; where a reply ends cannot be known
  };
  struct Scan {
    std::size_t bytes;  ///< how many bytes of the piece belong to the reply
    End end;
  };

  /// Continues where the previous piece ended; after a whole reply, with the next one. Must not be
  /// called again after `malformed`.
  Scan scan(std::string_view piece);

  /// Whether a reply has begun and not ended.
  bool is_amid_reply() const { return is_amid_; }

  // Of the most recent whole reply or push:

  /// Its first byte: '+', '-', '*', '>' and so on.
  char mark() const { return mark_; }
  /// The first element of an array or a push, if it is a string of at most 12 bytes.
  std::string_view first_word() const {
    return is_word_long_ ? std::string_view() : std::string_view(word_.data(), word_size_);
  }
  /// How many bytes all strings in it have.
  std::uint64_t string_bytes() const { return string_bytes_; }
  /// The last number in it.
  std::int64_t last_integer() const { return integer_; }

 private:
  enum class State : std::uint8_t { line_mark, line, text_line, string, string_end };

  End begin_line(char type);
  End take_digit(char c);
  End end_line();
  End end_value();
  End begin_string(std::uint64_t bytes);
  End begin_values(std::uint64_t count, std::uint64_t values_each);
  void note_word(std::string_view part);

  State state_ = State::line_mark;
  bool is_amid_ = false;
  enum class Element : std::uint8_t { none, first, later } element_ = Element::none;
  char mark_ = 0;
  char type_ = 0;
  bool is_negative_ = false;
  bool has_digits_ = false;
  bool has_return_ = false;
  bool is_word_long_ = false;
  std::uint8_t word_size_ = 0;
  std::array<char, 12> word_{};
  std::uint64_t number_ = 0;       // of the line
  std::uint64_t bytes_left_ = 0;   // of the string
  std::uint64_t values_left_ = 0;  // of the reply
  std::uint64_t string_bytes_ = 0;
  std::int64_t integer_ = 0;
};

}  // namespace plimsoll::bridge
