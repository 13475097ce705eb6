#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/tests/exhaustive/client_world.h"
#include "plimsoll/tests/exhaustive/enumerate.h"

namespace plimsoll::exhaustive {

/// Lets every world of `rules` happen that has up to `moves_max` moves. Throws Failure, with the
/// moves, at the first in which something does not hold. Returns how many there were: tests hold
/// that against what there was when they were written, so that none gets lost unseen.
inline std::uint64_t worlds_of(const Rules& rules, std::size_t moves_max, Tally& tally) {
  return enumerate(moves_max, [&](Choices& choices) { return ClientWorld(choices, rules, tally); });
}

}  // namespace plimsoll::exhaustive
