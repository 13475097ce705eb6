#pragma once

#include <string_view>

// A relay between a client that has been let in and says anything, and a server that answers
// anything. The server gets whole commands that the policy allows, or refusals; the client gets
// whole frames, of what the server said, and never more than it granted; it is answered or ended;
// and nothing is left when it has gone.
//
// Of the input the first byte says how the rest is meant (frames: a first byte, how much is in it,
// and that, which are masked here; or bytes as they are), the second seeds all chance, the third
// says which allocation is refused, the fourth after how many commands the server goes.

namespace plimsoll::testing {

/// Ends the process with what does not hold.
void try_frames(std::string_view input);

}  // namespace plimsoll::testing
