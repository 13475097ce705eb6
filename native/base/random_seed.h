#pragma once

#include <cstdint>
#include <random>

namespace plimsoll::native {

/// A seed from the system: what is seeded by it goes another way in each process, so that clients
/// which lost the same server do not come back in step.
inline std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace plimsoll::native
