#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

// Times as people write them.

namespace plimsoll::native::config {

/// "5 s", "250 ms", "2 min", "1h": digits, optional blanks and a unit (h, min, s, ms, us, ns).
/// Nothing for anything else, and for what is longer than a year.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// "5 s", "250 ms", "2 min": in the largest unit that it has a whole number of.
std::string to_text(std::chrono::nanoseconds duration);

}  // namespace plimsoll::native::config
