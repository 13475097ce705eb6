#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::bridge {

/// "5 s", "250 ms", "2 min", "1h": digits, optional blanks and a unit. Nothing for anything else,
/// and for what is longer than a year.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "5 s", "250 ms", "2 min": in the largest unit that it has a whole number of.
std::string to_text(std::chrono::milliseconds duration);

}  // namespace plimsoll::bridge
