#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/core/resp/encoder.h"

// Requests as bytes, written apart from the core's encoder: what tests expect on the wire.

namespace plimsoll::testing {

using Words = std::vector<std::string>;

/// "*2\r\n$3\r\nGET\r\n$4\r\nship\r\n" for {"GET", "ship"}.
std::string request(const Words& words);

/// The bytes that the core makes of `command`. Text that begins with "(" where encoding into one
/// piece, encoding in parts and the size that was announced do not agree.
std::string encoded(const CommandView& command);

}  // namespace plimsoll::testing
