#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/format_bytes.h"
#include "plimsoll/core/base/result.h"

// Amounts of memory as people write them: "64 MiB", "512 KB", "65536". format_bytes() writes them.

namespace plimsoll {

/// Reads an amount: digits, optional blanks, optional unit. B, KB, MB, GB, TB are powers of 1000,
/// KiB, MiB, GiB, TiB of 1024; case does not matter. Errors (invalid_option) say what is wrong: no
/// digits, an unknown unit, a number that does not fit 64 bits.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace plimsoll
