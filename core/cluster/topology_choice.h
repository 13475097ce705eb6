#pragma once

#include <cstdint>

namespace plimsoll::inline v0 {

/// What the servers are to each other at addresses that do not say so themselves, as
/// valkey+sentinel:// and valkey+cluster:// do.
enum class TopologyChoice : std::uint8_t {
  automatic,   ///< the first server says whether it is a node of a cluster (HELLO)
  standalone,  ///< one server, even if it is a node of a cluster: for tools
  cluster      ///< nodes of a cluster
};

}  // namespace plimsoll::inline v0
