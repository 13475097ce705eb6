#pragma once

#include <cstdint>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/sim/random.h"

namespace plimsoll::sim {

/// How many requests a client may have, and whether more of them wait: some so few that nodes come
/// to have their share. Drawn with numbers of its own, because those of all other choices are what
/// mutants are caught by. `life`: how many clients the caller has had before.
inline void draw_limits(std::uint64_t seed, std::uint32_t caller, std::uint32_t life,
                        ClientOptions& options) {
  Random random(seed, Random::Purpose::cluster_limits, caller + std::uint64_t{64} * life);
  if (!random.one_in(3)) return;
  options.inflight_requests_limit = random.between(2, 40);
  if (random.one_in(4)) return;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = random.between(4, 200);
}

}  // namespace plimsoll::sim
