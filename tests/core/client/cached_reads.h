#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_cluster.h"
#include "plimsoll/tests/core/client/read_cluster.h"

// A near cache of what the replicas of a cluster answer: what its tests have in common. "b" and
// keys like "{b}1" are in slot 3300, of node 0, whose replica is node 3; "c" is in 7365, of node 1.

namespace plimsoll::testing {

inline ClusterWorldOptions caching(ReplicaOptions replicas = {
                                       .read_from = ReadFrom::prefer_replica}) {
  return with_cache(reading(replicas));
}

// CLIENT CACHING and PTTL are sent in front of each read.
inline void add_commands_in_front(ClusterWorldOptions& options) {
  options.client.tracking.method = TrackingOptions::Method::opt_in;
  options.cache->server_ttl_cap = true;
}

// A client that has read "{b}k", "old", from node 3, where that is tracked.
struct CachedReads : ReadCluster {
  explicit CachedReads(ClusterWorldOptions options = caching()) : ReadCluster(std::move(options)) {
    prove();
    write_elsewhere({"SET", "{b}k", "old"});
    replicate_all();
    CHECK(read("{b}k") == "\"old\"");
    CHECK(model().replica_reads().back().words == Words{"GET", "{b}k"});
    // The first round that follows asks for the key, too.
    advance(std::chrono::milliseconds(2500));
    CHECK(read("{b}k") == "hit \"old\"");
  }

  std::string read(const std::string& key, Duration max_staleness = cache::any_staleness) {
    run();
    return ClusterWorld::get(++tags_, {"GET", key}, max_staleness);
  }
  /// Whether the cache serves the key now. Nothing is asked of anyone.
  bool has(const std::string& key) {
    const Tag tag = ++tags_;
    const bool found = look_up(tag, {"GET", key});
    if (const auto id = id_of(tag)) cancel(*id);
    take_outcomes();
    return found;
  }
  std::string set(const std::string& key, const std::string& value) {
    return call(++tags_, {"SET", key, value});
  }
  Tag next_tag() { return ++tags_; }
  std::size_t runs(NodeIndex number, const std::string& name, const std::string& key = "") {
    std::size_t count = 0;
    for (const ClusterModel::Run& run : model().runs()) {
      const bool is_such = run.node == number && run.words[0] == name;
      if (is_such && (key.empty() || run.words[1] == key)) ++count;
    }
    return count;
  }
};

}  // namespace plimsoll::testing
