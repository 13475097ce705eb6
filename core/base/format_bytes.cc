#include "plimsoll/core/base/format_bytes.h"

#include <charconv>
#include <cstddef>
#include <iterator>

namespace plimsoll::inline v0 {

std::string_view format_bytes(std::uint64_t bytes, std::span<char> out) {
  static constexpr std::string_view names[] = {" B", " KiB", " MiB", " GiB", " TiB"};
  std::size_t step = 0;
  std::uint64_t scale = 1;
  while (step + 1 < std::size(names) && bytes / scale >= 1024) {
    scale *= 1024;
    ++step;
  }
  const std::uint64_t whole = bytes / scale;
  // Truncates instead of rounding, so that the text never claims more than the actual amount.
  const std::uint64_t tenth = bytes % scale * 10 / scale;
  char* at = out.data();
  char* const end = at + out.size();
  at = std::to_chars(at, end, whole).ptr;
  if (step > 0 && tenth > 0 && end - at >= 2) {
    *at++ = '.';
    *at++ = static_cast<char>('0' + tenth);
  }
  for (char c : names[step]) {
    if (at < end) *at++ = c;
  }
  return {out.data(), static_cast<std::size_t>(at - out.data())};
}

}  // namespace plimsoll::inline v0
