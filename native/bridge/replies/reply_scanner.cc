#include "plimsoll/native/bridge/replies/reply_scanner.h"

#include <algorithm>
#include <cstring>

namespace plimsoll::bridge {
namespace {

// A server sends far fewer; beyond this, sums of counts could overflow.
constexpr std::uint64_t count_max = std::uint64_t{1} << 40;

constexpr std::size_t newline_bytes = 2;

}  // namespace

ReplyScanner::Scan ReplyScanner::scan(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    End end = End::none;
    switch (state_) {
      case State::line_mark: end = begin_line(piece[at++]); break;
      case State::line: end = take_digit(piece[at++]); break;
      case State::text_line: {
        const void* const newline = std::memchr(piece.data() + at, '\n', piece.size() - at);
        if (newline == nullptr) return {piece.size(), End::none};
        at = static_cast<std::size_t>(static_cast<const char*>(newline) - piece.data()) + 1;
        end = end_value();
        break;
      }
      case State::string: {
        const std::size_t count = std::min<std::uint64_t>(bytes_left_, piece.size() - at);
        if (element_ == Element::first) note_word(piece.substr(at, count));
        at += count;
        bytes_left_ -= count;
        if (bytes_left_ > 0) break;
        bytes_left_ = newline_bytes;
        state_ = State::string_end;
        break;
      }
      case State::string_end:
        if (piece[at++] != (bytes_left_ == newline_bytes ? '\r' : '\n'))
          return {at, End::malformed};
        if (--bytes_left_ == 0) end = end_value();
        break;
    }
    if (end != End::none) return {at, end};
  }
  return {at, End::none};
}

ReplyScanner::End ReplyScanner::begin_line(char type) {
  if (!is_amid_) {
    is_amid_ = true;
    mark_ = type;
    element_ = Element::none;
    word_size_ = 0;
    is_word_long_ = false;
    string_bytes_ = 0;
    integer_ = 0;
    values_left_ = 1;
  } else {
    element_ = element_ == Element::none ? Element::first : Element::later;
  }
  type_ = type;
  is_negative_ = has_digits_ = has_return_ = false;
  number_ = 0;
  switch (type) {
    case '+':
    case '-':
    case ',':
    case '(':
    case '#':
    case '_': state_ = State::text_line; return End::none;
    case ':':
    case '$':
    case '=':
    case '!':
    case '*':
    case '~':
    case '%':
    case '|':
    case '>': state_ = State::line; return End::none;
    default: return End::malformed;
  }
}

ReplyScanner::End ReplyScanner::take_digit(char c) {
  if (has_return_) return c == '\n' ? end_line() : End::malformed;
  if (c == '\r' && has_digits_) {
    has_return_ = true;
    return End::none;
  }
  if (c == '-' && !has_digits_ && !is_negative_) {
    is_negative_ = true;
    return End::none;
  }
  if (c == '+' && !has_digits_ && !is_negative_ && type_ == ':') return End::none;
  if (c < '0' || c > '9') return End::malformed;
  has_digits_ = true;
  number_ = number_ * 10 + static_cast<std::uint64_t>(c - '0');
  // A number is only kept, and may have any value; a length or a count must make sense.
  return type_ != ':' && number_ > count_max ? End::malformed : End::none;
}

ReplyScanner::End ReplyScanner::end_line() {
  if (type_ == ':') {
    integer_ = static_cast<std::int64_t>(is_negative_ ? 0 - number_ : number_);
    return end_value();
  }
  const bool may_be_null = type_ == '$' || type_ == '*';
  if (is_negative_) return may_be_null && number_ == 1 ? end_value() : End::malformed;
  switch (type_) {
    case '$':
    case '=':
    case '!': return begin_string(number_);
    case '%': return begin_values(number_, 2);
    case '|':
      values_left_ += 1;  // attributes precede a value, and are none themselves
      return begin_values(number_, 2);
    case '>':
      // Some servers put an invalidation between the elements of EXEC's reply, where it is none.
      if (element_ != Element::none) values_left_ += 1;
      return begin_values(number_, 1);
    default: return begin_values(number_, 1);
  }
}

ReplyScanner::End ReplyScanner::begin_string(std::uint64_t bytes) {
  string_bytes_ += bytes;
  bytes_left_ = bytes > 0 ? bytes : newline_bytes;
  state_ = bytes > 0 ? State::string : State::string_end;
  return End::none;
}

ReplyScanner::End ReplyScanner::begin_values(std::uint64_t count, std::uint64_t values_each) {
  if (values_left_ > count_max) return End::malformed;
  values_left_ += count * values_each;
  return end_value();
}

// A value is complete, or the line of an aggregate, whose elements count from now on.
ReplyScanner::End ReplyScanner::end_value() {
  state_ = State::line_mark;
  if (--values_left_ > 0) return End::none;
  is_amid_ = false;
  return mark_ == '>' ? End::push : End::reply;
}

void ReplyScanner::note_word(std::string_view part) {
  is_word_long_ = is_word_long_ || part.size() > word_.size() - word_size_;
  if (is_word_long_) return;
  std::copy(part.begin(), part.end(), word_.begin() + word_size_);
  word_size_ = static_cast<std::uint8_t>(word_size_ + part.size());
}

}  // namespace plimsoll::bridge
