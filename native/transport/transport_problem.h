#pragma once

#include <string>
#include <string_view>

#include "plimsoll/core/base/error.h"

namespace plimsoll::native {

/// What went wrong below RESP, in the core's words and in those of the case.
struct TransportProblem {
  plimsoll::Error error;
  std::string words;  ///< nothing secret
};

/// What a peer has written, which may be of any length and hold anything, as messages repeat it.
std::string printable(std::string_view text);

}  // namespace plimsoll::native
