// Over 500 lines: one state machine, with a function for each kind of value. The steps that every
// kind takes come first, then strings, aggregates and lines, in the order in which parser.h
// declares them.

#include "plimsoll/core/resp/parser.h"

#include <algorithm>
#include <cstring>

#include "plimsoll/core/resp/number.h"

namespace plimsoll::inline v0 {
namespace {

// A number of up to 19 digits fits 64 bits, so reading it needs no check for overflow.
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

inline Node* Parser::add(Type type, std::uint32_t size) {
  Node* node = &scratch_;
  if (drop_ == Drop::none) {
    node = tape_.append();
    if (node == nullptr) {
      drop(Drop::too_large);
      node = &scratch_;
    }
  }
  node->type = type;
  node->split = false;
  node->size = size;
  return node;
}

// Every header calls this first. The type of the frame itself decides whether the frame is wanted.
inline void Parser::note_value(Type type) {
  after_attribute_ = false;
  if (depth_ != 0 || type == Type::attribute) return;
  frame_type_ = type;
  type_known_ = true;
  if (!replies_wanted_ && type != Type::push) drop(Drop::unwanted);
}

// Handles the end of a value, which may also be the end of the aggregates around it.
inline Parser::Step Parser::complete_value(const char* p) {
  while (depth_ > 0) {
    Level& top = levels_[depth_ - 1];
    if (top.streamed) {
      const std::size_t most =
          top.type == Type::map ? aggregate_elements_max * 2 : aggregate_elements_max;
      return ++top.left <= most ? Step::go_on
                                : fail(p, "streamed aggregate is too long",
                                       "at most aggregate_elements_max (134217728) elements");
    }
    if (--top.left > 0) return Step::go_on;
    if (drop_ == Drop::none) top.head->end = tape_.position();
    --depth_;
    if (top.type == Type::attribute) {
      after_attribute_ = true;
      return Step::go_on;
    }
  }
  return Step::frame;
}

bool Parser::read_tiny_value(const char*& p, const char* end, Node& node) {
  std::array<char, header_max> copy{};  // the zeros behind it end no value
  std::copy(p, end, copy.begin());
  const char* at = copy.data();
  Node found;
  if (!read_short_value(at, copy.data() + (end - p), found)) return false;
  if (found.type == Type::bulk_string || found.type == Type::simple_string) {
    found.bytes = p + (found.bytes - copy.data());
  }
  node = found;
  p += at - copy.data();
  return true;
}

// Parses elements of the innermost aggregate as long as they are whole short values, as
// read_short_value() takes them, and there is room on the tape. In a loop by itself: what a value
// costs otherwise is mostly to look where it belongs.
inline Parser::Step Parser::parse_short_elements(const char*& p, const char* end) {
  Level& top = levels_[depth_ - 1];
  if (top.streamed || drop_ != Drop::none) return Step::go_on;
  Node* const first = tape_.room();
  Node* node = first;
  const char* at = p;
  const std::size_t most = std::min<std::size_t>(top.left, tape_.room_size());
  for (std::size_t left = most; left > 0 && end - at >= header_max; --left, ++node) {
    if (!read_short_value(at, end, *node)) break;
  }
  if (node == first) return Step::go_on;
  line_scanned_ = 0;  // of an OK whose end had not come
  const auto count = static_cast<std::uint32_t>(node - first);
  tape_.append(count);
  after_attribute_ = false;
  p = at;
  // The last one ends the aggregate.
  top.left -= count - 1;
  return complete_value(p);
}

// Parses whole strings, numbers and aggregates, which are most of what servers send, in one loop.
// Returns need_more for a value that is cut, long or malformed: parse_header() handles those.
inline Parser::Step Parser::parse_common(const char*& p, const char* end) {
  while (end - p >= header_max) {
    if (depth_ > 0) {
      const char* const before = p;
      const Step step = parse_short_elements(p, end);
      if (step != Step::go_on) return step;
      if (p != before) continue;
    }
    Type type = Type::array;
    switch (*p) {
      case '*': break;
      case '%': type = Type::map; break;
      case '~': type = Type::set; break;
      case '>': type = Type::push; break;
      default: return Step::need_more;
    }
    std::uint32_t number = 0;
    const char* next = nullptr;
    if (depth_ >= nesting_depth_max || !read_short_length(p, number, next) || number == 0) {
      return Step::need_more;
    }
    note_value(type);
    levels_[depth_++] = Level{.head = add(type, number),
                              .left = type == Type::map ? number * 2 : number,
                              .type = type,
                              .streamed = false};
    p = next;
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

// Compares the bytes at `at` with `wanted`. Returns need_more if all bytes so far agree, and some
// are missing.
Parser::Step Parser::expect(const char* at, const char* end, const char* wanted, const char* what,
                            const char* expected) {
  for (const char* next = wanted; *next != '\0'; ++next, ++at) {
    if (at == end) return Step::need_more;
    if (*at != *next) return fail(at, what, expected);
  }
  return Step::go_on;
}

// Reads digits and CR LF. On go_on, `next` is behind them.
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

// Begins a string that has not arrived whole. The string lies in one piece if the buffer has room
// for the rest, else in several.
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
    add(Type::null)->integer = 1;
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

// Parses the header of an aggregate beyond nesting_depth_max. In the count of elements still to
// come, its own elements replace it; an attribute is not counted as an element itself.
Parser::Step Parser::parse_deep_aggregate(Type type, std::uint64_t length, const char*& p,
                                          const char* next) {
  const bool is_attribute = type == Type::attribute;
  const bool pairs = type == Type::map || is_attribute;
  const std::uint64_t elements = pairs ? length * 2 : length;
  note_value(type);
  drop(Drop::too_deep, p);
  if (length == 0) {
    p = next;
    if (!is_attribute) return complete_value(p);
    after_attribute_ = true;
    return Step::go_on;
  }
  if (depth_ == nesting_depth_max) {
    levels_[depth_++] = Level{.head = &scratch_,
                              .left = static_cast<std::uint32_t>(elements),
                              .type = type,
                              .streamed = false};
  } else {
    std::uint32_t& left = levels_[nesting_depth_max].left;
    const std::uint64_t all = left + elements - (is_attribute ? 0 : 1);
    if (all > skipped_elements_max) {
      return fail(p + 1, "aggregates that are nested too deeply are too long",
                  "at most skipped_elements_max (2147483648) elements");
    }
    left = static_cast<std::uint32_t>(all);
  }
  p = next;
  return Step::go_on;
}

Parser::Step Parser::parse_stream_end(const char*& p, const char* end) {
  if (depth_ == 0 || !levels_[depth_ - 1].streamed) {
    return fail(p, "end of a streamed aggregate where none is open", "a value");
  }
  const Step step = expect(p + 1, end, "\r\n", "end of a streamed aggregate is not empty");
  if (step != Step::go_on) return step;
  const Level& top = levels_[depth_ - 1];
  if (after_attribute_) return fail(p, "attribute describes nothing", "a value");
  if (top.type == Type::map && top.left % 2 != 0) {
    return fail(p, "streamed map ends behind a key", "its value");
  }
  if (drop_ == Drop::none) {
    top.head->size = top.type == Type::map ? top.left / 2 : top.left;
    top.head->end = tape_.position();
  }
  --depth_;
  p += 3;
  return complete_value(p);
}

// Finds the CR LF that ends the line at `p`; sets `line_end` to null if the line is too long. Bytes
// that an earlier call has searched are not searched again, so a line that arrives byte by byte
// costs linear time. An error depends on the bytes up to it only, however they are cut.
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

// A line beyond line_bytes_max might not fit one buffer. So its frame is dropped, and the bytes of
// the line are checked as they come and not kept.
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

}  // namespace plimsoll::inline v0
