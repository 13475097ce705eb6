#include "plimsoll/native/bridge/gate/request_words.h"

#include <new>

namespace plimsoll::bridge {
namespace {

// Cuts a line such as "$5\r\n" off `bytes` and returns its number. RequestScanner has checked it.
std::size_t take_number(std::string_view& bytes) {
  std::size_t number = 0;
  std::size_t at = 1;
  for (; bytes[at] != '\r'; ++at) {
    number = number * 10 + static_cast<std::size_t>(bytes[at] - '0');
  }
  bytes.remove_prefix(at + 2);
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
    ::new (static_cast<void*>(first + i)) std::string_view(rest.substr(0, size));
    rest.remove_prefix(size + 2);
  }
  view_ = {first, count};
  bytes = rest;
  return true;
}

}  // namespace plimsoll::bridge
