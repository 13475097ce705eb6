#include "plimsoll/core/resp/number.h"

#include <charconv>
#include <cstdint>
#include <limits>

#if !defined(__cpp_lib_to_chars)
#include <cstdlib>
#endif

namespace plimsoll::inline v0 {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Removes digits from the front of `text`. Returns whether there was at least one.
bool take_digits(std::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() != before;
}

void take_sign(std::string_view& text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
}

#if defined(__cpp_lib_to_chars)
// The value of a number that is too small or too large for a double: zero or infinity. from_chars()
// does not say which of the two; the place of the first digit other than zero, moved by the
// exponent, does.
double beyond_doubles(std::string_view text) {
  const bool negative = text.front() == '-';
  const std::size_t e = text.find_first_of("eE");
  const std::string_view digits = text.substr(0, e);
  std::int64_t exponent = 0;
  if (e != text.npos) {
    std::string_view power = text.substr(e + 1);
    if (power.front() == '+') power.remove_prefix(1);
    const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (read.ec != std::errc{}) exponent = power.front() == '-' ? INT32_MIN : INT32_MAX;
  }
  const std::size_t point = digits.find('.') == digits.npos ? digits.size() : digits.find('.');
  const std::size_t first = digits.find_first_of("123456789");
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  const bool large = first != digits.npos && place + exponent > 0;
  const double size = large ? std::numeric_limits<double>::infinity() : 0;
  return negative ? -size : size;
}
#endif

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
  if (result.ec == std::errc::result_out_of_range) return beyond_doubles(text);
  return value;
#else
  // Emscripten's library has no from_chars() for doubles. Its strtod() knows only the C locale.
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

}  // namespace plimsoll::inline v0
