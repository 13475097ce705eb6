#pragma once

#include <functional>
#include <string>

#include "plimsoll/tests/sim/recorder/recording.h"

// A recording goes through the core again. It starts where nothing has to be known of before: at
// connect(), or where the client was at rest; there a handshake is made up.
//
// Only the main connection is recorded. A recording with commands that block is refused, since what
// comes of them is said on others; what a client says by itself because of others (AUTH with new
// credentials, CLIENT UNBLOCK) shows as bytes that differ.

namespace plimsoll::sim {

struct Replay {
  std::size_t steps = 0;        // records that were replayed
  std::size_t skipped = 0;      // before the first from which that is possible
  std::size_t differences = 0;  // the core answered otherwise than it did
};

/// Calls `show` with a line for each step: what happened, and what was different. A core that
/// breaks a CHECK ends the process, behind the line that says what led to it.
Replay replay(const Recording& recording, const std::function<void(const std::string&)>& show);

}  // namespace plimsoll::sim
