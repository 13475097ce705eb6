#include "plimsoll/core/memory/budget.h"

#include <algorithm>
#include <new>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"

namespace plimsoll {
namespace {

// Kept pages are a convenience, not a hoard: at most an eighth of the line in all.
constexpr std::size_t kept_segments_max = 16;
constexpr std::size_t kept_chunks_max = 32;

std::size_t kept_segments(std::size_t memory_limit) {
  return std::min(kept_segments_max, memory_limit / segment_bytes / 16);
}

std::size_t percent_of(std::size_t whole, unsigned percent) {
  return whole / 100 * percent + whole % 100 * percent / 100;
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

Status Budget::validate(const BudgetOptions& options) {
  if (options.memory_limit < memory_limit_min) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "memory_limit is below the minimum",
                 .expected = "1 MiB (1048576 bytes) or more",
                 .value = options.memory_limit,
                 .limit = memory_limit_min};
  }
  const std::uint64_t sum =
      std::uint64_t{options.requests_percent} + options.replies_percent + options.pushes_percent;
  if (sum > 100) {
    return Error{.code = ErrorCode::invalid_option,
                 .what = "the pools' shares add up to more than the line",
                 .expected = "a sum of 100 percent or less",
                 .value = sum,
                 .limit = 100};
  }
  return {};
}

Budget::Budget(const BudgetOptions& options, MemorySource& source)
    : source_(source),
      limit_(options.memory_limit),
      segments_(*this, PagePool::Size::segment, kept_segments(options.memory_limit)),
      chunks_(*this, PagePool::Size::chunk, kept_chunks_max),
      reserve_(*this) {
  PLIMSOLL_CHECK(validate(options).ok());
  for (PoolState& state : pools_) state.limit = limit_;
  pool(PoolKind::requests).limit = percent_of(limit_, options.requests_percent);
  pool(PoolKind::replies).limit = percent_of(limit_, options.replies_percent);
  pool(PoolKind::pushes).limit = percent_of(limit_, options.pushes_percent);
  PLIMSOLL_CHECK(grow(pool(PoolKind::spare), progress_reserve_segments * segment_bytes));
}

Budget::~Budget() {
  segments_.reclaim();
  chunks_.reclaim();
  // Whoever still holds a charge would soon write to a Budget that is gone.
  PLIMSOLL_CHECK(used_ == progress_reserve_segments * segment_bytes);
}

AccountHandle Budget::open_account(PoolKind kind) {
  const std::size_t footprint = source_.block_footprint(sizeof(Account));
  if (!grow_or_reclaim(PoolKind::connections, footprint, nullptr)) return {};
  void* const block = source_.allocate_block(sizeof(Account));
  if (block == nullptr) {
    Lock lock(mutex_);
    pool(PoolKind::connections).used -= footprint;
    used_ -= footprint;
    return {};
  }
  return AccountHandle(new (block) Account(*this, kind));
}

std::size_t Budget::limit(PoolKind kind) const {
  Lock lock(mutex_);
  return pools_[static_cast<std::size_t>(kind)].limit;
}

bool Budget::grow(PoolState& state, std::size_t bytes) {
  if (bytes > state.limit - state.used || bytes > limit_ - used_) return false;
  state.used += bytes;
  state.peak = std::max(state.peak, state.used);
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  return true;
}

// Grows `kind`, if need be at the cost of the spare pages. The pool's own limit these cannot mend.
bool Budget::grow_or_reclaim(PoolKind kind, std::size_t bytes, Account* account) {
  for (const bool reclaimed : {false, true}) {
    if (reclaimed) {
      segments_.reclaim();
      chunks_.reclaim();
    }
    Lock lock(mutex_);
    PoolState& state = pool(kind);
    if (grow(state, bytes)) {
      if (account != nullptr) account->used_ += bytes;
      return true;
    }
    if (reclaimed || bytes > state.limit - state.used) {
      ++state.refused;
      return false;
    }
  }
  return false;
}

bool Budget::charge(Account& account, std::size_t bytes) {
  return grow_or_reclaim(account.pool_, bytes, &account);
}

bool Budget::debit(Account& account, std::size_t bytes) {
  PoolState& state = pool(account.pool_);
  PLIMSOLL_CHECK(bytes <= account.used_ && bytes <= state.used && bytes <= used_);
  account.used_ -= bytes;
  state.used -= bytes;
  return account.closed_ && account.used_ == 0;
}

void Budget::release(Account& account, std::size_t bytes) {
  bool last = false;
  {
    Lock lock(mutex_);
    last = debit(account, bytes);
    used_ -= bytes;
    notify_waiters();
  }
  if (last) destroy(account);
}

void Budget::revoke(Account& account, std::size_t bytes) {
  Lock lock(mutex_);
  // The account is that of whoever asked just now: it is not closed.
  PLIMSOLL_CHECK(!debit(account, bytes));
  used_ -= bytes;
}

void Budget::close(Account& account) {
  bool last = false;
  {
    Lock lock(mutex_);
    account.closed_ = true;
    last = account.used_ == 0;
  }
  if (last) destroy(account);
}

void Budget::destroy(Account& account) {
  account.~Account();
  source_.release_block(&account, sizeof(Account));
  const std::size_t footprint = source_.block_footprint(sizeof(Account));
  Lock lock(mutex_);
  pool(PoolKind::connections).used -= footprint;
  used_ -= footprint;
  notify_waiters();
}

bool Budget::move_from_spare(Account& account, std::size_t bytes) {
  Lock lock(mutex_);
  PoolState& to = pool(account.pool_);
  PoolState& spare = pool(PoolKind::spare);
  if (bytes > to.limit - to.used) {
    ++to.refused;
    return false;
  }
  PLIMSOLL_CHECK(bytes <= spare.used);
  spare.used -= bytes;
  to.used += bytes;
  to.peak = std::max(to.peak, to.used);
  account.used_ += bytes;
  return true;
}

void Budget::move_to_spare(Account& account, std::size_t bytes) {
  bool last = false;
  {
    Lock lock(mutex_);
    last = debit(account, bytes);
    PoolState& spare = pool(PoolKind::spare);
    spare.used += bytes;
    spare.peak = std::max(spare.peak, spare.used);
    notify_waiters();
  }
  if (last) destroy(account);
}

void Budget::release_spare(std::size_t bytes) {
  Lock lock(mutex_);
  PoolState& spare = pool(PoolKind::spare);
  PLIMSOLL_CHECK(bytes <= spare.used);
  spare.used -= bytes;
  used_ -= bytes;
}

void Budget::wait(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  if (waiter.waiting_) return;
  waiter.waiting_ = true;
  waiter.next_waiter_ = waiters_;
  waiters_ = &waiter;
}

void Budget::stop_waiting(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  if (!waiter.waiting_) return;
  BudgetWaiter** at = &waiters_;
  while (*at != &waiter) at = &(*at)->next_waiter_;
  *at = waiter.next_waiter_;
  waiter.waiting_ = false;
}

void Budget::notify_waiters() {
  while (waiters_ != nullptr) {
    BudgetWaiter* const waiter = waiters_;
    waiters_ = waiter->next_waiter_;
    waiter->waiting_ = false;
    waiter->handle_budget_available();
  }
}

void Budget::notify_available() {
  Lock lock(mutex_);
  notify_waiters();
}

BudgetStatistics Budget::statistics() const {
  Lock lock(mutex_);
  BudgetStatistics all{.limit = limit_, .used = used_, .peak = peak_, .pools = {}};
  for (std::size_t i = 0; i < pools_count; ++i) {
    const PoolState& state = pools_[i];
    all.pools[i] = {state.limit, state.used, state.peak, state.refused};
  }
  return all;
}

void Budget::validate() {
  Lock lock(mutex_);
  std::size_t sum = 0;
  for (const PoolState& state : pools_) {
    PLIMSOLL_CHECK(state.used <= state.peak && state.peak <= state.limit);
    sum += state.used;
  }
  PLIMSOLL_CHECK(sum == used_ && used_ <= peak_ && peak_ <= limit_);
  const std::size_t kept = segments_.kept_count() * segments_.page_charge() +
                           chunks_.kept_count() * chunks_.page_charge();
  PLIMSOLL_CHECK(pool(PoolKind::spare).used == kept + progress_reserve_segments * segment_bytes);
}

}  // namespace plimsoll
