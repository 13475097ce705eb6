#pragma once

#include <string>
#include <string_view>

#include "plimsoll/core/base/error.h"

namespace plimsoll::inline v0::native {

/// What went wrong below RESP: a core Error, and words about the particular case.
struct TransportProblem {
  plimsoll::Error error;
  std::string words;  ///< contains no secret
};

/// Makes text from a peer safe for a message: truncated to 200 bytes, with '?' for each byte that
/// is not printable ASCII.
std::string printable(std::string_view text);

}  // namespace plimsoll::inline v0::native
