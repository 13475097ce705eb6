#include "plimsoll/tests/sim/model/numbers.h"

#include <cstddef>
#include <limits>

namespace plimsoll::sim::model {

std::optional<std::int64_t> parse_integer(std::string_view text) {
  constexpr std::size_t digits_max = 19;
  if (text == "0") return 0;
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > digits_max || text.front() < '1') return std::nullopt;

  std::uint64_t magnitude = 0;  // 19 digits always fit
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    magnitude = magnitude * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude > (negative ? max + 1 : max)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

void append_integer(std::string& text, std::int64_t number) {
  char digits[20];
  char* const end = digits + sizeof digits;
  char* begin = end;
  auto rest = static_cast<std::uint64_t>(number);
  if (number < 0) rest = 0 - rest;
  do {
    *--begin = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) *--begin = '-';
  text.append(begin, static_cast<std::size_t>(end - begin));
}

std::string to_text(std::int64_t number) {
  std::string text;
  append_integer(text, number);
  return text;
}

std::optional<std::int64_t> add(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(left, right, &sum)) return std::nullopt;
  return sum;
}

}  // namespace plimsoll::sim::model
