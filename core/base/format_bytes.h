#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll {

/// Writes an amount of memory for people: "64 MiB", "1.5 KiB", "17 B", with one decimal at most.
/// `out` needs 16 bytes at most. Returns the part of `out` that was written.
///
/// parse_bytes() (units.h) reads such texts. This stands apart because errors are written with it,
/// and parse_bytes() returns errors.
std::string_view format_bytes(std::uint64_t bytes, std::span<char> out);

}  // namespace plimsoll
