#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/block.h"

// A cache that a host has made: owns the Cache and the texts of its filter and prefixes, and knows
// how the connections of its clients are tracked. Instance lists it. It must outlive its clients.

namespace plimsoll::wasm {

/// The options of a cache as the host set them. The texts are views of the caller's.
struct HostedCacheOptions {
  cache::CacheOptions cache{};
  bool opt_in = false;
  std::span<const std::string_view> broadcast_prefixes{};
};

class HostedCache {
 public:
  /// Makes a cache in memory that is charged to `budget`, with copies of the texts. Fails with
  /// invalid_option, naming the field, and with out_of_memory.
  static Result<HostedCache*> create(Budget& budget, const HostedCacheOptions& options);

  /// Destroys a cache that create() made in `budget`. No client may be using it.
  static void destroy(HostedCache& cache, Budget& budget);

  HostedCache(const HostedCache&) = delete;
  HostedCache& operator=(const HostedCache&) = delete;

  cache::Cache& cache() { return cache_; }

  /// How the server shall track the connections of the cache's clients.
  const TrackingOptions& tracking() const { return tracking_; }

  void add_client() { ++clients_count_; }
  void remove_client() { --clients_count_; }
  bool has_clients() const { return clients_count_ > 0; }

 private:
  struct Cost {
    AccountHandle account;
    Charge own;
    Block texts;
  };

  HostedCache(const cache::CacheOptions& options, const TrackingOptions& tracking,
              cache::Cache::Memory memory, Cost cost)
      : cost_(std::move(cost)), tracking_(tracking), cache_(options, std::move(memory)) {}
  ~HostedCache() = default;

  Cost cost_;
  const TrackingOptions tracking_;  // its prefixes lie in cost_.texts
  cache::Cache cache_;
  std::size_t clients_count_ = 0;
};

}  // namespace plimsoll::wasm
