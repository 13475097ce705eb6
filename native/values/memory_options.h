#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/result.h"

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

/// Whether the allocator of the process (malloc's, or one that is linked or preloaded in its place)
/// is asked to give free memory back to the system when a burst is over. The line's own pages go
/// back by themselves.
struct GiveBackOptions {
  bool enabled = true;

  /// How long nothing much may have happened before a burst counts as over: 100 ms to a day.
  std::chrono::milliseconds quiet_period = std::chrono::seconds(2);

  /// What the allocator has to have in excess: less is not worth asking. 64 KiB at least.
  std::string excess_min = "4 MiB";
};

/// Between looks at the container; longer is no use to anybody.
inline constexpr std::chrono::milliseconds check_interval_min{10};
inline constexpr std::chrono::milliseconds check_interval_max = std::chrono::hours(24);

/// How the line goes with the container (cgroup v1 or v2) that the process lives in.
struct ContainerOptions {
  /// How often its limits are read again, and with memory_limit = "auto" its pressure, which is
  /// looked at eight times as often while there is less than ample room. check_interval_min to
  /// check_interval_max; zero: all is read once, when the line is drawn.
  std::chrono::milliseconds check_interval = std::chrono::seconds(1);

  /// What memory_limit = "auto" takes at most: more than 0, up to 1, of the tightest limit around
  /// the process, which is the machine's memory where there is no other.
  double auto_ratio = 0.25;
};

struct MemoryOptions {
  /// "64 MiB", "512 KB", a raw count of bytes; "auto": a part of what the container allows, and
  /// less while the container is short of memory. Empty: what it is already, or 64 MiB.
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

  GiveBackOptions give_back{};
  ContainerOptions container{};
};

namespace detail {

/// An amount of memory at `path`, which errors name.
Result<std::size_t> read_amount(std::string_view path, std::string_view text);

/// More than any machine has: for shares that are to be possible with some line or other.
inline constexpr std::size_t auto_line_max = std::size_t{1} << 48;

/// Options::memory_limit, or MemoryOptions': none where it says "auto".
Result<std::optional<std::size_t>> read_memory_limit(std::string_view text);

/// As the core has them, and as it has found them to be possible; `memory_limit` where they leave
/// it open, or to the container.
Result<BudgetOptions> to_budget_options(const MemoryOptions& options, std::size_t memory_limit);

/// invalid_option names the field.
Result<void> validate(const ContainerOptions& options);

/// The least line with which these are possible, in bytes; validate()'s error where there is none.
Result<std::size_t> least_line(BudgetOptions options);

/// Whether the core finds these possible; if not, why, and which they are.
Result<void> validate(const BudgetOptions& options);

}  // namespace detail
}  // namespace plimsoll::native
