#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/native/result.h"

// The memory line of the process, and the pools below it, as users write them. Which pool pays for
// what, and what happens at the line, is in docs/memory.md.

namespace plimsoll::native {

/// What a pool is guaranteed. `budget` wins over `ratio`; a pool with neither has its default.
struct PoolOptions {
  /// 0 to 1, of the line without the progress reserve and what connections have by default.
  std::optional<double> ratio{};

  /// "24 MiB", "8192 KiB", a raw count of bytes.
  std::string budget{};
};

struct MemoryOptions {
  /// "64 MiB", "512 KB", a raw count of bytes. Empty: what it is already, or 64 MiB.
  std::string memory_limit{};

  struct Pools {
    PoolOptions cache{};        ///< by default what the others leave
    PoolOptions requests{};     ///< by default a ratio of 0.25
    PoolOptions replies{};      ///< by default a ratio of 0.25
    PoolOptions pushes{};       ///< by default a ratio of 0.1
    PoolOptions connections{};  ///< by default a 64th of the line, and 64 KiB at least
  };
  Pools pools{};

  /// Whether a pool that needs more than it is guaranteed may use what others leave idle.
  bool borrowing = true;
};

/// Draws the memory line of the process, before its first client or while they run: then nothing
/// grows while more is used than is allowed now, and limits follow as memory is released. From any
/// thread. A child of fork() begins with what its parent had configured, and none of it used.
///
/// invalid_option names the field, its value, and the numbers that do not agree: an amount that
/// cannot be read, a ratio outside of 0 to 1, shares that add up to more than the line, a line or a
/// pool below what clients need. All stays as it was then.
Result<void> configure_memory(const MemoryOptions& options);

/// Moves the line, and the shares that are ratios with it: "128 MiB". The rest as above.
Result<void> set_memory_limit(std::string_view limit);

namespace detail {

/// An amount of memory at `path`, which errors name.
Result<std::size_t> read_amount(std::string_view path, std::string_view text);

/// As the core has them, and as it has found them to be possible; `memory_limit` where they leave
/// it open.
Result<BudgetOptions> to_budget_options(const MemoryOptions& options, std::size_t memory_limit);

/// Whether the core finds these possible; if not, why, and which they are.
Result<void> validate(const BudgetOptions& options);

}  // namespace detail
}  // namespace plimsoll::native
