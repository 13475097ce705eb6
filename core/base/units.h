#pragma once

#include <cstdint>
#include <string_view>

#include "plimsoll/core/base/format_bytes.h"
#include "plimsoll/core/base/result.h"

// Amounts of memory as people write them: "64 MiB", "512 KB", "65536". format_bytes() writes them.

namespace plimsoll::inline v0 {

/// Reads an amount: digits, optional blanks, optional unit. B, KB, MB, GB and TB are powers of
/// 1000; KiB, MiB, GiB and TiB are powers of 1024. Case does not matter. The error (invalid_option)
/// says what is wrong: no digits, an unknown unit, or a number that does not fit 64 bits.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace plimsoll::inline v0
