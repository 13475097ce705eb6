#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/sim/faults.h"

// What makes a world: a seed, and how much of everything. A plain description, so that a failing
// one can be made smaller as far as it still fails, and be repeated from the command line. All else
// is drawn from the seed by those whom it concerns.

namespace plimsoll::sim {

struct Scenario {
  enum class Size : std::uint8_t {
    normal,
    small,
    group,   ///< small, and all servers are a group: a primary, its replicas, and sentinels
    cluster  ///< small, and all servers are a cluster; `servers` says how many primaries it has
  };

  std::uint64_t seed = 1;
  Size size = Size::normal;
  std::size_t clients = 1;
  std::size_t servers = 1;
  std::size_t requests = 100;  ///< of each client
  FaultSet faults{};
  Duration fault_interval = std::chrono::milliseconds(50);  ///< between two faults, on average
  Duration time_max = std::chrono::seconds(60);             ///< then the faults stop at the latest

  /// The world of that seed.
  static Scenario of_seed(std::uint64_t seed, Size size);

  /// Whether somebody may be refused memory in it.
  bool memory_is_short() const { return faults.has_any(memory_faults); }

  /// The arguments that repeat it: "--seed 17 --clients 1...", what the seed gives anyway left out.
  std::string arguments() const;

  friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace plimsoll::sim
