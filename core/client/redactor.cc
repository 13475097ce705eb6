#include "plimsoll/core/client/redactor.h"

namespace plimsoll::inline v0 {
namespace {

// Valid lengths are smaller. A larger number does not count as a length, so no payload is expected
// after it; the parser reports it as an error.
constexpr std::uint64_t length_max = std::uint64_t{1} << 40;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

char Redactor::redact_line(char c) {
  if (where_ == Where::type) {
    begin_line(c);
    return c;
  }
  if (c == '\n') {
    end_line();
    return c;
  }
  if (c == '\r') return c;
  switch (where_) {
    case Where::header:
      has_length_ = has_length_ && is_digit(c) && length_ < length_max;
      if (has_length_) length_ = length_ * 10 + static_cast<std::uint64_t>(c - '0');
      return c;
    case Where::error_code:
      if (c == ' ') where_ = Where::text;
      return c;
    case Where::text: return 'x';
    case Where::number: return is_digit(c) ? '1' : c;
    case Where::type:
    case Where::payload_end: return c;
  }
  return c;
}

void Redactor::begin_line(char type) {
  type_ = type;
  length_ = 0;
  has_length_ = true;
  switch (type) {
    case '$':
    case '!':
    case '=':
    case ';':
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
    case '#':
    case '_': where_ = Where::header; return;
    case '-': where_ = Where::error_code; return;
    case ':':
    case ',':
    case '(': where_ = Where::number; return;
    default: where_ = Where::text; return;
  }
}

void Redactor::end_line() {
  const bool is_string = type_ == '$' || type_ == '!' || type_ == '=';
  const bool is_chunk = type_ == ';';
  const bool ended_header = where_ == Where::header && has_length_;
  where_ = Where::type;
  if (!ended_header || !(is_string || (is_chunk && length_ > 0))) return;
  constexpr std::uint64_t format_size = 4;
  if (type_ == '=') format_bytes_ = length_ < format_size ? length_ : format_size;
  payload_bytes_ = length_ - format_bytes_;
  where_ = Where::payload_end;
}

}  // namespace plimsoll::inline v0
