#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "plimsoll/client_snapshot.h"

// The clients of a process, and its caches, for those who look at all of them. It owns none: each
// takes itself out before it ends, and waits for whoever is looking at it. So nobody's last
// reference is dropped in a foreign thread, when its executor may be gone.

namespace plimsoll::native {

class ClientRegistry;

/// A client, as the registry knows it. Thread-safe.
class RegisteredClient {
 public:
  /// Without walking over accounts.
  virtual ClientSnapshot snapshot() = 0;
  virtual ClientStatistics client_statistics() = 0;

 protected:
  ~RegisteredClient() = default;
};

/// A cache, as the registry knows it. Thread-safe.
class RegisteredCache {
 public:
  /// All but CacheSnapshot::number.
  virtual CacheSnapshot snapshot() const = 0;

 protected:
  ~RegisteredCache() = default;
};

/// An entry, for as long as this lives.
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

/// Thread-safe. While somebody looks, no client can begin or end, but all can work.
class ClientRegistry {
 public:
  struct Snapshot {
    std::vector<ClientSnapshot> clients;  ///< those with the lowest numbers, in their order
    std::size_t clients_left_out = 0;
    std::vector<CacheSnapshot> caches;  ///< likewise
    std::size_t caches_left_out = 0;

    /// Of all clients, of those left out and of those that have ended, too: never less than before.
    ClientTotals totals;

    // Of all that there are now.
    std::size_t clients_ready = 0;
    std::size_t in_flight = 0;
    std::size_t waiting = 0;
    std::size_t blocking_connections = 0;
    std::size_t subscriptions = 0;
  };

  Registered add(RegisteredClient& client, std::uint64_t owner);
  Registered add(RegisteredCache& cache);

  /// `clients_max` of them one by one, and `caches_max` likewise.
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

}  // namespace plimsoll::native
