#include "plimsoll/core/memory/budget.h"

#include <algorithm>
#include <new>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"

// What the Budget is, and what it says of itself. How it grants is in budget_charges.cc, how it
// evens out in budget_ticks.cc.

namespace plimsoll {
namespace {

// Free pages are a convenience, not a hoard: at most a sixteenth of the line in segments.
constexpr std::size_t kept_segments_max = 256;
constexpr std::size_t kept_chunks_max = 32;

std::size_t kept_segments(std::size_t memory_limit) {
  return std::min(kept_segments_max, memory_limit / segment_bytes / 16);
}

// Of options that are valid.
Shares valid_shares(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  PLIMSOLL_CHECK(shares.ok());
  return *shares;
}

}  // namespace

Status Budget::validate(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  return shares ? Status() : Status(shares.error());
}

Budget::Budget(const BudgetOptions& options, MemorySource& source)
    : source_(source),
      options_(options),
      line_(valid_shares(options), options),
      segments_(*this, PagePool::Size::segment, kept_segments(options.memory_limit)),
      chunks_(*this, PagePool::Size::chunk, kept_chunks_max),
      reserve_(*this) {}

Budget::~Budget() {
  segments_.reclaim();
  chunks_.reclaim();
  // Whoever still holds a charge would soon write to a Budget that is gone.
  PLIMSOLL_CHECK(line_.used() == progress_reserve_segments * segment_bytes);
}

Status Budget::configure(const BudgetOptions& options) {
  const Result<Shares> shares = shares_of(options);
  if (!shares) return shares.error();
  segments_.set_kept_max(kept_segments(options.memory_limit));
  reclaim_pages();
  Lock lock(mutex_);
  options_ = options;
  take_leases();
  line_.draw(*shares, options);
  even_out();
  arm();
  notify_waiters();
  return {};
}

Status Budget::set_memory_limit(std::size_t bytes) {
  BudgetOptions changed = options();
  changed.memory_limit = bytes;
  return configure(changed);
}

BudgetOptions Budget::options() const {
  Lock lock(mutex_);
  return options_;
}

std::size_t Budget::limit(PoolKind kind) const {
  Lock lock(mutex_);
  return line_.most(kind);
}

std::size_t Budget::share(PoolKind kind) const {
  Lock lock(mutex_);
  return line_.pool(kind).share;
}

AccountHandle Budget::open_account(PoolKind kind, std::uint64_t owner) {
  const std::size_t footprint = source_.block_footprint(sizeof(Account));
  if (!grow_unowned(footprint)) return {};
  void* const block = source_.allocate_block(sizeof(Account));
  Lock lock(mutex_);
  if (block == nullptr) {
    line_.shrink(PoolKind::connections, footprint);
    return {};
  }
  auto* const account = new (block) Account(*this, kind, owner);
  list(kind).add(*account);
  return AccountHandle(account);
}

void Budget::close(Account& account) {
  bool last = false;
  {
    Lock lock(mutex_);
    account.closed = true;
    last = debit(account, end_lease(account));
    if (account.used == 0) notify_waiters();
  }
  if (last) destroy(account);
}

void Budget::destroy(Account& account) {
  {
    Lock lock(mutex_);
    list(account.pool_).remove(account);
  }
  account.~Account();
  source_.release_block(&account, sizeof(Account));
  Lock lock(mutex_);
  line_.shrink(PoolKind::connections, source_.block_footprint(sizeof(Account)));
  notify_waiters();
}

void Budget::wait(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  if (waiter.waiting_) return;
  // From now on each release is news.
  take_leases();
  waiter.waiting_ = true;
  waiter.next_waiter_ = nullptr;
  (waiters_ == nullptr ? waiters_ : last_waiter_->next_waiter_) = &waiter;
  last_waiter_ = &waiter;
}

void Budget::stop_waiting(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  if (!waiter.waiting_) return;
  BudgetWaiter* before = nullptr;
  for (BudgetWaiter* at = waiters_; at != &waiter; at = at->next_waiter_) before = at;
  (before == nullptr ? waiters_ : before->next_waiter_) = waiter.next_waiter_;
  if (last_waiter_ == &waiter) last_waiter_ = before;
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

AccountStatistics Budget::statistics_of(const Account& account) const {
  const std::size_t idle = account.leased_idle_.load(std::memory_order_relaxed);
  const std::size_t level = std::min(list(account.pool_).level(), line_.reach(account.pool_));
  return {.owner = account.owner_,
          .pool = account.pool_,
          .limit = std::max(level, account.used),
          .target = level,
          .used = account.used - (idle == Account::no_lease ? 0 : idle),
          .peak = account.peak,
          .waiting = static_cast<std::size_t>(
              std::max(0, account.waiting_.load(std::memory_order_relaxed))),
          .refused = account.refused};
}

// What is set aside is not used yet.
BudgetStatistics Budget::statistics() const {
  const PageStatistics segments = segments_.statistics();
  const PageStatistics chunks = chunks_.statistics();
  Lock lock(mutex_);
  BudgetStatistics all{.limit = line_.limit(),
                       .target = line_.target(),
                       .used = line_.used(),
                       .peak = line_.peak(),
                       .pools = {},
                       .segments = segments,
                       .chunks = chunks};
  for (std::size_t i = 0; i < pools_count; ++i) {
    const auto kind = static_cast<PoolKind>(i);
    const Line::Pool& pool = line_.pool(kind);
    PoolStatistics& told = all.pools[i];
    told = {.share = pool.share,
            .limit = kind == PoolKind::spare ? line_.limit() : pool.limit,
            .target = kind == PoolKind::spare ? line_.target() : line_.target(kind),
            .used = pool.used,
            .peak = pool.peak,
            .refused = pool.refused,
            .accounts = list(kind).size()};
    list(kind).for_each([&](const AccountState& state) {
      const AccountStatistics account = statistics_of(static_cast<const Account&>(state));
      told.waiting += account.waiting;
      told.used -= state.used - account.used;
      all.used -= state.used - account.used;
    });
  }
  return all;
}

std::size_t Budget::account_statistics(std::span<AccountStatistics> out) const {
  Lock lock(mutex_);
  std::size_t count = 0;
  for (const AccountList& accounts : lists_) {
    accounts.for_each([&](const AccountState& state) {
      if (count < out.size()) out[count] = statistics_of(static_cast<const Account&>(state));
      ++count;
    });
  }
  return count;
}

std::size_t Budget::readers_waiting() const {
  std::size_t all = 0;
  for (std::size_t i = 0; i < pools_count; ++i) all += readers_waiting(static_cast<PoolKind>(i));
  return all;
}

PoolHolders Budget::holders(PoolKind kind, Instant now) {
  Lock lock(mutex_);
  HoldersSeen& seen = holders_seen_[static_cast<std::size_t>(kind)];
  if (now < seen.until) return seen.holders;
  PoolHolders all{.limit = line_.pool(kind).limit, .readers_waiting = readers_waiting(kind)};
  list(kind).for_each([&](const AccountState& state) {
    const AccountStatistics account = statistics_of(static_cast<const Account&>(state));
    all.used += account.used;
    if (account.used > 0) ++all.accounts;
    if (account.used <= all.most) return;
    all.most = account.used;
    all.most_owner = account.owner;
  });
  seen = {.until = after(now, holders_age_max), .holders = all};
  return all;
}

void Budget::validate() {
  const std::size_t kept = segments_.kept_count() * segments_.page_charge() +
                           chunks_.kept_count() * chunks_.page_charge();
  Lock lock(mutex_);
  line_.validate();
  PLIMSOLL_CHECK(line_.pool(PoolKind::spare).used ==
                 kept + progress_reserve_segments * segment_bytes);
  std::size_t accounts = 0;
  std::size_t leases = 0;
  for (std::size_t i = 0; i < pools_count; ++i) {
    std::size_t sum = 0;
    lists_[i].for_each([&](const AccountState& state) {
      const std::size_t idle = static_cast<const Account&>(state).leased_idle_.load();
      PLIMSOLL_CHECK(idle == Account::no_lease || idle <= state.used);
      PLIMSOLL_CHECK(!state.closed || (idle == Account::no_lease && state.used > 0));
      if (idle != Account::no_lease) ++leases;
      sum += state.used;
    });
    accounts += lists_[i].size();
    const auto kind = static_cast<PoolKind>(i);
    if (kind == PoolKind::spare || kind == PoolKind::connections) continue;
    PLIMSOLL_CHECK(sum == line_.pool(kind).used);
  }
  PLIMSOLL_CHECK(leases == leases_);
  const std::size_t for_accounts = accounts * source_.block_footprint(sizeof(Account));
  PLIMSOLL_CHECK(line_.pool(PoolKind::connections).used >= for_accounts);
}

}  // namespace plimsoll
