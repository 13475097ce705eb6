#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What becomes of a write whose keys are in several slots of a cluster, and which a single server
/// runs as one: MSET.
enum class CrossSlotWrites : std::uint8_t {
  refuse,
  split  ///< it is sent in a part for each slot, and others may see some parts without the others
};

}  // namespace plimsoll::inline v0
