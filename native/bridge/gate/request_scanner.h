#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Finds where requests end in bytes that come in pieces of any size. A request is an array of bulk
// strings (RESP, "Sending commands to a server"). The scanner accepts only the one spelling that
// the servers accept, too: if it were more tolerant, scanner and server could disagree about where
// a request ends. It looks at each byte outside of strings once, skips strings, and keeps only
// numbers.
//
// "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" passes through these states:
//
//   array_mark -> array_digits -> array_newline -> bulk_mark -> bulk_digits -> bulk_newline
//       ^                                              ^                            |
//       |                                              | another word          bulk_bytes
//       |                                              |                            |
//       +-- the request is whole ---------------- last_newline <--------------- bulk_return
//
// bulk_bytes are skipped unread; an empty string has none.

namespace plimsoll::bridge {

struct RequestLimits {
  std::size_t request_bytes_max = std::size_t{1} << 20;  ///< the whole request, as it is encoded
  std::size_t request_words_max = 65536;
};

class RequestScanner {
 public:
  enum class End : std::uint8_t {
    none,       ///< the piece ends before the request does
    whole,      ///< the request ends here
    malformed,  ///< not a request; where the next one begins cannot be known
    too_large,  ///< more bytes or more words than RequestLimits allow
  };
  struct Scan {
    std::size_t bytes;  ///< how many bytes of the piece belong to the request
    End end;
  };

  explicit RequestScanner(const RequestLimits& limits) : limits_(limits) {}

  /// Continues where the previous piece ended; after a whole request, with the next one. Must not
  /// be called again after `malformed` or `too_large`.
  Scan scan(std::string_view piece);

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
  std::size_t number_ = 0;  // the number being read, then the bytes left of the string
  std::size_t bytes_ = 0;   // of the request so far
  std::size_t words_left_ = 0;
};

}  // namespace plimsoll::bridge
