#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/world.h"

// For tests of clients of a cluster that read through a cache.

namespace plimsoll::testing {

inline native::ClientSideCacheOptions cluster_cache_options() {
  native::ClientSideCacheOptions options;
  options.max_cache_kb = 1024;
  options.enable_metrics = true;
  return options;
}

inline std::shared_ptr<native::ClientSideCache> make_cluster_cache(
    const native::ClientSideCacheOptions& options = cluster_cache_options()) {
  return native::ClientSideCache::create(options).value();
}

inline native::Client cached_member(const std::string& url,
                                    std::shared_ptr<native::ClientSideCache> cache,
                                    native::Options options = cluster_options()) {
  options.client_side_cache = std::move(cache);
  return connected(url, std::move(options));
}

inline void pass_barrier(native::ClientSideCache& cache) {
  value_of(cache.barrier(boost::asio::use_future));
}

inline std::optional<std::string> get(native::Client& client, const std::string& key) {
  return value_of(client.get(key, boost::asio::use_future));
}

inline void set(native::Client& client, const std::string& key, const std::string& value) {
  value_of(client.set(key, value, boost::asio::use_future));
}

/// What the cache has of a key, without asking anybody.
inline std::optional<std::string> cached(const native::Client& client, const std::string& key) {
  return client.cached<std::string>("GET", key);
}

/// How often the nodes that run have run a command.
inline std::uint64_t calls_of(const ClusterGroup& group, std::string_view command) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    if (group.is_running(i)) sum += group.calls(i, command);
  }
  return sum;
}

}  // namespace plimsoll::testing
