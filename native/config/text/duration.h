#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Durations as people write them.

namespace plimsoll::inline v0::native::config {

/// Parses "5 s", "250 ms", "2 min", "1h": digits, optional blanks and a unit (h, min, s, ms, us,
/// ns). Returns nothing for anything else, and for more than a year.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Formats "5 s", "250 ms", "2 min": in the largest unit in which the duration is a whole number.
std::string to_text(std::chrono::nanoseconds duration);

}  // namespace plimsoll::inline v0::native::config
