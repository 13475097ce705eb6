#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace plimsoll::inline v0::native {

/// Parses `text` as a decimal number. None if it is empty, has any other byte, or does not fit.
/// Signed types may have a minus in front.
template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number);
  if (text.empty() || problem != std::errc{} || at != end) return std::nullopt;
  return number;
}

}  // namespace plimsoll::inline v0::native
