#pragma once

#include <string>
#include <string_view>

namespace plimsoll::testing {

/// Encodes a command: resp("GET", "k").
template <class... Word>
std::string resp(const Word&... words) {
  std::string out = "*" + std::to_string(sizeof...(words)) + "\r\n";
  const auto add = [&out](std::string_view word) {
    out += "$" + std::to_string(word.size()) + "\r\n";
    out += word;
    out += "\r\n";
  };
  (add(words), ...);
  return out;
}

}  // namespace plimsoll::testing
