#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::inline v0 {

/// What a client of a cluster has done so far, and what waits in it now.
struct ClusterCounters {
  std::uint64_t moved = 0;           ///< requests that went on to another node after MOVED
  std::uint64_t asked = 0;           ///< requests that went on to another node after ASK
  std::uint64_t sent_again = 0;      ///< requests that a node did not run for another reason, or
                                     ///< never got whole, and that were sent again
  std::uint64_t views = 0;           ///< how often a node has said who owns which slot
  std::uint64_t views_refused = 0;   ///< how often it should have, and did not
  std::uint32_t nodes_left_out = 0;  ///< primaries of the last view for which there was no place,
                                     ///< or no address; 64 at most
  std::uint64_t scattered = 0;       ///< requests that were sent in parts
  std::uint64_t parts = 0;           ///< their parts
  std::size_t parked = 0;            ///< requests that wait for a slot's owner now
  std::uint64_t share_reached = 0;   ///< requests that met a node with its share of
                                     ///< inflight_requests_limit or of the requests pool
};

}  // namespace plimsoll::inline v0
