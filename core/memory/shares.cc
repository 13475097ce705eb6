#include "plimsoll/core/memory/shares.h"

#include <algorithm>
#include <limits>

namespace plimsoll::inline v0 {
namespace {

constexpr std::size_t reserve_bytes = progress_reserve_segments * segment_bytes;

// The least that a client needs of each pool in order to work: one request log segment and one read
// buffer to fill while another of each is emptied, a buffer of messages and some messages, and
// memory for a few clients.
constexpr std::array<std::size_t, shared_pools_count> bytes_min{
    0,
    2 * segment_bytes + 2 * chunk_bytes,
    2 * segment_bytes + 2 * chunk_bytes,
    segment_bytes + 4 * chunk_bytes,
    segment_bytes,
};

constexpr std::array<const char*, shared_pools_count> too_small{
    "",
    "the requests pool has less than a client needs",
    "the replies pool has less than a client needs",
    "the pushes pool has less than a subscription needs",
    "the connections pool has less than a client needs",
};

std::array<PoolOptions, shared_pools_count> by_pool(const BudgetOptions& options) {
  return {options.cache, options.requests, options.replies, options.pushes, options.connections};
}

std::size_t connections_floor(std::size_t line) { return std::max(segment_bytes, line / 64); }

// Saturates: SIZE_MAX is above any line.
std::size_t sum(std::size_t a, std::size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

std::size_t part_of(std::size_t whole, double ratio) {
  if (ratio >= 1) return whole;
  return static_cast<std::size_t>(static_cast<double>(whole) * ratio);
}

// The part of the line that ratios refer to.
std::size_t divisible(const BudgetOptions& options) {
  std::size_t taken = reserve_bytes;
  const PoolOptions& connections = options.connections;
  if (!connections.bytes && connections.ratio == PoolOptions::unset) {
    taken += connections_floor(options.memory_limit);
  }
  return options.memory_limit > taken ? options.memory_limit - taken : 0;
}

Status check_ratios(const BudgetOptions& options) {
  double sum = 0;
  for (const PoolOptions& pool : by_pool(options)) {
    if (pool.bytes || pool.ratio == PoolOptions::unset) continue;
    if (!(pool.ratio >= 0 && pool.ratio <= 1)) {
      const bool shown = pool.ratio > 1 && pool.ratio < 1e9;
      return Error{.code = ErrorCode::invalid_option,
                   .what = "a pool's ratio is not between 0 and 1",
                   .expected = "a part of the line; the numbers are in percent",
                   .value = shown ? static_cast<std::uint64_t>(pool.ratio * 100) : Error::no_number,
                   .limit = 100};
    }
    sum += pool.ratio;
  }
  // In floating point 0.1 + 0.2 + 0.7 is a little more than 1.
  if (sum <= 1 + 1e-9) return {};
  return Error{.code = ErrorCode::invalid_option,
               .what = "the pools' ratios add up to more than the line",
               .expected = "a sum of 1 or less; the numbers are in percent",
               .value = static_cast<std::uint64_t>(sum * 100 + 0.5),
               .limit = 100};
}

Shares divide(const BudgetOptions& options) {
  Shares shares{};
  const auto pools = by_pool(options);
  const std::size_t whole = divisible(options);
  for (std::size_t i = 0; i < shared_pools_count; ++i) {
    if (pools[i].bytes) {
      shares[i] = *pools[i].bytes;
    } else if (pools[i].ratio != PoolOptions::unset) {
      shares[i] = part_of(whole, pools[i].ratio);
    } else if (i == index_of(PoolKind::connections)) {
      shares[i] = connections_floor(options.memory_limit);
    }
  }
  shares[index_of(PoolKind::spare)] = reserve_bytes;
  return shares;
}

std::size_t sum_of(const Shares& shares) {
  std::size_t total = 0;
  for (std::size_t share : shares) total = sum(total, share);
  return total;
}

const std::size_t* first_too_small(const Shares& shares) {
  for (std::size_t i = 0; i < shared_pools_count; ++i) {
    if (shares[i] < bytes_min[i]) return &shares[i];
  }
  return nullptr;
}

// Returns the lowest line at which these proportions give each pool what it needs, or no_number if
// no line does (a ratio of 0, say). Uses bisection, since shares only grow with the line.
std::uint64_t least_line(BudgetOptions options) {
  const auto suffices = [&options](std::size_t line) {
    options.memory_limit = line;
    const Shares shares = divide(options);
    return first_too_small(shares) == nullptr && sum_of(shares) <= line;
  };
  std::size_t low = 0;
  std::size_t high = std::numeric_limits<std::size_t>::max() / 2;
  if (!suffices(high)) return Error::no_number;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (suffices(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

const char* name(PoolKind pool) {
  switch (pool) {
    case PoolKind::cache: return "cache";
    case PoolKind::requests: return "requests";
    case PoolKind::replies: return "replies";
    case PoolKind::pushes: return "pushes";
    case PoolKind::connections: return "connections";
    case PoolKind::spare: return "spare";
  }
  return "unknown";
}

Result<Shares> shares_of(const BudgetOptions& options) {
  if (const Status ratios = check_ratios(options); !ratios) return ratios.error();
  Shares shares = divide(options);
  const std::size_t total = sum_of(shares);
  if (const std::size_t* const small = first_too_small(shares)) {
    const auto pool = static_cast<std::size_t>(small - shares.data());
    const bool by_bytes = by_pool(options)[pool].bytes.has_value();
    return Error{.code = ErrorCode::invalid_option,
                 .what = too_small[pool],
                 .expected = by_bytes ? "at least as many bytes as the limit says"
                                      : "memory_limit of at least as many bytes as the limit says, "
                                        "or other shares",
                 .value = by_bytes ? *small : options.memory_limit,
                 .limit = by_bytes ? bytes_min[pool] : least_line(options)};
  }
  if (total > options.memory_limit) {
    return Error{.code = ErrorCode::invalid_option,
                 .what =
                     "the pools' shares and the progress reserve add up to more than "
                     "memory_limit",
                 .expected = "a sum of no more bytes than the limit says",
                 .value = total,
                 .limit = options.memory_limit};
  }
  if (options.cache.ratio == PoolOptions::unset && !options.cache.bytes) {
    shares[index_of(PoolKind::cache)] = options.memory_limit - total;
  }
  return shares;
}

}  // namespace plimsoll::inline v0
