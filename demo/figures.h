// Numbers as the demo prints them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace plimsoll::demo {

/// "1,234,567".
std::string with_commas(std::uint64_t number);

/// "0 B", "17 KiB", "1.5 MiB": below 10 with one decimal, except for bytes.
std::string as_memory(std::uint64_t bytes_count);

/// "1.25 s", "2.5 ms", "80 us".
std::string as_time(std::chrono::nanoseconds time);

/// "1 package", "2,000 packages".
std::string counted(std::uint64_t number, const std::string& one, const std::string& many);

/// How many a second, as "1,234"; "0" for no time at all.
std::string as_rate(std::uint64_t number, std::chrono::nanoseconds time);

}  // namespace plimsoll::demo
