#include "plimsoll/native/bridge/gate/request_words.h"

#include <new>

#include "plimsoll/core/base/check.h"

namespace plimsoll::bridge {
namespace {

constexpr std::size_t newline_bytes = 2;

// RequestScanner has seen the whole request. Were a part of it taken for a request all the same,
// what lies behind these bytes would be executed: that must end the program first.
std::string_view take(std::string_view& bytes, std::size_t count) {
  PLIMSOLL_CHECK(count <= bytes.size());
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

// Takes a line such as "$5\r\n" off `bytes` and returns its number.
std::size_t take_number(std::string_view& bytes) {
  std::size_t number = 0;
  std::size_t at = 1;
  while (at < bytes.size() && bytes[at] != '\r') {
    number = number * 10 + static_cast<std::size_t>(bytes[at++] - '0');
  }
  take(bytes, at + newline_bytes);
  return number;
}

}  // namespace

bool RequestWords::take(std::string_view& bytes, Account& account) {
  std::string_view rest = bytes;
  const std::size_t count = take_number(rest);
  std::string_view* first = few_.data();
  if (count > few_.size()) {
    many_ = Block::allocate(account, count * sizeof(std::string_view));
    if (!many_) return false;
    first = static_cast<std::string_view*>(many_.data());
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = take_number(rest);
    ::new (static_cast<void*>(first + i)) std::string_view(bridge::take(rest, size));
    bridge::take(rest, newline_bytes);
  }
  view_ = {first, count};
  bytes = rest;
  return true;
}

}  // namespace plimsoll::bridge
