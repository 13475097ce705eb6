#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::native {

/// `text`, `bytes_max` at most, with a question mark for each byte that is no printable ASCII: of
/// names that somebody else chose, where a terminal or a parser reads them.
inline std::string plain_text(std::string_view text, std::size_t bytes_max) {
  std::string plain(text.substr(0, bytes_max));
  for (char& c : plain) {
    if (c < ' ' || c > '~') c = '?';
  }
  return plain;
}

}  // namespace plimsoll::native
