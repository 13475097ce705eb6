#pragma once

#include <string>
#include <string_view>

#include "plimsoll/tests/conformance/document.h"

// The ways in which each row of the conformance documents is fed to a Reader. Each returns
// as_expected where the outcome is what the row says, or else how it was fed and what came. Behind
// every row comes one more reply, so that a Reader that lost its place is found out.

namespace plimsoll::testing {

inline constexpr std::string_view as_expected;

/// The row's bytes with that reply behind them, and what a Reading should tell of both.
std::string bytes_of(const ConformanceCase& row);
std::string outcome_of(const ConformanceCase& row);

/// Whole, byte by byte, at every split in two, and if it is short at every split in three.
std::string replay_in_pieces(const ConformanceCase& row);

/// Nobody waits for the replies: they are skipped as they come, and pushes are not.
std::string replay_unwanted(const ConformanceCase& row);

/// Behind another reply that is as long as it takes for the row to begin at each of the last bytes
/// of a read buffer.
std::string replay_across_buffers(const ConformanceCase& row);

/// The same with both in one array, so that the row's nodes and bytes are in a frame that crosses.
std::string replay_across_buffers_in_array(const ConformanceCase& row);

/// One byte less at a time: no prefix is a frame, or an error before the byte that is wrong.
std::string replay_prefixes(const ConformanceCase& row);

}  // namespace plimsoll::testing
