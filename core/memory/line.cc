#include "plimsoll/core/memory/line.h"

#include <algorithm>

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

// The order in which pools lend, and get back. The cache lends first, since it can best do without.
constexpr std::array<PoolKind, shared_pools_count> shared_pools{
    PoolKind::cache, PoolKind::pushes, PoolKind::requests, PoolKind::replies,
    PoolKind::connections};

}  // namespace

// The spare pool is charged with the progress reserve from the start.
Line::Line(const Shares& shares, const BudgetOptions& options) {
  used_ = peak_ = shares[index_of(PoolKind::spare)];
  add(at(PoolKind::spare), used_);
  draw(shares, options);
}

void Line::draw(const Shares& shares, const BudgetOptions& options) {
  borrowing_ = options.borrowing;
  target_ = options.memory_limit;
  limit_ = std::max(target_, used_);
  for (PoolKind kind : shared_pools) {
    Pool& pool = at(kind);
    pool.share = shares[index_of(kind)];
    // The connections pool lends nothing: without memory for a handshake no client could reconnect
    // after its connection was lost.
    pool.kept = kind == PoolKind::connections ? pool.share : pool.share / 2;
    pool.limit = std::max(pool.share, pool.used);
    pool.starves = false;
  }
  Pool& spare = at(PoolKind::spare);
  spare.share = shares[index_of(PoolKind::spare)];
  // A pool that uses more than its new share keeps those bytes until its accounts release them. So
  // the limits of other pools are lowered until all limits together fit the line.
  std::size_t allowed = target_ - spare.share;
  std::size_t sum = limits_sum();
  for (PoolKind kind : shared_pools) {
    if (sum <= allowed) break;
    const std::size_t lent = std::min(sum - allowed, idle(at(kind)));
    at(kind).limit -= lent;
    sum -= lent;
  }
}

std::size_t Line::limits_sum() const {
  std::size_t sum = 0;
  for (PoolKind kind : shared_pools) sum += pool(kind).limit;
  return sum;
}

// Returns the part of the line that is in no pool's limit.
std::size_t Line::unshared() const {
  const std::size_t shared = limits_sum() + pool(PoolKind::spare).share;
  return target_ > shared ? target_ - shared : 0;
}

// Returns what the pool can lend.
std::size_t Line::idle(const Pool& pool) {
  const std::size_t needed = std::max(pool.used, pool.kept);
  return pool.limit > needed ? pool.limit - needed : 0;
}

// The pushes pool never borrows: for messages beyond its share the user has chosen an
// OverflowPolicy (drop some, or stop reading).
bool Line::may_borrow(PoolKind kind) const {
  return borrowing_ && kind != PoolKind::pushes && !other_starves(kind);
}

bool Line::other_starves(PoolKind kind) const {
  return std::any_of(shared_pools.begin(), shared_pools.end(),
                     [this, kind](PoolKind other) { return other != kind && pool(other).starves; });
}

std::size_t Line::reach(PoolKind kind) const {
  const Pool& mine = pool(kind);
  if (kind == PoolKind::spare) return limit_;
  std::size_t most = mine.limit + unshared();
  for (PoolKind other : shared_pools) {
    if (other != kind) most += idle(pool(other));
  }
  const std::size_t bound = may_borrow(kind) ? most : std::max(mine.share, mine.used);
  return std::min(most, bound);
}

std::size_t Line::most(PoolKind kind) const {
  if (kind == PoolKind::spare) return target_;
  const Pool& mine = pool(kind);
  if (!borrowing_ || kind == PoolKind::pushes) return mine.share;
  std::size_t most = target_ - pool(PoolKind::spare).share;
  for (PoolKind other : shared_pools) {
    if (other != kind) most -= pool(other).kept;
  }
  return most;
}

std::size_t Line::target(PoolKind kind) const {
  const Pool& mine = pool(kind);
  return must_yield(kind) ? std::min(mine.limit, mine.share) : mine.limit;
}

bool Line::must_yield(PoolKind kind) const {
  const Pool& mine = pool(kind);
  return mine.used > mine.share && (limit_ > target_ || !may_borrow(kind));
}

void Line::forget_refusals() {
  for (Pool& pool : pools_) pool.starves = false;
}

// Returns whether the pool may use `wanted` bytes. If not, notes whether others keep it from its
// share.
bool Line::may_have(PoolKind kind, std::size_t wanted) {
  Pool& mine = at(kind);
  if (wanted > mine.limit && wanted > reach(kind)) {
    mine.starves = mine.starves || wanted <= mine.share;
    return false;
  }
  return true;
}

Line::Growth Line::grow(PoolKind kind, std::size_t bytes) {
  Pool& mine = at(kind);
  if (bytes > SIZE_MAX - mine.used) return Growth::refused_by_pool;
  const std::size_t wanted = mine.used + bytes;
  if (!may_have(kind, wanted)) return Growth::refused_by_pool;
  if (bytes > limit_ - used_) return Growth::refused_by_line;
  if (wanted > mine.limit) take(kind, wanted - mine.limit);
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  add(mine, bytes);
  return Growth::allowed;
}

void Line::add(Pool& pool, std::size_t bytes) {
  pool.used += bytes;
  pool.peak = std::max(pool.peak, pool.used);
}

// Raises the pool's limit: first by what is in no pool's limit, then by what other pools lend. The
// caller has checked reach(), so there is enough.
void Line::take(PoolKind kind, std::size_t bytes) {
  at(kind).limit += bytes;
  const std::size_t over = limits_sum() + pool(PoolKind::spare).share;
  std::size_t missing = over > target_ ? std::min(over - target_, bytes) : 0;
  for (PoolKind other : shared_pools) {
    if (other == kind) continue;
    const std::size_t lent = std::min(missing, idle(pool(other)));
    at(other).limit -= lent;
    missing -= lent;
  }
  PLIMSOLL_CHECK(missing == 0);
}

void Line::shrink(PoolKind kind, std::size_t bytes) {
  Pool& mine = at(kind);
  PLIMSOLL_CHECK(bytes <= mine.used && bytes <= used_);
  mine.used -= bytes;
  used_ -= bytes;
  limit_ = std::max(target_, std::min(limit_, used_));
  if (mine.limit > mine.share) give_back(mine);
}

// Gives the bytes that the pool has borrowed and does not use to the pools whose limits lack them.
void Line::give_back(Pool& pool) {
  pool.limit = std::max(pool.share, pool.used);
  std::size_t free = unshared();
  for (PoolKind kind : shared_pools) {
    if (free == 0) return;
    Pool& other = at(kind);
    if (other.limit >= other.share) continue;
    const std::size_t returned = std::min(free, other.share - other.limit);
    other.limit += returned;
    free -= returned;
  }
}

bool Line::move_from_spare(PoolKind kind, std::size_t bytes) {
  Pool& mine = at(kind);
  Pool& spare = at(PoolKind::spare);
  PLIMSOLL_CHECK(bytes <= spare.used);
  const std::size_t wanted = mine.used + bytes;
  if (!may_have(kind, wanted)) return false;
  if (wanted > mine.limit) take(kind, wanted - mine.limit);
  spare.used -= bytes;
  add(mine, bytes);
  return true;
}

void Line::move_to_spare(PoolKind kind, std::size_t bytes) {
  Pool& mine = at(kind);
  PLIMSOLL_CHECK(bytes <= mine.used);
  mine.used -= bytes;
  add(at(PoolKind::spare), bytes);
  if (mine.limit > mine.share) give_back(mine);
}

void Line::validate() const {
  std::size_t sum = 0;
  bool over = limit_ > target_;
  for (const Pool& pool : pools_) {
    PLIMSOLL_CHECK(pool.used <= pool.peak);
    sum += pool.used;
  }
  for (PoolKind kind : shared_pools) {
    const Pool& mine = pool(kind);
    PLIMSOLL_CHECK(mine.used <= mine.limit);
    over = over || mine.used > mine.share;
  }
  PLIMSOLL_CHECK(sum == used_ && used_ <= limit_ && used_ <= peak_);
  PLIMSOLL_CHECK(limit_ == target_ || limit_ == used_);
  PLIMSOLL_CHECK(over || limits_sum() + pool(PoolKind::spare).share <= target_);
}

}  // namespace plimsoll::inline v0
