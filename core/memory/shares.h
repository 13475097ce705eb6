#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/memory_source.h"

// The pools below the memory line, and the share that each is guaranteed. Pure arithmetic on
// options; line.h decides what pools lend to each other beyond that.

namespace plimsoll::inline v0 {

enum class PoolKind : std::uint8_t {
  cache,        ///< entries, index, policy state
  requests,     ///< encoded requests and the state of each
  replies,      ///< read buffers, and replies not yet released
  pushes,       ///< queued push messages
  connections,  ///< session state, handshakes, accounts
  spare,        ///< free pages kept for reuse, and the progress reserve
};

inline constexpr std::size_t pools_count = static_cast<std::size_t>(PoolKind::spare) + 1;

/// How many pools have a share: all except the spare pool, which is the last.
inline constexpr std::size_t shared_pools_count = pools_count - 1;

/// Returns a pool's place in an array that has one element for each pool.
constexpr std::size_t index_of(PoolKind pool) { return static_cast<std::size_t>(pool); }

/// Returns "cache", "requests", ...: the name in options and statistics.
const char* name(PoolKind pool);

/// The progress reserve's segments, which no account pays for. One reader at a time goes on with
/// them when the line is reached (progress_reserve.h).
inline constexpr std::size_t progress_reserve_segments = 2;

/// The lowest line for pools in their default proportions. Other proportions may need more: see
/// Budget::validate().
inline constexpr std::size_t memory_limit_min = 1024 * 1024;

/// What a pool is guaranteed. `bytes` overrides `ratio`; without either the pool has its default.
struct PoolOptions {
  static constexpr double unset = -1;

  double ratio = unset;  ///< 0 to 1: a part of the line without the progress reserve and the
                         ///< default guarantee of `connections`
  std::optional<std::size_t> bytes{};
};

struct BudgetOptions {
  /// The line, in bytes.
  std::size_t memory_limit = 64 * 1024 * 1024;

  PoolOptions cache{};  ///< by default what the other pools leave
  PoolOptions requests{.ratio = 0.25};
  PoolOptions replies{.ratio = 0.25};
  PoolOptions pushes{.ratio = 0.10};
  PoolOptions connections{};  ///< by default a 64th of the line, and at least 64 KiB

  /// Whether a pool that needs more than its share may use what other pools leave idle.
  bool borrowing = true;
};

/// Bytes for each pool.
using Shares = std::array<std::size_t, pools_count>;

/// Returns what each pool is guaranteed; for the spare pool, the progress reserve. The error is
/// invalid_option, with the wrong number and the limit that it breaks: a ratio outside 0 to 1,
/// shares that add up to more than the line, or a line that is too low for these shares.
Result<Shares> shares_of(const BudgetOptions& options);

}  // namespace plimsoll::inline v0
