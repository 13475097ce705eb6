#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace plimsoll::native {

/// Whether `text` is all digits and fits (a minus may come first, for types that have one).
template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{} || at != end) return std::nullopt;
  return number;
}

}  // namespace plimsoll::native
