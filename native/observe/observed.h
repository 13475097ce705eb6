#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/statistics.h"

// A snapshot of what the endpoint and the dump show, so that formatting takes no locks.

namespace plimsoll::inline v0::native {

struct Observed {
  MemoryStatistics memory;
  ClientRegistry::Snapshot clients;
  std::uint64_t resident_bytes = 0;   ///< of the process, according to the system
  std::uint64_t anonymous_bytes = 0;  ///< the part of it that no file backs

  // The endpoint's own counters.
  std::uint64_t scrapes = 0;
  std::uint64_t scrapes_refused = 0;
};

/// Takes a snapshot. Clients that begin or end at this moment wait until it is complete; other
/// clients wait only while their own metrics are copied.
Observed observe(std::size_t clients_max, std::size_t caches_max);

}  // namespace plimsoll::inline v0::native
