#include "plimsoll/native/transport/transport_problem.h"

#include <algorithm>
#include <cstddef>

namespace plimsoll::inline v0::native {

std::string printable(std::string_view text) {
  constexpr std::size_t text_length_max = 200;
  std::string all(text.substr(0, text_length_max));
  std::replace_if(all.begin(), all.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > text_length_max) all += "...";
  return all;
}

}  // namespace plimsoll::inline v0::native
