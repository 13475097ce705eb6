#include "plimsoll/tests/sim/room.h"

namespace plimsoll::sim {

bool has_room_for(const Budget& budget, PoolKind pool, std::size_t bytes) {
  const BudgetStatistics statistics = budget.statistics();
  const std::size_t unused =
      statistics.pool(PoolKind::spare).used - progress_reserve_segments * segment_bytes;
  const PoolStatistics& payer = statistics.pool(pool);
  return bytes <= payer.limit - payer.used && bytes <= statistics.limit - statistics.used + unused;
}

}  // namespace plimsoll::sim
