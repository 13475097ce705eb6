#pragma once

#include <string_view>

// Any bytes of somebody who connects: whole, byte by byte, and in other pieces they come to the
// same request, or the same refusal; and who is let in has a token and comes from where he may. The
// first byte of the input says whether a proxy's header comes first and whether there are pages,
// the second seeds the cuts.

namespace plimsoll::testing {

/// Ends the process with what does not hold.
void try_handshake(std::string_view input);

}  // namespace plimsoll::testing
