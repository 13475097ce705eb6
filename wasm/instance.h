#pragma once

#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/wasm/abi_types.h"
#include "plimsoll/wasm/area.h"
#include "plimsoll/wasm/hosted_cache.h"
#include "plimsoll/wasm/hosted_client.h"
#include "plimsoll/wasm/served.h"
#include "plimsoll/wasm/staging.h"
#include "plimsoll/wasm/table.h"

// One instance of the module: owns its budget, whose limit is set once, the clients and caches that
// the budget pays for, and the memory that the host reads and writes. Never destroyed: it ends with
// the module's memory.

namespace plimsoll::wasm {

/// The budget, and what the instance itself uses of its memory.
struct DrawnLine {
  DrawnLine(std::size_t memory_limit, MemorySource& source, std::span<char> staging_place)
      : budget(BudgetOptions{.memory_limit = memory_limit}, source),
        staging(staging_place, budget.open_account(PoolKind::requests)),
        served(budget.open_account(PoolKind::replies)) {}

  Budget budget;
  Staging staging;
  Served served;
};

class Instance {
 public:
  constexpr Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Sets the memory limit, once (plimsoll_configure()).
  Status configure(std::uint64_t memory_limit);

  /// Changes the memory limit, or sets it.
  Status set_memory_limit(std::uint64_t memory_limit);

  /// The budget; sets the default limit if none was set.
  DrawnLine& line();

  /// The budget; null if no limit was set yet.
  DrawnLine* drawn_line() { return line_; }

  /// Makes a client that begins to connect, and returns its id. `cache` is the id of a cache, or 0.
  Result<std::int32_t> create(const ClientOptions& options, const HostedServers& servers,
                              std::int32_t cache, std::string_view source, Instant now);
  /// Returns false if there is no such client.
  bool destroy(std::int32_t client);

  Result<std::int32_t> create_cache(const HostedCacheOptions& options);
  Status destroy_cache(std::int32_t cache);

  Table<HostedClient, plimsoll_clients_max> clients;
  Table<HostedCache, plimsoll_caches_max> caches;
  PlimsollOptions options{};
  PlimsollCacheOptions cache_options{};
  PlimsollOutbox outbox{};
  Error error;  // the whole error; outbox.error is its code

 private:
  void draw_line(std::size_t memory_limit);

  HeapMemory memory_;
  DrawnLine* line_ = nullptr;
  alignas(DrawnLine) std::byte line_place_[sizeof(DrawnLine)]{};
};

/// The only instance.
Instance& instance();

}  // namespace plimsoll::wasm
