#include "plimsoll/tests/core/commands/wire.h"

namespace plimsoll::testing {

std::string request(const Words& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

std::string encoded(const CommandView& command) {
  constexpr std::size_t surplus = 64;  // so that a size that is wrong shows
  const std::size_t size = encoded_size(command);
  std::string whole(size + surplus, '#');
  const char* const end = encode(command, whole.data());
  if (end != whole.data() + size) return "(the size differs)";
  whole.resize(size);

  std::string parts;
  encode_in_parts(command, [&parts](std::string_view part) { parts += part; });
  return parts == whole ? whole : "(the parts differ)";
}

}  // namespace plimsoll::testing
