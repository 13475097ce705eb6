#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Parses single values in the files of a cgroup, as the kernel writes them. A value that is missing
// or malformed yields nothing.

namespace plimsoll::inline v0::native::container {

/// Parses "12345\n": only digits.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A limit of this value or more means no limit: v1 writes LONG_MAX, rounded to whole pages.
inline constexpr std::uint64_t unlimited_bytes_min = std::uint64_t{1} << 62;

struct Bound {
  std::optional<std::uint64_t> bytes;  ///< not set: unlimited
};

/// Parses a number of bytes, or "max".
std::optional<Bound> parse_bound(std::string_view text);

/// Returns the number after `key` in lines "key number", as in memory.stat and memory.events, or in
/// lines "key: number kB", as in /proc/meminfo; the latter numbers are multiplied by 1024.
std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key);

/// Pressure stall information (accounting/psi.rst), line "some": how much of the time at least one
/// task waited for memory.
struct Stall {
  double percent = 0;              ///< avg10: in the last ten seconds
  std::uint64_t microseconds = 0;  ///< total: since the cgroup was created
};
std::optional<Stall> parse_stall(std::string_view text);

/// Takes the first line, or word, off `text`. Returns it without the separator at its end.
std::string_view take_line(std::string_view& text);
std::string_view take_word(std::string_view& text);

}  // namespace plimsoll::inline v0::native::container
