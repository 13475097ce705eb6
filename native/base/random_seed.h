#pragma once

#include <cstdint>
#include <random>

namespace plimsoll::inline v0::native {

/// Returns a seed from the system, so that clients which lost the same server do not reconnect in
/// step.
inline std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace plimsoll::inline v0::native
