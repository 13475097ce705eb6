#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/tests/sim/random.h"

namespace plimsoll::sim {

/// How a client is to choose replicas, and how old what they answer may be: drawn. Zones are "even"
/// and "odd", by the numbers of servers.
inline ReplicaOptions draw_replica_options(Random& random) {
  constexpr std::array choices = {ReadFrom::prefer_replica, ReadFrom::prefer_replica,
                                  ReadFrom::az_affinity, ReadFrom::az_affinity_replicas_and_primary,
                                  ReadFrom::lowest_latency};
  constexpr std::array<std::string_view, 3> zones = {"even", "odd", "nowhere"};
  ReplicaOptions options;
  options.read_from = random.one_of(choices);
  const std::string_view zone = random.one_of(zones);
  if (goes_by_zones(options.read_from)) options.zone = zone;
  const Duration lag_max_max =
      random.one_in(2) ? Duration(std::chrono::milliseconds(500)) : std::chrono::seconds(20);
  options.lag_max = random.between(replica_lag_max_min, lag_max_max);
  return options;
}

}  // namespace plimsoll::sim
