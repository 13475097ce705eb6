#pragma once

#include <cstdint>

// What the bridge has done, for /metrics. Of one thread.

namespace plimsoll::bridge {

struct Counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t upgrades = 0;
  std::uint64_t refused_handshakes = 0;
  std::uint64_t pages = 0;              ///< requests for pages that were answered
  std::uint64_t page_bytes = 0;         ///< of the pages themselves
  std::uint64_t upstream_failures = 0;  ///< connections that could not be made
  std::uint64_t upstream_losses = 0;    ///< and those that ended while they were used
  std::uint64_t bytes_from_clients = 0;
  std::uint64_t bytes_to_clients = 0;
  std::uint64_t commands_allowed = 0;
  std::uint64_t commands_refused = 0;
  std::uint64_t stalls = 0;        ///< times that a client did not take what was there for it
  std::uint64_t stalled_cuts = 0;  ///< clients that were cut for it
  std::uint64_t silent_cuts = 0;   ///< clients that did not answer pings
  std::uint64_t paced = 0;         ///< times that a client sent more commands than it may
  std::uint64_t out_of_memory = 0;
  std::uint64_t relays = 0;  ///< open now
};

}  // namespace plimsoll::bridge
