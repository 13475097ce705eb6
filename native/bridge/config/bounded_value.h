#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/bridge/config/config_table.h"

// Reads numbers, amounts and durations that have bounds out of a configuration file.

namespace plimsoll::bridge {

/// What a setting may be, both ends included.
template <class T>
struct Bounds {
  T min;
  T max;
};

// Each returns nothing if the table has no such key. A value that is of another type, or out of its
// bounds, is a problem, and is treated as missing.

std::optional<std::uint32_t> read_count(ConfigTable& table, std::string_view key,
                                        Bounds<std::uint32_t> bounds);

/// An amount of bytes: "64 MiB", 65536.
std::optional<std::uint64_t> read_amount(ConfigTable& table, std::string_view key,
                                         Bounds<std::uint64_t> bounds);

/// A duration of whole milliseconds: "5 s", "250 ms".
std::optional<std::chrono::milliseconds> read_duration(ConfigTable& table, std::string_view key,
                                                       Bounds<std::chrono::milliseconds> bounds);

/// "64 MiB", as problems show amounts.
std::string show_amount(std::uint64_t bytes);

}  // namespace plimsoll::bridge
