#include "plimsoll/tests/sim/witness.h"

namespace plimsoll::sim {

// Pages that lie unused are there for everyone already: to release them is no news.
bool Witness::has_heard(const BudgetStatistics& now) {
  bool less = false;
  for (std::size_t i = 0; i < pools_count; ++i) {
    const bool spare = static_cast<PoolKind>(i) == PoolKind::spare;
    less = less || (!spare && now.pools[i].used < used_[i]);
    used_[i] = now.pools[i].used;
  }
  const bool heard = told_ || !less;
  if (told_) budget_.wait(*this);
  told_ = false;
  return heard;
}

}  // namespace plimsoll::sim
