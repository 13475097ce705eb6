#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "plimsoll/tests/sim/ledger.h"

// What replies of a cluster's servers are about, as they stand on the wire.

namespace plimsoll::sim {

/// The numbers of the writes that a reply is of: a string's, or those in an array. 0: a null.
std::vector<RequestNumber> writes_in(std::string_view wire);

/// Nothing if the reply is no count.
std::optional<std::size_t> count_in(std::string_view wire);

}  // namespace plimsoll::sim
