#include "plimsoll/core/resp/parser.h"

#include <algorithm>

#include "plimsoll/core/resp/parser_steps.h"

namespace plimsoll {
namespace {

// 19 digits fit 64 bits without a check for overflow.
constexpr std::ptrdiff_t digits_max = 19;

bool is_streamable(Type type) {
  return type == Type::array || type == Type::set || type == Type::map;
}

}  // namespace

void Parser::reset() {
  tape_.clear();
  state_ = State::header;
  in_frame_ = false;
  streamed_string_ = false;
  after_attribute_ = false;
  depth_ = 0;
  line_scanned_ = 0;
  position_ = 0;
}

void Parser::drop(Drop reason) {
  if (drop_ != Drop::none) return;
  drop_ = reason;
  tape_.clear();
  string_ = &scratch_;
}

void Parser::drop(Drop reason, const char* at) {
  if (drop_ == Drop::none) dropped_at_ = position_ + static_cast<std::uint64_t>(at - begin_);
  drop(reason);
}

Parser::Step Parser::fail(const char* at, const char* what, const char* expected) {
  state_ = State::failed;
  error_ = Error{.code = ErrorCode::protocol_error,
                 .executed = Executed::maybe,
                 .what = what,
                 .expected = expected,
                 .offset = position_ + static_cast<std::uint64_t>(at - begin_)};
  return Step::failed;
}

// Most of what servers send, whole strings, numbers and arrays, in one go. Whatever is cut,
// long or wrong is left where it is for parse_header() (need_more), which looks closely.
inline Parser::Step Parser::parse_common(const char*& p, const char* end) {
  while (end - p >= header_max) {
    const char type = *p;
    if (type != '$' && type != ':' && type != '*') return Step::need_more;
    std::uint32_t number = 0;
    const char* q = nullptr;
    if (!read_short_header(p, number, q)) return Step::need_more;
    if (type == ':') {
      note_value(Type::integer);
      add(Type::integer)->integer = number;
      p = q;
    } else if (type == '*') {
      if (number == 0 || number > aggregate_elements_max || depth_ >= nesting_depth_max) {
        return Step::need_more;
      }
      note_value(Type::array);
      levels_[depth_++] = Level{
          .head = add(Type::array, number), .left = number, .type = Type::array, .streamed = false};
      p = q;
      continue;
    } else {
      if (static_cast<std::size_t>(end - q) < std::size_t{number} + 2) return Step::need_more;
      const char* const after = q + number;
      if (after[0] != '\r' || after[1] != '\n' || number > bulk_bytes_max) return Step::need_more;
      note_value(Type::bulk_string);
      add(Type::bulk_string, number)->bytes = q;
      p = after + 2;
    }
    const Step step = complete_value(p);
    if (step != Step::go_on || state_ != State::header) return step;
  }
  return Step::need_more;
}

Parser::Outcome Parser::parse(const char*& at, const char* end, const char* storage_end) {
  begin_ = at;
  const char* p = at;
  Step step = Step::go_on;
  while (step == Step::go_on) {
    switch (state_) {
      case State::header:
        step = parse_common(p, end);
        if (step == Step::need_more) step = parse_header(p, end, storage_end);
        break;
      case State::payload: step = parse_payload(p, end, storage_end); break;
      case State::payload_end: step = parse_payload_end(p, end); break;
      case State::chunk_header: step = parse_chunk(p, end, storage_end); break;
      case State::long_line: step = parse_long_line(p, end); break;
      case State::failed: step = Step::failed; break;
    }
  }
  const auto consumed = static_cast<std::size_t>(p - at);
  position_ += consumed;
  frame_bytes_ += consumed;
  at = p;
  if (step == Step::need_more) return Outcome::need_more;
  if (step == Step::failed) return Outcome::failed;
  in_frame_ = false;
  return Outcome::frame;
}

Parser::Step Parser::parse_header(const char*& p, const char* end, const char* storage_end) {
  if (p == end) return Step::need_more;
  switch (*p) {
    case '$': return parse_string(Type::bulk_string, p, end, storage_end);
    case ':': return parse_integer(p, end);
    case '+': return parse_line(Type::simple_string, p, end);
    case '*': return parse_aggregate(Type::array, p, end);
    case '%': return parse_aggregate(Type::map, p, end);
    case '~': return parse_aggregate(Type::set, p, end);
    case '>': return parse_aggregate(Type::push, p, end);
    case '|': return parse_aggregate(Type::attribute, p, end);
    case '-': return parse_line(Type::simple_error, p, end);
    case ',': return parse_line(Type::real, p, end);
    case '(': return parse_line(Type::big_number, p, end);
    case '_': return parse_null(p, end);
    case '#': return parse_boolean(p, end);
    case '=': return parse_string(Type::verbatim, p, end, storage_end);
    case '!': return parse_string(Type::bulk_error, p, end, storage_end);
    case '.': return parse_stream_end(p, end);
    default: return fail(p, "unknown type byte", "one of $ : + * % ~ > | - , ( _ # = ! .");
  }
}

// The bytes `wanted`, of which some may not have come yet; those that have must agree.
Parser::Step Parser::expect(const char* at, const char* end, const char* wanted, const char* what,
                            const char* expected) {
  for (const char* next = wanted; *next != '\0'; ++next, ++at) {
    if (at == end) return Step::need_more;
    if (*at != *next) return fail(at, what, expected);
  }
  return Step::go_on;
}

// Digits and CR LF. On go_on, `next` is behind them.
inline Parser::Step Parser::parse_length(const char* digits, const char* end, std::uint64_t& length,
                                         const char*& next) {
  const char* q = digits;
  std::uint64_t value = 0;
  for (; q != end; ++q) {
    const unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + digit;
    if (q - digits == digits_max) return fail(digits, "length has too many digits", "a length");
  }
  if (end - q >= 2 && q[0] == '\r' && q[1] == '\n' && q != digits) {
    length = value;
    next = q + 2;
    return Step::go_on;
  }
  if (q == end) return Step::need_more;
  if (q == digits) return fail(q, "length has no digits", "digits");
  return expect(q, end, "\r\n", "length does not end in CR LF");
}

Parser::Step Parser::parse_integer(const char*& p, const char* end) {
  const char* q = p + 1;
  const bool negative = q != end && *q == '-';
  if (q != end && (*q == '-' || *q == '+')) ++q;
  const char* const digits = q;
  std::uint64_t value = 0;
  for (; q != end; ++q) {
    const unsigned digit = static_cast<unsigned char>(*q) - unsigned{'0'};
    if (digit > 9) break;
    value = value * 10 + digit;
    if (q - digits == digits_max) return fail(digits, "integer does not fit 64 bits", "an integer");
  }
  if (end - q < 2 || q[0] != '\r' || q[1] != '\n' || q == digits) {
    if (q == end) return Step::need_more;
    if (q == digits) return fail(q, "integer has no digits", "digits");
    return expect(q, end, "\r\n", "integer does not end in CR LF");
  }
  constexpr auto largest = static_cast<std::uint64_t>(INT64_MAX);
  if (value > largest + (negative ? 1 : 0)) {
    return fail(digits, "integer does not fit 64 bits", "an integer");
  }
  note_value(Type::integer);
  add(Type::integer)->integer = static_cast<std::int64_t>(negative ? 0 - value : value);
  p = q + 2;
  return complete_value(p);
}

Parser::Step Parser::parse_string(Type type, const char*& p, const char* end,
                                  const char* storage_end) {
  const char* const digits = p + 1;
  if (digits != end && (*digits == '-' || *digits == '?') && type == Type::bulk_string) {
    const bool null = *digits == '-';
    const Step step =
        null ? expect(digits, end, "-1\r\n", "length is negative", "-1 CR LF, or digits")
             : expect(digits, end, "?\r\n", "length is not a number", "? CR LF");
    if (step != Step::go_on) return step;
    note_value(null ? Type::null : type);
    p = digits + (null ? 4 : 3);
    if (null) {
      add(Type::null)->integer = 0;
      return complete_value(p);
    }
    string_ = add(type);
    string_->split = true;
    streamed_string_ = true;
    streamed_bytes_ = 0;
    state_ = State::chunk_header;
    return Step::go_on;
  }
  std::uint64_t length = 0;
  const char* next = nullptr;
  const Step step = parse_length(digits, end, length, next);
  if (step != Step::go_on) return step;
  if (length > bulk_bytes_max) {
    return fail(digits, "string is too long", "at most bulk_bytes_max (536870912) bytes");
  }
  if (type == Type::verbatim) {
    if (length < 4) {
      return fail(digits, "verbatim string is too short", "a format of 3 bytes and a colon");
    }
    if (end - next < 4) return Step::need_more;
    if (next[3] != ':') return fail(next + 3, "verbatim string has no format", "a colon");
  }
  note_value(type);
  p = next;
  string_ = add(type, static_cast<std::uint32_t>(length));
  string_->bytes = next;
  if (static_cast<std::uint64_t>(end - next) >= length + 2) [[likely]] {
    const char* const after = next + length;
    if (after[0] != '\r' || after[1] != '\n') {
      return expect(after, end, "\r\n", "string does not end in CR LF");
    }
    p = after + 2;
    return complete_value(p);
  }
  return begin_payload(length, next, storage_end);
}

// A string that has not come whole: in one piece if the buffer has room for the rest of it.
Parser::Step Parser::begin_payload(std::uint64_t length, const char* p, const char* storage_end) {
  if (length > frame_bytes_limit_ - std::min(frame_bytes_limit_, frame_bytes_)) {
    drop(Drop::too_large);
  }
  payload_left_ = static_cast<std::size_t>(length);
  piece_left_ = payload_left_;
  if (static_cast<std::size_t>(storage_end - p) < payload_left_) {
    string_->split = true;
    piece_left_ = 0;
  }
  state_ = State::payload;
  return Step::go_on;
}

Parser::Step Parser::parse_payload(const char*& p, const char* end, const char* storage_end) {
  while (payload_left_ > 0) {
    if (piece_left_ == 0) {
      const auto room = static_cast<std::size_t>(storage_end - p);
      if (room == 0) return Step::need_more;
      piece_left_ = std::min(payload_left_, room);
      add(Type::piece, static_cast<std::uint32_t>(piece_left_))->bytes = p;
    }
    if (p == end) return Step::need_more;
    const std::size_t taken = std::min(piece_left_, static_cast<std::size_t>(end - p));
    p += taken;
    piece_left_ -= taken;
    payload_left_ -= taken;
  }
  state_ = State::payload_end;
  return Step::go_on;
}

Parser::Step Parser::parse_payload_end(const char*& p, const char* end) {
  const Step step = expect(p, end, "\r\n", "string does not end in CR LF");
  if (step != Step::go_on) return step;
  p += 2;
  if (streamed_string_) {
    state_ = State::chunk_header;
    return Step::go_on;
  }
  state_ = State::header;
  return finish_string(p);
}

Parser::Step Parser::finish_string(const char* p) {
  if (string_->split && drop_ == Drop::none) string_->end = tape_.position();
  return complete_value(p);
}

Parser::Step Parser::parse_chunk(const char*& p, const char* end, const char* storage_end) {
  if (p == end) return Step::need_more;
  if (*p != ';') return fail(p, "streamed string goes on with another type", ";");
  std::uint64_t length = 0;
  const char* next = nullptr;
  const Step step = parse_length(p + 1, end, length, next);
  if (step != Step::go_on) return step;
  if (length == 0) {
    p = next;
    streamed_string_ = false;
    state_ = State::header;
    string_->size = streamed_bytes_;
    return finish_string(p);
  }
  if (length > bulk_bytes_max - streamed_bytes_) {
    return fail(p, "streamed string is too long", "at most bulk_bytes_max (536870912) bytes");
  }
  p = next;
  streamed_bytes_ += static_cast<std::uint32_t>(length);
  begin_payload(length, p, storage_end);
  string_->split = true;
  piece_left_ = 0;
  return Step::go_on;
}

Parser::Step Parser::parse_aggregate(Type type, const char*& p, const char* end) {
  const char* const digits = p + 1;
  bool streamed = false;
  std::uint64_t length = 0;
  const char* next = nullptr;
  if (digits != end && *digits == '-' && type == Type::array) {
    const Step step = expect(digits, end, "-1\r\n", "length is negative", "-1 CR LF, or digits");
    if (step != Step::go_on) return step;
    note_value(Type::null);
    add(Type::null)->integer = 0;
    p = digits + 4;
    return complete_value(p);
  }
  if (digits != end && *digits == '?' && is_streamable(type)) {
    const Step step = expect(digits, end, "?\r\n", "length is not a number", "? CR LF");
    if (step != Step::go_on) return step;
    streamed = true;
    next = digits + 3;
  } else {
    const Step step = parse_length(digits, end, length, next);
    if (step != Step::go_on) return step;
    if (length > aggregate_elements_max) {
      return fail(digits, "aggregate is too long",
                  "at most aggregate_elements_max (134217728) elements");
    }
  }
  if (depth_ >= nesting_depth_max && streamed) {
    return fail(p, "streamed aggregates are nested too deeply",
                "at most nesting_depth_max (64) levels");
  }
  if (type == Type::attribute && after_attribute_) {
    return fail(p, "attribute describes another attribute", "a value");
  }
  if (type == Type::push && length == 0) return fail(digits, "push is empty", "its kind first");
  if (depth_ >= nesting_depth_max) return parse_deep_aggregate(type, length, p, next);
  note_value(type);
  Node* const head = add(type, static_cast<std::uint32_t>(length));
  const bool pairs = type == Type::map || type == Type::attribute;
  p = next;
  if (length == 0 && !streamed) {
    head->end = drop_ == Drop::none ? tape_.position() : nullptr;
    if (type != Type::attribute) return complete_value(p);
    after_attribute_ = true;
    return Step::go_on;
  }
  levels_[depth_++] = Level{.head = head,
                            .left = static_cast<std::uint32_t>(pairs ? length * 2 : length),
                            .type = type,
                            .streamed = streamed};
  return Step::go_on;
}

}  // namespace plimsoll
