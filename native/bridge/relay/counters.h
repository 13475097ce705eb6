#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "plimsoll/native/observe/histogram.h"

// What the bridge has done for the clients of one profile, or for those of none, for /metrics. Used
// by one thread.

namespace plimsoll::bridge {

struct Counters {
  std::uint64_t connections_accepted = 0;
  std::uint64_t upgrades = 0;
  std::uint64_t refused_handshakes = 0;
  std::uint64_t pages = 0;              ///< answered requests for pages
  std::uint64_t page_bytes = 0;         ///< of their bodies
  std::uint64_t upstream_failures = 0;  ///< connections to servers that could not be made
  std::uint64_t upstream_losses = 0;    ///< connections to servers that ended while in use
  std::uint64_t bytes_from_clients = 0;
  std::uint64_t bytes_to_clients = 0;
  std::uint64_t commands_allowed = 0;
  std::uint64_t commands_refused = 0;
  std::uint64_t stalls = 0;        ///< times that a client without credit had replies waiting
  std::uint64_t stalled_cuts = 0;  ///< clients that were disconnected because they stalled
  std::uint64_t silent_cuts =
      0;                    ///< clients that were disconnected because they did not answer pings
  std::uint64_t paced = 0;  ///< times that a client had to wait for its rate of commands
  std::uint64_t held_back = 0;  ///< times that a request had to wait for replies to earlier ones
  std::uint64_t out_of_memory = 0;
  std::uint64_t dropped_half_open = 0;  ///< connections that made room for others
  std::uint64_t half_open = 0;          ///< connections now that are not admitted, or were refused
  std::uint64_t relays = 0;             ///< open now
  /// From when a request went to the server until its reply had come; requests that block, too.
  native::Histogram request_times;

  /// Adds each of the others' numbers to its own.
  void add(const Counters& others);
};

// Counters is numbers of one size and nothing else, so that one that is new cannot be forgotten
// here.
inline void Counters::add(const Counters& others) {
  using Numbers = std::array<std::uint64_t, sizeof(Counters) / sizeof(std::uint64_t)>;
  auto sums = std::bit_cast<Numbers>(*this);
  const auto more = std::bit_cast<Numbers>(others);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
  *this = std::bit_cast<Counters>(sums);
}

}  // namespace plimsoll::bridge
