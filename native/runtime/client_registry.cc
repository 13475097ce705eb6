#include "plimsoll/native/runtime/client_registry.h"

#include <utility>

namespace plimsoll::inline v0::native {

void ClientTotals::add(const ClientStatistics& client) {
  submitted += client.submitted;
  rejected += client.rejected;
  waited += client.waited;
  waiters_refused += client.waiters_refused;
  replica_reads += client.replicas.reads;
  replica_reads_moved += client.replicas.reads_moved;
  replica_reads_behind += client.replicas.reads_behind;
  cluster_moved += client.cluster.moved;
  cluster_asked += client.cluster.asked;
  cluster_sent_again += client.cluster.sent_again;
  cluster_views += client.cluster.views;
  cluster_scattered += client.cluster.scattered;
  cluster_parts += client.cluster.parts;
  cluster_share_reached += client.cluster.share_reached;
  counters += client.counters;
}

Registered::Registered(Registered&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)),
      kind_(other.kind_),
      number_(other.number_) {}

Registered& Registered::operator=(Registered&& other) noexcept {
  Registered taken(std::move(other));
  std::swap(registry_, taken.registry_);
  std::swap(kind_, taken.kind_);
  std::swap(number_, taken.number_);
  return *this;
}

void Registered::end() {
  if (ClientRegistry* const registry = std::exchange(registry_, nullptr)) {
    registry->remove(kind_, number_);
  }
}

Registered ClientRegistry::add(RegisteredClient& client, std::uint64_t owner) {
  const std::lock_guard lock(mutex_);
  clients_.emplace(owner, &client);
  return {*this, Registered::Kind::client, owner};
}

Registered ClientRegistry::add(RegisteredCache& cache) {
  const std::lock_guard lock(mutex_);
  caches_.emplace(++caches_numbered_, &cache);
  return {*this, Registered::Kind::cache, caches_numbered_};
}

void ClientRegistry::remove(Registered::Kind kind, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (kind == Registered::Kind::cache) {
    caches_.erase(number);
    return;
  }
  const auto found = clients_.find(number);
  ended_.add(found->second->client_statistics());
  clients_.erase(found);
}

// Holds the lock all the time: otherwise a client that ends meanwhile would be counted twice, or
// not at all.
ClientRegistry::Snapshot ClientRegistry::look(std::size_t clients_max, std::size_t caches_max) {
  Snapshot all;
  const std::lock_guard lock(mutex_);
  all.totals = ended_;
  for (const auto& [owner, client] : clients_) {
    const bool is_shown = all.clients.size() < clients_max;
    if (is_shown) all.clients.push_back(client->snapshot());
    const ClientStatistics one =
        is_shown ? all.clients.back().statistics : client->client_statistics();
    all.totals.add(one);
    if (one.state == Session::State::ready) ++all.clients_ready;
    all.in_flight += one.in_flight;
    all.waiting += one.waiting;
    all.blocking_connections += one.blocking_connections;
    all.subscriptions += one.subscriptions;
  }
  all.clients_left_out = clients_.size() - all.clients.size();
  for (const auto& [number, cache] : caches_) {
    if (all.caches.size() == caches_max) break;
    all.caches.push_back(cache->snapshot());
    all.caches.back().number = number;
  }
  all.caches_left_out = caches_.size() - all.caches.size();
  return all;
}

}  // namespace plimsoll::inline v0::native
