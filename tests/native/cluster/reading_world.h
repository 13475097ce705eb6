#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/cluster.h"

// For tests of clients of a cluster that read from replicas.

namespace plimsoll::testing {

/// Three primaries with a replica each, which may be harmed.
inline ClusterGroupOptions group_with_replicas() {
  return {
      .replicas = 1,
      .arguments = {"--cluster-require-full-coverage", "no", "--repl-ping-replica-period", "1"}};
}

/// Whether this node's view names so many replicas of each owner of slots.
inline bool names_replicas(const ClusterGroup& of, std::size_t asked, std::size_t count) {
  const std::vector<RawReply> ranges = of.ask(asked, {"CLUSTER", "SLOTS"}).elements;
  return std::all_of(ranges.begin(), ranges.end(),
                     [count](const RawReply& range) { return range.elements.size() == 3 + count; });
}

/// Waits until all nodes run, and name their replicas in views: a node leaves a replica out as long
/// as nothing was replicated to it, as far as it has heard. A client that got such a view asks for
/// another one ten seconds later at the earliest.
inline void settle(ClusterGroup& all, std::size_t replicas = 1) {
  all.settle();
  REQUIRE(eventually([&] {
    for (std::size_t i = 0; i < all.nodes_count(); ++i) {
      if (!names_replicas(all, i, replicas)) return false;
    }
    return true;
  }));
}

inline native::Options reading_options() {
  native::Options options = cluster_options();
  options.read_from = native::ReadFrom::prefer_replica;
  // No replica is left because of the machine's load.
  options.replica_lag_max = 4 * patience();
  return options;
}

inline std::optional<native::Topology::Replica> known_replica(const native::Client& client,
                                                              const std::string& address) {
  for (const native::Topology::Replica& each : client.topology().replicas) {
    if (each.address == address) return each;
  }
  return std::nullopt;
}

inline bool is_ready(const native::Client& client, const std::string& address) {
  const std::optional<native::Topology::Replica> found = known_replica(client, address);
  return found && found->state == native::Topology::Replica::State::ready;
}

inline void read(native::Client& client, std::uint16_t of) {
  finish(client.get(key_in(of, "nobody writes this")));
}

/// Reads the slot until `condition` comes true: a client asks for replicas only while it reads.
template <class Condition>
bool eventually_while_reading(native::Client& client, std::uint16_t of, Condition condition) {
  return eventually([&] {
    if (condition()) return true;
    read(client, of);
    return false;
  });
}

/// Whether the client comes to read this slot from that node.
inline bool comes_to_read(native::Client& client, std::uint16_t of, const std::string& replica) {
  const auto reads = [&] {
    const std::optional<native::Topology::Replica> found = known_replica(client, replica);
    return found ? found->reads : 0;
  };
  const std::uint64_t before = reads();
  return eventually_while_reading(client, of, [&] { return reads() > before; });
}

}  // namespace plimsoll::testing
