#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/resp/encoder.h"
#include "plimsoll/core/resp/value.h"

// Writes a reply that a client of the bridge's own has received as RESP again, into rooms of any
// size, one after the other. A session over shared connections has one for the reply whose turn it
// is. It allocates nothing: it keeps a node of the reply and a place in it. Nodes lie in a row, so
// nesting needs no recursion.
//
// A value keeps its type: what a server sent without streaming comes out byte for byte the same.
// Streamed strings and aggregates get their lengths, and attributes are left out.

namespace plimsoll::bridge {

class ReplyEncoder {
 public:
  /// Begins with the first byte of `value`, which may be a part of a reply, such as an element of
  /// EXEC's. The reply must live as long as this. `is_resp3` says what a null looks like: `_`, or
  /// in RESP2 `$-1` or `*-1`.
  explicit ReplyEncoder(const Value& value, bool is_resp3);

  /// The bytes of the whole.
  std::size_t size() const { return size_; }

  /// The bytes that are still to be written.
  std::size_t left() const { return left_; }

  /// Writes the next bytes to `space`, as many as fit, and returns how many. 0: `space` is empty,
  /// or all are written.
  std::size_t take(std::span<char> space);

 private:
  // The parts of a value: all of a value without text is its head.
  enum class Part : std::uint8_t {
    head,  // "$5\r\n", "+", ":42\r\n", "*2\r\n"
    text,  // the bytes of a string, which may lie in pieces
    end    // CR LF behind a text
  };

  std::string_view rest_of_part() const;
  void begin_next_part();
  void begin_next_value();
  void write_head();

  const Node* node_;         // the value that is being written
  std::size_t values_left_;  // that one, and the known ones behind it
  const Node* piece_ = nullptr;
  std::size_t text_left_ = 0;  // bytes of the text from `piece_` on
  std::size_t at_ = 0;         // bytes of the part, or piece, that are written
  std::size_t size_;
  std::size_t left_;
  Part part_ = Part::head;
  bool is_resp3_;
  std::uint8_t head_size_ = 0;
  std::array<char, encoding::header_bytes_max> head_;
};

}  // namespace plimsoll::bridge
