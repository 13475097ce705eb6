#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace plimsoll::inline v0 {

/// Writes an amount of memory for people: "64 MiB", "1.5 KiB", "17 B", with at most one decimal.
/// The text needs at most 16 bytes. Returns the part of `out` that was written.
///
/// parse_bytes() (units.h) reads such texts. The two functions have separate headers because
/// error.h's texts are written with this one, and parse_bytes() returns errors.
std::string_view format_bytes(std::uint64_t bytes, std::span<char> out);

}  // namespace plimsoll::inline v0
