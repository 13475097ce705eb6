#include "plimsoll/native/bridge/gate/verdict.h"

namespace plimsoll::bridge {

void Verdict::add(char c) {
  if (size_ < reason_.size()) reason_[size_++] = c;
}

Verdict& Verdict::say(std::string_view text) {
  for (const char c : text) add(c);
  return *this;
}

Verdict& Verdict::quote(std::string_view word) {
  add('\'');
  for (const char c : word.substr(0, quoted_bytes_max)) {
    const bool is_plain = c >= ' ' && c <= '~' && c != '\'' && c != '"' && c != '`';
    add(is_plain ? c : '?');
  }
  return say(word.size() > quoted_bytes_max ? "...'" : "'");
}

Verdict& Verdict::name(std::string_view row_name) {
  for (const char c : row_name) add(c == '|' ? ' ' : c);
  return *this;
}

}  // namespace plimsoll::bridge
