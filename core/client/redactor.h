#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Hides what a server said, and keeps how it said it: types, lengths and line ends stay, so that
// the core does with the hidden stream what it did with the real one. Of an error its code stays
// (its first word), of a verbatim string its format. Payloads are hidden as a count alone, texts of
// lines as 'x', digits of numbers as '1'. Works on pieces of any size.

namespace plimsoll {

class Redactor {
 public:
  /// A new stream: the next byte begins a frame.
  void reset() { *this = Redactor(); }

  /// Calls `shown(char)` for a byte that is kept or replaced, and `hidden(std::size_t)` for a run
  /// of bytes of which only the number is kept, in the order of the stream.
  template <class Shown, class Hidden>
  void redact(std::string_view bytes, Shown&& shown, Hidden&& hidden) {
    while (!bytes.empty()) {
      if (format_bytes_ > 0) {
        shown(bytes.front());
        --format_bytes_;
        bytes.remove_prefix(1);
      } else if (payload_bytes_ > 0) {
        const std::size_t run =
            payload_bytes_ < bytes.size() ? static_cast<std::size_t>(payload_bytes_) : bytes.size();
        hidden(run);
        payload_bytes_ -= run;
        bytes.remove_prefix(run);
      } else {
        shown(redact_line(bytes.front()));
        bytes.remove_prefix(1);
      }
    }
  }

 private:
  enum class Where : std::uint8_t {
    type,         // the first byte of a line
    header,       // of an aggregate, or a length whose payload follows
    error_code,   // up to the first blank of an error
    text,         // of a line: hidden
    number,       // digits are hidden
    payload_end,  // CR LF behind a payload
  };

  char redact_line(char c);
  void begin_line(char type);
  void end_line();

  Where where_ = Where::type;
  char type_ = 0;
  bool has_length_ = false;         // the header so far is a number
  std::uint64_t length_ = 0;        // that number
  std::uint64_t format_bytes_ = 0;  // of a verbatim string: "txt:"
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace plimsoll
