#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/native/runtime/client_registry.h"
#include "plimsoll/statistics.h"

// What the endpoint and the dump show, looked at once, so that the rest takes no lock.

namespace plimsoll::native {

struct Observed {
  MemoryStatistics memory;
  ClientRegistry::Snapshot clients;
  std::uint64_t resident_bytes = 0;   ///< of the process, as the system counts them
  std::uint64_t anonymous_bytes = 0;  ///< of these, those that no file backs

  // Of the endpoint itself.
  std::uint64_t scrapes = 0;
  std::uint64_t scrapes_refused = 0;
};

/// As of now. Holds up clients that begin or end meanwhile, and no other for longer than it takes
/// to copy its figures.
Observed observe(std::size_t clients_max, std::size_t caches_max);

}  // namespace plimsoll::native
