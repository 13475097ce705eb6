#include "plimsoll/core/resp/number.h"

#include <charconv>
#include <limits>

#if !defined(__cpp_lib_to_chars)
#include <cstdlib>
#endif

namespace plimsoll {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front of `text`; says whether there was one.
bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() != before;
}

void take_sign(std::string_view& text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
}

}  // namespace

bool is_real(std::string_view text) {
  if (text == "inf" || text == "-inf" || text == "nan" || text == "-nan") return true;
  take_sign(text);
  if (!take_digits(text)) return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    take_sign(text);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

bool is_big_number(std::string_view text) {
  take_sign(text);
  return take_digits(text) && text.empty();
}

double to_real(std::string_view text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  if (text.front() == '+') text.remove_prefix(1);
#if defined(__cpp_lib_to_chars)
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec == std::errc::result_out_of_range) {
    // Too small or too large for a double: its sign and its exponent's say which.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos ||
                      text.substr(0, 2) == "0." || text.substr(0, 3) == "-0.";
    const double size = tiny ? 0 : std::numeric_limits<double>::infinity();
    return text.front() == '-' ? -size : size;
  }
  return value;
#else
  // Emscripten's library has no from_chars for doubles; its strtod knows only the C locale.
  return std::strtod(text.data(), nullptr);
#endif
}

char byte_at(const Node* node, std::uint32_t index) {
  if (!node->split) return node->bytes[index];
  const Node* piece = follow(node + 1);
  while (index >= piece->size) {
    index -= piece->size;
    piece = follow(piece + 1);
  }
  return piece->bytes[index];
}

}  // namespace plimsoll
