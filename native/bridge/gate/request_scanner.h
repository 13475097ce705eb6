#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Finds where requests end in bytes that come in any pieces. A request is an array of bulk strings,
// written in the one way that the servers themselves take: RESP, "Sending commands to a server".
// Looks at each byte once, skips what is in the strings, and keeps nothing but numbers.

namespace plimsoll::bridge {

struct RequestLimits {
  std::size_t request_bytes_max = std::size_t{1} << 20;  ///< of a whole request as it is encoded
  std::size_t request_words_max = 65536;
};

class RequestScanner {
 public:
  enum class End : std::uint8_t {
    none,       ///< the piece ends first
    whole,      ///< the request is whole
    malformed,  ///< this is no request, and where the next one would be cannot be known
    too_large,  ///< by its bytes, or its words
  };
  struct Scan {
    std::size_t bytes;  ///< of the piece that belong to the request
    End end;
  };

  explicit RequestScanner(const RequestLimits& limits) : limits_(limits) {}

  /// Goes on behind what it was given before; behind a whole request with the next one. Nothing may
  /// follow what is malformed or too large.
  Scan scan(std::string_view piece);

  /// Words of the request that was found whole last.
  std::size_t words_count() const { return words_count_; }

 private:
  enum class State : std::uint8_t {
    array_mark,
    array_digits,
    array_newline,
    bulk_mark,
    bulk_digits,
    bulk_newline,
    bulk_bytes,
    bulk_return,
    last_newline,
  };

  End take(char c);
  End take_digit(char c, std::size_t number_max, State behind);
  End begin_bulk_bytes();

  RequestLimits limits_;
  State state_ = State::array_mark;
  bool has_digits_ = false;
  std::size_t number_ = 0;  // that is being read; then, the bytes of the string that are left
  std::size_t bytes_ = 0;   // of the request so far
  std::size_t words_left_ = 0;
  std::size_t words_count_ = 0;
};

}  // namespace plimsoll::bridge
