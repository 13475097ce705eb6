#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/cluster_replicas.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// What tests of reads from the replicas of a cluster have in common.

namespace plimsoll::testing {

inline ClusterWorldOptions reading(ReplicaOptions replicas = {
                                       .read_from = ReadFrom::prefer_replica}) {
  return {.replicas_count = 1, .replicas = replicas};
}

/// A world with connections to all primaries, in which replicas have what primaries have.
struct ReadCluster : ClusterWorld {
  explicit ReadCluster(ClusterWorldOptions options = reading()) : ClusterWorld(std::move(options)) {
    connect();
    call(1001, {"SET", "b", "x"});
    call(1002, {"SET", "c", "y"});
    call(1003, {"SET", "a", "z"});
    replicate_all();
  }

  void replicate_all() {
    for (NodeIndex i = 0; i < 3; ++i) {
      if (!model().replicas_of(i).empty()) model().replicate(i);
    }
  }
  /// Reads of "b" until a replica has answered one.
  void prove() {
    for (int i = 0; i < 50 && counters().reads == 0; ++i) {
      call(tags_++, {"GET", "b"});
      advance(std::chrono::milliseconds(100));
    }
    REQUIRE(counters().reads > 0);
  }
  /// The value, without the quotes with which outcomes show it.
  std::string get(const std::string& key) { return bare(call(tags_++, {"GET", key})); }
  static std::string bare(const std::string& shown) {
    return shown.size() < 2 ? shown : shown.substr(1, shown.size() - 2);
  }
  const ReplicaCounters& counters() const { return cluster().replicas()->counters(); }
  std::size_t replica_reads() { return model().replica_reads().size(); }
  KnownReplica::State state_of(NodeIndex number) {
    KnownReplica::State found{};
    cluster().replicas()->for_each([&](const KnownReplica& known) {
      if (known.address == *NodeAddress::read("10.0.0.1", node(number).port)) {
        found = known.state;
      }
    });
    return found;
  }

  Tag tags_ = 2000;
};

}  // namespace plimsoll::testing
