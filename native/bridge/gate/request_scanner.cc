#include "plimsoll/native/bridge/gate/request_scanner.h"

#include <algorithm>

namespace plimsoll::bridge {

RequestScanner::Scan RequestScanner::scan(std::string_view piece) {
  std::size_t at = 0;
  while (at < piece.size()) {
    if (state_ == State::bulk_bytes) {
      const std::size_t count = std::min(number_, piece.size() - at);
      number_ -= count;
      bytes_ += count;
      at += count;
      if (number_ == 0) state_ = State::bulk_return;
      continue;
    }
    bytes_ += 1;
    const End end = bytes_ > limits_.request_bytes_max ? End::too_large : take(piece[at]);
    at += 1;
    if (end == End::none) continue;
    bytes_ = 0;
    return {at, end};
  }
  return {at, End::none};
}

RequestScanner::End RequestScanner::take(char c) {
  const auto expect = [&](char expected, State behind) {
    state_ = behind;
    return c == expected ? End::none : End::malformed;
  };
  switch (state_) {
    case State::array_mark: return expect('*', State::array_digits);
    case State::array_digits: return take_digit(c, limits_.request_words_max, State::array_newline);
    case State::array_newline:
      words_left_ = number_;
      number_ = 0;
      has_digits_ = false;
      // A server does not reply to an empty array, so replies would no longer match requests.
      if (words_left_ == 0) return End::malformed;
      return expect('\n', State::bulk_mark);
    case State::bulk_mark: return expect('$', State::bulk_digits);
    case State::bulk_digits: return take_digit(c, limits_.request_bytes_max, State::bulk_newline);
    case State::bulk_newline: return c == '\n' ? begin_bulk_bytes() : End::malformed;
    case State::bulk_bytes: return End::none;  // scan() skips these
    case State::bulk_return: return expect('\r', State::last_newline);
    case State::last_newline:
      number_ = 0;
      has_digits_ = false;
      words_left_ -= 1;
      if (words_left_ > 0) return expect('\n', State::bulk_mark);
      return expect('\n', State::array_mark) == End::none ? End::whole : End::malformed;
  }
  return End::malformed;
}

// Accepts no sign and no leading zero, because the servers accept none.
RequestScanner::End RequestScanner::take_digit(char c, std::size_t number_max, State behind) {
  if (c == '\r' && has_digits_) {
    state_ = behind;
    return End::none;
  }
  if (c < '0' || c > '9' || (has_digits_ && number_ == 0)) return End::malformed;
  has_digits_ = true;
  number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
  return number_ > number_max ? End::too_large : End::none;
}

// Refuses a string that is too large as soon as its length is known, before any of it is held.
RequestScanner::End RequestScanner::begin_bulk_bytes() {
  constexpr std::size_t newline_bytes = 2;
  if (number_ + newline_bytes > limits_.request_bytes_max - bytes_) return End::too_large;
  state_ = number_ == 0 ? State::bulk_return : State::bulk_bytes;
  return End::none;
}

}  // namespace plimsoll::bridge
