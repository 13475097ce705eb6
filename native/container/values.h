#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// What the kernel writes into the files of a cgroup, one thing at a time. Nothing here fails in any
// other way than by saying that there is no such thing.

namespace plimsoll::native::container {

/// "12345\n": digits alone.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A limit that no machine reaches means none: v1 writes LONG_MAX, rounded to whole pages, for it.
inline constexpr std::uint64_t unlimited_bytes_min = std::uint64_t{1} << 62;

struct Bound {
  std::optional<std::uint64_t> bytes;  ///< none: unlimited
};

/// A number of bytes, or "max".
std::optional<Bound> parse_bound(std::string_view text);

/// The number behind `key` in lines of "key number", as memory.stat and memory.events have them,
/// or of "key: number kB", as /proc/meminfo has; then in units of 1024.
std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key);

/// Pressure stall information (accounting/psi.rst), of the line "some": in how much of the time at
/// least one task waited for memory.
struct Stall {
  double percent = 0;              ///< avg10: of the last ten seconds
  std::uint64_t microseconds = 0;  ///< total: since the cgroup began
};
std::optional<Stall> parse_stall(std::string_view text);

/// Takes the first line, or word, off `text`; without what ends it.
std::string_view take_line(std::string_view& text);
std::string_view take_word(std::string_view& text);

}  // namespace plimsoll::native::container
