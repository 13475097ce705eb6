#include "plimsoll/demo/bad_input.h"

#include <algorithm>

namespace plimsoll::demo {

std::string in_quotes(std::string_view found) {
  constexpr std::size_t shown_max = 40;
  std::string text(found.substr(0, shown_max));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return "'" + text + (found.size() > shown_max ? "...'" : "'");
}

}  // namespace plimsoll::demo
