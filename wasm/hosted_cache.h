#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/block.h"

// A cache as a host holds it: with the texts of its filter, and with how its clients are tracked.

namespace plimsoll::wasm {

/// What a host says of a cache. The texts are the caller's.
struct HostedCacheOptions {
  cache::CacheOptions cache{};
  bool opt_in = false;
  std::span<const std::string_view> broadcast_prefixes{};
};

class HostedCache {
 public:
  /// A cache in memory that `budget` was charged for. Errors: invalid_option, naming the field;
  /// out_of_memory.
  static Result<HostedCache*> create(Budget& budget, const HostedCacheOptions& options);

  /// Ends a cache that create() made in `budget`, and that no client has.
  static void destroy(HostedCache& cache, Budget& budget);

  HostedCache(const HostedCache&) = delete;
  HostedCache& operator=(const HostedCache&) = delete;

  cache::Cache& cache() { return cache_; }

  /// How the connections of its clients are tracked.
  TrackingOptions tracking() const;

  void add_client() { ++clients_count_; }
  void remove_client() { --clients_count_; }
  bool has_clients() const { return clients_count_ > 0; }

 private:
  struct Cost {
    AccountHandle account;
    Charge own;
    Block texts;
  };

  HostedCache(const HostedCacheOptions& options, cache::Cache::Memory memory, Cost cost)
      : cost_(std::move(cost)),
        opt_in_(options.opt_in),
        prefixes_(options.broadcast_prefixes),
        mode_(options.cache.mode),
        cache_(options.cache, std::move(memory)) {}
  ~HostedCache() = default;

  Cost cost_;
  const bool opt_in_;
  const std::span<const std::string_view> prefixes_;
  const cache::CacheMode mode_;
  cache::Cache cache_;
  std::size_t clients_count_ = 0;
};

}  // namespace plimsoll::wasm
