#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/result.h"

// The options of the process's memory line and of the pools below it. docs/memory.md says which
// pool pays for what, and what happens at the line. configure_memory() takes them, and names a
// wrong field.

namespace plimsoll::inline v0::native {

/// The share that a pool is guaranteed. `budget` wins over `ratio`; a pool with neither has its
/// default.
struct PoolOptions {
  /// 0 to 1, of the line without the progress reserve and the default share of the connections
  /// pool.
  std::optional<double> ratio{};

  /// "24 MiB", "8192 KiB", or a number of bytes.
  std::string budget{};
};

/// When to ask the allocator of the process (malloc's, or one that is linked or preloaded in its
/// place) to give free memory back to the system after a burst. The line's own pages go back
/// without this.
struct GiveBackOptions {
  bool enabled = true;

  /// How long the process must be nearly idle before a burst counts as over: 100 ms to a day. If
  /// its load only falls, but far, three times as long.
  std::chrono::milliseconds quiet_period = std::chrono::seconds(2);

  /// How much excess memory the allocator must have: less is not worth the call. 64 KiB at least.
  /// An allocator that cannot report its excess (mimalloc) is asked after each burst.
  std::string excess_min = "4 MiB";
};

/// The bounds of ContainerOptions::check_interval. A longer interval would be of no use.
inline constexpr std::chrono::milliseconds check_interval_min{10};
inline constexpr std::chrono::milliseconds check_interval_max = std::chrono::hours(24);

/// How the line follows the container (cgroup v1 or v2) that the process runs in.
struct ContainerOptions {
  /// How often the container's limits are read again, check_interval_min to check_interval_max.
  /// With memory_limit = "auto" its memory pressure is read, too, and eight times as often while
  /// the container has less than ample room. Zero: all is read once, when the line is drawn.
  std::chrono::milliseconds check_interval = std::chrono::seconds(1);

  /// The most that memory_limit = "auto" takes of the tightest limit around the process, more than
  /// 0 and at most 1. Without a limit, the machine's memory counts.
  double auto_ratio = 0.25;
};

/// The memory line of the process, and its parts. All clients share them.
struct MemoryOptions {
  /// "64 MiB", "512 KB", or a number of bytes as a text. "auto": a part of what the container
  /// allows, and less while the container is short of memory. Empty: the line stays as it is, or is
  /// 64 MiB at first.
  std::string memory_limit{};

  /// The part of the line that each kind of memory gets.
  struct Pools {
    PoolOptions cache{};        ///< by default what the other pools leave
    PoolOptions requests{};     ///< by default a ratio of 0.25
    PoolOptions replies{};      ///< by default a ratio of 0.25
    PoolOptions pushes{};       ///< by default a ratio of 0.1
    PoolOptions connections{};  ///< by default a 64th of the line, and 64 KiB at least
  };
  Pools pools{};

  /// Whether a pool may use more than it is guaranteed, as long as other pools leave memory unused.
  bool borrowing = true;

  GiveBackOptions give_back{};
  ContainerOptions container{};
};

namespace detail {

/// Parses an amount of memory. invalid_option names `path`, the field that it comes from.
Result<std::size_t> read_amount(std::string_view path, std::string_view text);

/// A line of more memory than any machine has. Shares that are impossible with this line are
/// impossible with every line.
inline constexpr std::size_t auto_line_max = std::size_t{1} << 48;

/// Parses Options::memory_limit, or that of MemoryOptions; none: it is "auto". invalid_option.
Result<std::optional<std::size_t>> read_memory_limit(std::string_view text);

/// Converts the options to the core's, and checks them. `memory_limit` is the line if `options`
/// leave it open, or to the container. invalid_option.
Result<BudgetOptions> to_budget_options(const MemoryOptions& options, std::size_t memory_limit);

/// Checks these options. invalid_option names the field.
Result<void> validate(const ContainerOptions& options);

/// Returns the smallest line with which these options are possible, in bytes. If no line is large
/// enough, the error of validate().
Result<std::size_t> least_line(BudgetOptions options);

/// Checks whether these options are possible. invalid_option says why they are not, and lists them.
Result<void> validate(const BudgetOptions& options);

}  // namespace detail
}  // namespace plimsoll::inline v0::native
