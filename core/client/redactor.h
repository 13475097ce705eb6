#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Hides the content of a server's replies and keeps their structure: types, lengths and line ends
// stay, so that the core treats the hidden stream like the real one. The code of an error (its
// first word) and the format of a verbatim string stay. Payloads become a count, texts of lines
// become 'x', digits of numbers become '1'. Works on pieces of any size.
//
// The states between two bytes (`where_`; within a payload the counters decide):
//  - type -> header, error_code, number or text, by the first byte of the line;
//  - header -> payload_end if a payload follows, else type; error_code -> text at the first blank;
//  - text, number, error_code, payload_end -> type at the end of the line.

namespace plimsoll::inline v0 {

class Redactor {
 public:
  /// Begins a new stream: the next byte is the first of a frame.
  void reset() { *this = Redactor(); }

  /// Calls, in the order of the stream, `shown(char)` for a byte that is kept or replaced, and
  /// `hidden(std::size_t)` for a run of bytes that becomes a count.
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
    header,       // the count of an aggregate, or the length of a payload
    error_code,   // the first word of an error
    text,         // the rest of a line: hidden
    number,       // digits are hidden
    payload_end,  // the CR LF behind a payload
  };

  char redact_line(char c);
  void begin_line(char type);
  void end_line();

  Where where_ = Where::type;
  char type_ = 0;
  bool has_length_ = false;         // the header so far is a number that may be a length
  std::uint64_t length_ = 0;        // that number
  std::uint64_t format_bytes_ = 0;  // bytes left of a verbatim string's format ("txt:")
  std::uint64_t payload_bytes_ = 0;
};

}  // namespace plimsoll::inline v0
