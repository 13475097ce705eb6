#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/replicas.h"

// What tests of clients that read from replicas have in common.

namespace plimsoll::testing {

using ReplicaState = native::Topology::Replica::State;

/// Options under which nothing ends by its deadline that works, no replica is left because of the
/// machine's load, and lost connections are soon tried again.
inline native::Options reading_options(native::ReadFrom from = native::ReadFrom::prefer_replica) {
  native::Options options = patient_options();
  options.read_from = from;
  options.replica_lag_max = 4 * patience();
  options.reconnect_wait_max = std::chrono::milliseconds(50);
  return options;
}

/// What the client knows of the replica at this address, if the primary names it.
inline std::optional<native::Topology::Replica> known_replica(const native::Client& client,
                                                              const std::string& address) {
  for (const native::Topology::Replica& each : client.topology().replicas) {
    if (each.address == address) return each;
  }
  return std::nullopt;
}

inline bool is_in(const native::Client& client, const std::string& address, ReplicaState state) {
  const auto found = known_replica(client, address);
  return found && found->state == state;
}

/// How many reads the replicas that the client knows were sent.
inline std::uint64_t reads_at_replicas(const native::Client& client) {
  std::uint64_t sum = 0;
  for (const auto& each : client.topology().replicas) sum += each.reads;
  return sum;
}

/// Reads until `condition` comes true: the client asks what the servers have only while there are
/// reads. Returns whether it came true.
template <class Condition>
bool eventually_while_reading(native::Client& client, Condition condition) {
  return eventually([&] {
    if (condition()) return true;
    finish(client.get("nobody writes this"));
    return false;
  });
}

/// Reads until these servers of the group are ready to be read.
inline bool become_ready(native::Client& client, const ReplicaGroup& group,
                         const std::vector<std::size_t>& servers) {
  return eventually_while_reading(client, [&] {
    return std::all_of(servers.begin(), servers.end(), [&](std::size_t server) {
      return is_in(client, group.address(server), ReplicaState::ready);
    });
  });
}

/// A client whose replicas are ready: those with the numbers 1, 2...
inline native::Client reader_of(const ReplicaGroup& group, native::Options options) {
  native::Client client = connected(group.url(), std::move(options));
  std::vector<std::size_t> servers;
  for (std::size_t i = 1; i < group.servers_count(); ++i) servers.push_back(i);
  if (!become_ready(client, group, servers)) {
    throw std::runtime_error("the replicas are not read: " + client.topology().replicas_problem);
  }
  return client;
}

/// Gives a key a value past the client, and waits until the group's replicas have it.
inline void seed(const ReplicaGroup& group, const std::string& key, const std::string& value) {
  group.ask(0, "SET " + key + " " + value);
  std::vector<std::size_t> servers;
  for (std::size_t i = 1; i < group.servers_count(); ++i) servers.push_back(i);
  group.wait_until_online(servers);
}

/// Which servers answer `count` GETs of a key: how many each. The group's counts begin anew.
inline std::vector<std::uint64_t> shares(const ReplicaGroup& group, native::Client& client,
                                         const std::string& key, std::size_t count) {
  group.reset_calls();
  for (std::size_t i = 0; i < count; ++i) finish(client.get(key));
  std::vector<std::uint64_t> all;
  for (std::size_t i = 0; i < group.servers_count(); ++i) all.push_back(group.calls(i, "get"));
  return all;
}

/// Whether exactly these servers come to answer reads, and no other. A server that the machine
/// keeps from running for a second is not read meanwhile, so this is asked for more than once.
inline bool only_these_answer(const ReplicaGroup& group, native::Client& client,
                              const std::vector<std::size_t>& servers) {
  return eventually([&] {
    const std::vector<std::uint64_t> all = shares(group, client, "nobody writes this", 40);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool is_wanted = std::find(servers.begin(), servers.end(), i) != servers.end();
      if ((all[i] > 0) != is_wanted) return false;
    }
    return true;
  });
}

}  // namespace plimsoll::testing
