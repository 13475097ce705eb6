#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/format_bytes.h"

namespace plimsoll::inline v0 {

/// Appends text to a buffer of fixed size. Drops text that does not fit.
class TextWriter {
 public:
  explicit TextWriter(std::span<char> out) : out_(out) {}

  void append(std::string_view text) {
    const std::size_t room = std::min(text.size(), out_.size() - used_);
    std::copy_n(text.data(), room, out_.data() + used_);
    used_ += room;
  }

  void append(std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }

  /// Appends an amount of memory such as "1.5 MiB".
  void append_bytes(std::uint64_t bytes) {
    char amount[16];
    append(format_bytes(bytes, amount));
  }

  std::string_view text() const { return {out_.data(), used_}; }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
};

}  // namespace plimsoll::inline v0
