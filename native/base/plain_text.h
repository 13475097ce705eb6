#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::inline v0::native {

/// Returns the first `bytes_max` bytes of `text`, with a question mark for each byte that is no
/// printable ASCII. For texts from a peer that go to a terminal or a parser.
inline std::string plain_text(std::string_view text, std::size_t bytes_max) {
  std::string plain(text.substr(0, bytes_max));
  for (char& c : plain) {
    if (c < ' ' || c > '~') c = '?';
  }
  return plain;
}

}  // namespace plimsoll::inline v0::native
