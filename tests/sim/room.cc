#include "plimsoll/tests/sim/room.h"

#include <algorithm>
#include <array>

namespace plimsoll::sim {
namespace {

// More accounts than any world has.
constexpr std::size_t accounts_max = 128;

std::size_t difference(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

}  // namespace

bool has_room_for(const Budget& budget, PoolKind pool, std::size_t bytes) {
  const BudgetStatistics statistics = budget.statistics();
  const std::size_t unused =
      statistics.pool(PoolKind::spare).used - progress_reserve_segments * segment_bytes;
  if (bytes > statistics.limit - statistics.used + unused) return false;
  if (statistics.limit > statistics.target) return false;
  // Every account of a pool may have as much.
  std::array<AccountStatistics, accounts_max> accounts;
  const std::size_t count = std::min(budget.account_statistics(accounts), accounts_max);
  const PoolStatistics& payer = statistics.pool(pool);
  std::size_t level = payer.limit;
  std::size_t most_used = 0;
  for (const AccountStatistics& account : std::span(accounts).first(count)) {
    if (account.pool != pool) continue;
    level = account.target;
    most_used = std::max(most_used, account.used);
  }
  return bytes <= difference(std::max(level, payer.limit), payer.used) &&
         bytes <= difference(level, most_used);
}

}  // namespace plimsoll::sim
