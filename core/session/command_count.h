#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace plimsoll::inline v0 {

/// Counts the commands in encoded requests (arrays of bulk strings), and the words of the first
/// one. The bytes may be cut anywhere.
class CommandCount {
 public:
  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      if (in_bulk_ > 0) {
        const std::size_t skipped = std::min(in_bulk_, bytes.size());
        in_bulk_ -= skipped;
        bytes.remove_prefix(skipped);
        continue;
      }
      add(bytes.front());
      bytes.remove_prefix(1);
    }
  }

  std::size_t commands() const { return commands_; }
  /// The words of the first command, including its name.
  std::size_t words() const { return words_; }

 private:
  void add(char c) {
    if (c == '*' || c == '$') {
      line_ = c;
      number_ = 0;
    } else if (c >= '0' && c <= '9') {
      number_ = number_ * 10 + static_cast<std::size_t>(c - '0');
    } else if (c == '\n' && line_ == '*') {
      if (++commands_ == 1) words_ = number_;
    } else if (c == '\n' && line_ == '$') {
      in_bulk_ = number_ + 2;  // including its CR LF
    }
  }

  char line_ = 0;
  std::size_t number_ = 0;
  std::size_t in_bulk_ = 0;  // bytes of a bulk string that are still to come
  std::size_t commands_ = 0;
  std::size_t words_ = 0;
};

}  // namespace plimsoll::inline v0
