#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/heap_memory.h"
#include "plimsoll/wasm/abi.h"
#include "plimsoll/wasm/client_table.h"
#include "plimsoll/wasm/staging.h"

// What one instance of the module is: a memory line, drawn once, the clients below it, and what
// lies open to the host. Never destroyed: it ends with its memory.

namespace plimsoll::wasm {

/// The memory line, and what the instance itself uses of it.
struct DrawnLine {
  DrawnLine(std::size_t memory_limit, MemorySource& source)
      : budget(BudgetOptions{.memory_limit = memory_limit}, source),
        staging(budget.open_account(PoolKind::requests)) {}

  Budget budget;
  Staging staging;
};

class Instance {
 public:
  constexpr Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  /// Draws the line, once (plimsoll_configure()).
  Status configure(std::uint64_t memory_limit);

  /// The line, at its default if nobody has drawn it.
  DrawnLine& line();

  /// The line, or null where none was drawn yet.
  DrawnLine* drawn_line() { return line_; }

  /// A new client and its id.
  Result<std::int32_t> create(const ClientOptions& options, Instant now);

  /// Whether there was one.
  bool destroy(std::int32_t client);

  ClientTable clients;
  PlimsollOptions options{};
  PlimsollOutbox outbox{};
  Error error;  // in full what outbox.error says

 private:
  void draw_line(std::size_t memory_limit);

  HeapMemory memory_;
  DrawnLine* line_ = nullptr;
  alignas(DrawnLine) std::byte line_place_[sizeof(DrawnLine)]{};
};

}  // namespace plimsoll::wasm
