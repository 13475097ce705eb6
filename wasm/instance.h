#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

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

// What one instance of the module is: a memory line, drawn once, the clients and caches below it,
// and what lies open to the host. Never destroyed: it ends with its memory.

namespace plimsoll::wasm {

/// The memory line, and what the instance itself uses of it.
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

  /// Draws the line, once (plimsoll_configure()).
  Status configure(std::uint64_t memory_limit);

  /// Moves it, or draws it.
  Status set_memory_limit(std::uint64_t memory_limit);

  /// The line, at its default if nobody has drawn it.
  DrawnLine& line();

  /// The line, or null where none was drawn yet.
  DrawnLine* drawn_line() { return line_; }

  /// A new client that connects, and its id. `cache`: its id, or 0.
  Result<std::int32_t> create(const ClientOptions& options, std::int32_t cache,
                              std::string_view source, Instant now);
  /// Whether there was one.
  bool destroy(std::int32_t client);

  Result<std::int32_t> create_cache(const HostedCacheOptions& options);
  Status destroy_cache(std::int32_t cache);

  Table<HostedClient, plimsoll_clients_max> clients;
  Table<HostedCache, plimsoll_caches_max> caches;
  PlimsollOptions options{};
  PlimsollCacheOptions cache_options{};
  PlimsollOutbox outbox{};
  Error error;  // in full what outbox.error says

 private:
  void draw_line(std::size_t memory_limit);

  HeapMemory memory_;
  DrawnLine* line_ = nullptr;
  alignas(DrawnLine) std::byte line_place_[sizeof(DrawnLine)]{};
};

/// The one that there is.
Instance& instance();

}  // namespace plimsoll::wasm
