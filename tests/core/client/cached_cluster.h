#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// A near cache in a cluster. Nodes 0 to 2 are primaries, node 3 is the replica of node 0, at
// 10.0.0.1:7003. "b" is in slot 3300, which node 0 has; "c" in 7365, of node 1; "a" in 15495, of
// node 2.

namespace plimsoll::testing {

inline constexpr Duration lease_of_cached = std::chrono::seconds(10);

inline bool is_hit(const std::string& outcome) { return outcome.starts_with("hit "); }

inline ClusterWorldOptions with_cache(ClusterWorldOptions options = {}) {
  options.with_replicas = true;
  if (!options.cache) options.cache = {.bytes_max = std::size_t{256} * 1024};
  options.cache->coherence_lease = lease_of_cached;
  if (options.cache->mode != cache::CacheMode::ttl &&
      options.client.tracking.method == TrackingOptions::Method::off) {
    options.client.tracking.method = TrackingOptions::Method::all_reads;
  }
  return options;
}

// A world that is ready, whose client has "b", "{b}1", "c" and "a" in its cache.
struct CachedCluster : ClusterWorld {
  explicit CachedCluster(ClusterWorldOptions options = {})
      : ClusterWorld(with_cache(std::move(options))) {
    connect();
    for (const std::string key : {"b", "{b}1", "c", "a"}) {
      write_elsewhere({"SET", key, "old"});
      // The first read of a node waits for its connection.
      read(key);
      read(key);
      CHECK(has(key));
    }
  }

  /// As one who calls get(), when the client has heard of all that was so far.
  std::string read(const std::string& key, Duration max_staleness = cache::any_staleness) {
    run();
    return get(++tags_, {"GET", key}, max_staleness);
  }
  std::string read_by(const Words& words) {
    run();
    return get(++tags_, words);
  }
  /// Whether the cache serves the key now. Nothing is asked of anyone.
  bool has(const std::string& key) { return has_reply({"GET", key}); }
  bool has_reply(const Words& words) {
    const Tag tag = ++tags_;
    const bool found = look_up(tag, words);
    if (const auto id = id_of(tag)) cancel(*id);
    take_outcomes();
    return found;
  }
  Tag look_up_now(const std::string& key) {
    look_up(++tags_, {"GET", key});
    return tags_;
  }
  std::string write(const std::string& key, const std::string& value) {
    return call(++tags_, {"SET", key, value});
  }
  std::string barrier() {
    prove(++tags_);
    run();
    return outcome(tags_);
  }
  Tag next_tag() { return ++tags_; }

  /// How often the node has run this.
  std::size_t runs(NodeIndex number, const std::string& name, const std::string& key = "") {
    std::size_t count = 0;
    for (const ClusterModel::Run& run : model().runs()) {
      if (run.node == number && run.words[0] == name && (key.empty() || run.words[1] == key)) {
        ++count;
      }
    }
    return count;
  }

  /// The client asks for the slots anew.
  void see() {
    const auto views = cluster().counters().views;
    for (int i = 0; i < 130 && cluster().counters().views == views; ++i)
      advance(std::chrono::milliseconds(500));
    CHECK(cluster().counters().views > views);
  }

 private:
  Tag tags_ = 10'000;
};

}  // namespace plimsoll::testing
