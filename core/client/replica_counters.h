#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What a client that reads from replicas has counted.
struct ReplicaCounters {
  std::uint64_t reads = 0;         ///< sent to replicas
  std::uint64_t reads_moved = 0;   ///< of these, those that went on to another server
  std::uint64_t reads_behind = 0;  ///< sent to the primary though a replica was ready, since it was
                                   ///< not proved to have what the read must see
  std::uint64_t rounds = 0;        ///< of questions how much the servers have
  std::uint32_t left_out = 0;  ///< replicas that the primary named last for which there is no place
};

}  // namespace plimsoll::inline v0
