#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "plimsoll/client_snapshot.h"

// The clients and caches of a process, for functions that inspect all of them. The registry owns
// none of them: each client removes itself before it ends, and waits while another thread inspects
// it. So no inspecting thread ever drops the last reference to a client, whose executor may be gone
// by then.

namespace plimsoll::inline v0::native {

class ClientRegistry;

/// The registry's view of a client. Thread-safe.
class RegisteredClient {
 public:
  /// Does not walk over the accounts.
  virtual ClientSnapshot snapshot() = 0;
  virtual ClientStatistics client_statistics() = 0;

 protected:
  ~RegisteredClient() = default;
};

/// The registry's view of a cache. Thread-safe.
class RegisteredCache {
 public:
  /// Fills in everything except CacheSnapshot::number.
  virtual CacheSnapshot snapshot() const = 0;

 protected:
  ~RegisteredCache() = default;
};

/// An entry in the registry. Its destructor removes the entry.
class Registered {
 public:
  Registered() = default;
  Registered(Registered&& other) noexcept;
  Registered& operator=(Registered&& other) noexcept;
  ~Registered() { end(); }

  void end();

 private:
  friend class ClientRegistry;
  enum class Kind : std::uint8_t { client, cache };

  Registered(ClientRegistry& registry, Kind kind, std::uint64_t number)
      : registry_(&registry), kind_(kind), number_(number) {}

  ClientRegistry* registry_ = nullptr;
  Kind kind_ = Kind::client;
  std::uint64_t number_ = 0;
};

/// Thread-safe. While look() runs no client can be added or removed, but all clients can work.
class ClientRegistry {
 public:
  struct Snapshot {
    std::vector<ClientSnapshot> clients;  ///< the clients with the lowest numbers, in order
    std::size_t clients_left_out = 0;
    std::vector<CacheSnapshot> caches;  ///< the caches with the lowest numbers, in order
    std::size_t caches_left_out = 0;

    /// The totals of all clients, including those left out above and those that have ended. They
    /// never decrease.
    ClientTotals totals;

    // The sums over all clients that exist now.
    std::size_t clients_ready = 0;
    std::size_t in_flight = 0;
    std::size_t waiting = 0;
    std::size_t blocking_connections = 0;
    std::size_t subscriptions = 0;
  };

  Registered add(RegisteredClient& client, std::uint64_t owner);
  Registered add(RegisteredCache& cache);

  /// Returns snapshots of at most `clients_max` clients and `caches_max` caches, and the totals.
  Snapshot look(std::size_t clients_max, std::size_t caches_max);

 private:
  friend class Registered;

  void remove(Registered::Kind kind, std::uint64_t number);

  std::mutex mutex_;
  std::map<std::uint64_t, RegisteredClient*> clients_;
  std::map<std::uint64_t, RegisteredCache*> caches_;
  std::uint64_t caches_numbered_ = 0;
  ClientTotals ended_;
};

}  // namespace plimsoll::inline v0::native
