#include <algorithm>
#include <cstring>

#include "plimsoll/core/resp/number.h"
#include "plimsoll/core/resp/parser_steps.h"

// The parts of RESP that are lines: simple strings and errors, numbers, null, booleans.

namespace plimsoll {

// Finds the CR LF that ends the line at `p`; null: the line is too long. Bytes that were searched
// before are not again; what is wrong is found by the bytes up to there alone, however they come.
Parser::Step Parser::find_line(const char* p, const char* end, const char*& line_end) {
  const char* const from = p + std::max<std::size_t>(line_scanned_, 1);
  const std::size_t longest = 1 + line_bytes_max + 1;
  const char* const limit = static_cast<std::size_t>(end - p) > longest ? p + longest : end;
  const auto length = static_cast<std::size_t>(limit - std::min(from, limit));
  const auto* const cr = static_cast<const char*>(std::memchr(from, '\r', length));
  const char* const stop = cr != nullptr ? cr : limit;
  if (from < stop) {
    const auto before = static_cast<std::size_t>(stop - from);
    if (const void* lf = std::memchr(from, '\n', before)) {
      return fail(static_cast<const char*>(lf), "line has an LF without CR", "CR LF");
    }
  }
  if (cr == nullptr && limit - p == static_cast<std::ptrdiff_t>(longest)) {
    line_scanned_ = 0;
    line_end = nullptr;
    return Step::go_on;
  }
  if (cr == nullptr || cr + 1 == end) {
    line_scanned_ = static_cast<std::size_t>(stop - p);
    return Step::need_more;
  }
  line_scanned_ = 0;
  if (cr[1] != '\n') return fail(cr, "line has a CR without LF", "CR LF");
  line_end = cr;
  return Step::go_on;
}

Parser::Step Parser::parse_line(Type type, const char*& p, const char* end) {
  const char* line_end = nullptr;
  const Step step = find_line(p, end, line_end);
  if (step != Step::go_on) return step;
  if (line_end == nullptr) return begin_long_line(type, p);
  const char* const text = p + 1;
  const auto size = static_cast<std::size_t>(line_end - text);
  if (type == Type::real && !is_real({text, size})) {
    return fail(text, "not a double", "digits with fraction and exponent, inf, -inf or nan");
  }
  if (type == Type::big_number && !is_big_number({text, size})) {
    return fail(text, "not a big number", "digits");
  }
  note_value(type);
  add(type, static_cast<std::uint32_t>(size))->bytes = text;
  p = line_end + 2;
  return complete_value(p);
}

// A line of more bytes than there may be in one piece streams past, and is checked as it does.
Parser::Step Parser::begin_long_line(Type type, const char*& p) {
  if (type == Type::real) {
    return fail(p, "double is too long", "at most line_bytes_max (16384) bytes");
  }
  note_value(type);
  drop(Drop::long_line, p);
  line_is_number_ = type == Type::big_number;
  const bool has_sign = line_is_number_ && (p[1] == '-' || p[1] == '+');
  p += has_sign ? 2 : 1;
  line_skipped_ = has_sign ? 1 : 0;
  state_ = State::long_line;
  return Step::go_on;
}

Parser::Step Parser::parse_long_line(const char*& p, const char* end) {
  const std::size_t room = bulk_bytes_max - line_skipped_;
  const char* const limit = static_cast<std::size_t>(end - p) > room ? p + room : end;
  const char* const stop = std::find_if(p, limit, [is_number = line_is_number_](char c) {
    return c == '\r' || c == '\n' || (is_number && (c < '0' || c > '9'));
  });
  if (stop == end || (*stop == '\r' && stop + 1 == end)) {
    line_skipped_ += static_cast<std::size_t>(stop - p);
    p = stop;
    return Step::need_more;
  }
  if (*stop == '\n') return fail(stop, "line has an LF without CR", "CR LF");
  if (*stop == '\r') {
    if (stop[1] != '\n') return fail(stop, "line has a CR without LF", "CR LF");
    p = stop + 2;
    state_ = State::header;
    return complete_value(p);
  }
  if (stop == limit)
    return fail(stop, "line is too long", "at most bulk_bytes_max (536870912) bytes");
  return fail(stop, "not a big number", "digits");
}

Parser::Step Parser::parse_null(const char*& p, const char* end) {
  const Step step = expect(p + 1, end, "\r\n", "null is not empty");
  if (step != Step::go_on) return step;
  note_value(Type::null);
  add(Type::null)->integer = 0;
  p += 3;
  return complete_value(p);
}

Parser::Step Parser::parse_boolean(const char*& p, const char* end) {
  if (p + 1 == end) return Step::need_more;
  if (p[1] != 't' && p[1] != 'f') return fail(p + 1, "not a boolean", "t or f");
  const Step step = expect(p + 2, end, "\r\n", "boolean does not end in CR LF");
  if (step != Step::go_on) return step;
  note_value(Type::boolean);
  add(Type::boolean)->integer = p[1] == 't' ? 1 : 0;
  p += 4;
  return complete_value(p);
}

}  // namespace plimsoll
