#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace plimsoll::inline v0 {

/// Copies `from` to `to` and returns the end. Most names and keys are short; two overlapping moves
/// copy a short string without a call to memcpy().
inline char* copy_bytes(std::string_view from, char* to) {
  const std::size_t size = from.size();
  const char* const at = from.data();
  char* const end = to + size;
  if (size > 32) {
    std::memcpy(to, at, size);
  } else if (size >= 16) {
    std::memcpy(to, at, 16);
    std::memcpy(end - 16, at + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, at, 8);
    std::memcpy(end - 8, at + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, at, 4);
    std::memcpy(end - 4, at + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = at[i];
  }
  return end;
}

}  // namespace plimsoll::inline v0
