#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"

// Amounts of memory as people write them: "64 MiB", "512 KB", "65536".

namespace plimsoll {

/// Bytes in `text`: digits, optional blanks, optional unit. B, KB, MB, GB, TB are powers of 1000,
/// KiB, MiB, GiB, TiB of 1024; case does not matter. Errors (invalid_option) name what is wrong:
/// no digits, an unknown unit, a number that does not fit 64 bits.
Result<std::uint64_t> parse_bytes(std::string_view text);

/// "64 MiB", "1.5 KiB", "17 B": at most one decimal, for people. Written into `out` (16 bytes are
/// always enough).
std::string_view format_bytes(std::uint64_t bytes, std::span<char> out);

}  // namespace plimsoll
