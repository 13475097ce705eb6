#include "plimsoll/native/bridge/replies/refusal_line.h"

#include <algorithm>

#include "plimsoll/core/base/bytes.h"
#include "plimsoll/native/bridge/replies/refusal_words.h"

namespace plimsoll::bridge {
namespace {

// Servers before Redis 7 have a backtick in place of the quote.
constexpr std::string_view beginning = "-ERR unknown command '";
static_assert(beginning.size() == RefusalLine::held_max);

constexpr std::string_view own_beginning = "-NOPERM ";

bool is_expected(char c, std::size_t at) {
  return c == beginning[at] || (c == '`' && beginning[at] == '\'');
}

}  // namespace

void RefusalLine::begin(std::size_t reason_bytes) {
  at_ = At::beginning;
  held_ = 0;
  reason_left_ = static_cast<std::uint16_t>(refusal_mark.size() + reason_bytes);
}

char* RefusalLine::take(std::string_view& bytes, char* out) {
  while (!bytes.empty() && at_ != At::none) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    switch (at_) {
      case At::none: break;
      case At::beginning: out = take_beginning(c, out); break;
      case At::reason:
        *out++ = c;
        if (--reason_left_ == 0) at_ = At::rest;
        break;
      case At::rest:
        if (c == '\r' || c == '\n') *out++ = c;
        break;
      case At::verbatim: *out++ = c; break;
    }
    if (c == '\n') at_ = At::none;
  }
  return out;
}

char* RefusalLine::take_beginning(char c, char* out) {
  if (is_expected(c, held_)) {
    if (++held_ < beginning.size()) return out;
    at_ = At::reason;
    return copy_bytes(own_beginning, out);
  }
  out = std::copy_n(beginning.begin(), held_, out);
  *out++ = c;
  at_ = At::verbatim;
  return out;
}

}  // namespace plimsoll::bridge
