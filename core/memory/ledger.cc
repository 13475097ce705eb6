#include "plimsoll/core/memory/ledger.h"

#include "plimsoll/core/base/check.h"

namespace plimsoll::inline v0 {
namespace {

// An account that makes this many slow charges within a tick sets bytes aside for the next ones.
// One that takes this many pages with the lock keeps some.
constexpr std::uint8_t busy_count = 16;

// The divisor: no account sets aside more than a 64th of its pool's share, nor keeps pages that are
// more.
constexpr std::size_t allowances_per_share = 64;

// The bytes that stay in an allowance when releases have filled it.
constexpr std::size_t allowance_bytes_kept = allowance_bytes_max / 2;

Ledger::Last last_of(const AccountState& account) {
  return account.closed && account.used == 0 ? Ledger::Last::yes : Ledger::Last::no;
}

// Counts one more of what an account has asked for since the last tick.
bool is_one_of_many(std::uint8_t& count) {
  if (count < busy_count) ++count;
  return count == busy_count;
}

std::size_t waiting_for(const AccountState& account) {
  return static_cast<std::size_t>(std::max(0, account.waiting.load(std::memory_order_relaxed)));
}

}  // namespace

Ledger::Ledger(const Shares& shares, const BudgetOptions& options, MemorySource& source,
               PageReclaimer& reclaimer, Budget& budget)
    : source_(source),
      reclaimer_(reclaimer),
      budget_(budget),
      chunk_charge_(source.block_footprint(chunk_bytes)),
      options_(options),
      line_(shares, options) {}

// ---- The line.

void Ledger::configure(const Shares& shares, const BudgetOptions& options) {
  Lock lock(mutex_);
  options_ = options;
  take_back_all();
  line_.draw(shares, options);
  even_out();
  timer_.arm();
  waiters_.notify_all();
}

BudgetOptions Ledger::options() const {
  Lock lock(mutex_);
  return options_;
}

std::size_t Ledger::limit(PoolKind kind) const {
  Lock lock(mutex_);
  return line_.most(kind);
}

std::size_t Ledger::share(PoolKind kind) const {
  Lock lock(mutex_);
  return line_.pool(kind).share;
}

std::size_t Ledger::used() const {
  Lock lock(mutex_);
  return line_.used();
}

// ---- Accounts.

void Ledger::add(AccountState& account) {
  Lock lock(mutex_);
  list(account.pool).add(account);
}

Ledger::Last Ledger::close(AccountState& account) {
  Lock lock(mutex_);
  account.closed = true;
  take_back(account);
  if (account.used == 0) waiters_.notify_all();
  return last_of(account);
}

void Ledger::remove(AccountState& account) {
  Lock lock(mutex_);
  list(account.pool).remove(account);
}

// Calls `grow_once`, with the lock held, until it is granted or nothing helps. If it is refused,
// first takes back what all accounts have set aside; then gives free pages back to the system,
// which is slow.
template <class Grow>
bool Ledger::grow_or_reclaim(const Grow& grow_once) {
  for (const bool reclaimed : {false, true}) {
    if (reclaimed) reclaimer_.reclaim_pages();
    Lock lock(mutex_);
    Line::Growth growth = grow_once();
    if (growth == Line::Growth::allowed) return true;
    if (take_back_all()) growth = grow_once();
    if (growth == Line::Growth::allowed) return true;
    if (growth == Line::Growth::refused_by_pool) return false;
  }
  return false;
}

bool Ledger::grow(AccountState& account, std::size_t bytes) {
  if (grow_or_reclaim([&] { return grow_now(account, bytes); })) return true;
  Lock lock(mutex_);
  note_refused(account);
  return false;
}

bool Ledger::grow_unowned(std::size_t bytes) {
  if (grow_or_reclaim([&] { return line_.grow(PoolKind::connections, bytes); })) return true;
  Lock lock(mutex_);
  note_refused(PoolKind::connections);
  return false;
}

void Ledger::shrink_unowned(std::size_t bytes) {
  Lock lock(mutex_);
  line_.shrink(PoolKind::connections, bytes);
  waiters_.notify_all();
}

void Ledger::revoke_unowned(std::size_t bytes) {
  Lock lock(mutex_);
  line_.shrink(PoolKind::connections, bytes);
}

Line::Growth Ledger::grow_now(AccountState& account, std::size_t bytes) {
  Allowance& allowance = account.allowance;
  const bool is_open = allowance.is_open();
  const std::size_t unused = is_open ? allowance.take_all() : 0;
  if (is_open && unused >= bytes) {
    allowance.add(unused - bytes);
    return Line::Growth::allowed;
  }
  const std::size_t missing = bytes - unused;
  const std::size_t level = list(account.pool).level();
  Line::Growth growth = Line::Growth::refused_by_pool;
  if (missing <= SIZE_MAX - account.used && account.used + missing <= level) {
    growth = line_.grow(account.pool, missing);
  }
  if (growth != Line::Growth::allowed) {
    if (is_open) allowance.add(unused);
    return growth;
  }
  credit(account, missing);
  set_aside(account);
  return growth;
}

// Charges a busy account ahead of need. Never goes beyond the pool's share, and sets nothing aside
// while any account is short of memory.
void Ledger::set_aside(AccountState& account) {
  Allowance& allowance = account.allowance;
  const bool is_busy = is_one_of_many(account.grows);
  const bool is_open = allowance.is_open();
  if (!is_open && !is_busy) return;
  const std::size_t bytes = bytes_to_set_aside(account);
  if (bytes == 0 || line_.grow(account.pool, bytes) != Line::Growth::allowed) return;
  credit(account, bytes);
  if (is_open) {
    allowance.add(bytes);
  } else {
    allowance.open(bytes);
    ++set_aside_count_;
  }
  timer_.arm();
}

// From now on a busy account keeps the chunks that it releases.
void Ledger::let_keep_pages(AccountState& account) {
  if (!is_one_of_many(account.takes) || account.kept_pages.is_open()) return;
  const bool fits =
      KeptPages::pages_max * chunk_charge_ <= line_.pool(account.pool).share / allowances_per_share;
  if (!fits || !waiters_.empty() || pressed_) return;
  account.kept_pages.open();
  ++set_aside_count_;
  timer_.arm();
}

std::size_t Ledger::bytes_to_set_aside(const AccountState& account) const {
  const Line::Pool& pool = line_.pool(account.pool);
  const std::size_t bytes = std::min(allowance_bytes_max, pool.share / allowances_per_share);
  const std::size_t level = list(account.pool).level();
  const bool fits = pool.used + bytes <= std::min(pool.share, pool.limit) &&
                    account.used + bytes <= level && bytes <= line_.limit() - line_.used();
  return fits && waiters_.empty() && !pressed_ ? bytes : 0;
}

// Takes back what the account has set aside. Its pages become free ones.
void Ledger::take_back(AccountState& account) {
  if (account.allowance.is_open()) {
    --set_aside_count_;
    debit(account, account.allowance.close());
  }
  if (!account.kept_pages.is_open()) return;
  --set_aside_count_;
  account.kept_pages.close([&](void* page) {
    account.used -= chunk_charge_;
    line_.move_to_spare(account.pool, chunk_charge_);
    if (!reclaimer_.add_free_chunk(page)) line_.shrink(PoolKind::spare, chunk_charge_);
  });
}

// Takes back what all accounts have set aside. False: there was nothing to take back.
bool Ledger::take_back_all() {
  if (set_aside_count_ == 0) return false;
  for (const AccountList& accounts : lists_) {
    accounts.for_each([this](AccountState& account) { take_back(account); });
  }
  return true;
}

void Ledger::take_back() {
  Lock lock(mutex_);
  take_back_all();
}

void Ledger::note_refused(AccountState& account) {
  ++account.refused;
  account.was_refused = true;
  note_refused(account.pool);
}

void Ledger::note_refused(PoolKind kind) {
  line_.count_refusal(kind);
  pressed_ = true;
  timer_.arm();
}

void Ledger::credit(AccountState& account, std::size_t bytes) {
  account.used += bytes;
  account.peak = std::max(account.peak, account.used);
}

void Ledger::debit(AccountState& account, std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= account.used);
  account.used -= bytes;
  line_.shrink(account.pool, bytes);
}

Ledger::Last Ledger::shrink(AccountState& account, std::size_t bytes) {
  Lock lock(mutex_);
  std::size_t surplus = 0;
  if (account.allowance.is_open()) {
    const std::size_t unused = account.allowance.take_all();
    const std::size_t kept = std::min(unused, allowance_bytes_kept);
    account.allowance.add(kept);
    surplus = unused - kept;
  }
  debit(account, bytes + surplus);
  waiters_.notify_all();
  return last_of(account);
}

void Ledger::revoke(AccountState& account, std::size_t bytes) {
  Lock lock(mutex_);
  debit(account, bytes);
  // The caller has just charged the account, so the account is not closed.
  PLIMSOLL_CHECK(last_of(account) == Last::no);
}

std::size_t Ledger::excess(const AccountState& account) const {
  Lock lock(mutex_);
  const std::size_t level = list(account.pool).level();
  return account.used > level ? account.used - level : 0;
}

// ---- Pages.

bool Ledger::move_from_spare(AccountState& account, std::size_t bytes) {
  const auto move = [&] {
    const std::size_t level = list(account.pool).level();
    if (account.used + bytes > level) return false;
    return line_.move_from_spare(account.pool, bytes);
  };
  Lock lock(mutex_);
  if (!move() && !(take_back_all() && move())) {
    note_refused(account);
    return false;
  }
  credit(account, bytes);
  let_keep_pages(account);
  return true;
}

Ledger::Last Ledger::move_to_spare(AccountState& account, std::size_t bytes) {
  Lock lock(mutex_);
  PLIMSOLL_CHECK(bytes <= account.used);
  account.used -= bytes;
  line_.move_to_spare(account.pool, bytes);
  const Last last = last_of(account);
  timer_.arm();
  waiters_.notify_all();
  return last;
}

void Ledger::release_spare(std::size_t bytes) {
  Lock lock(mutex_);
  line_.shrink(PoolKind::spare, bytes);
}

// ---- Waiters.

void Ledger::wait(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  if (WaiterList::has(waiter)) return;
  // A release into an allowance, or of pages that are kept, takes no lock and notifies no waiter.
  // Without this line the waiter would sleep while memory is released.
  take_back_all();
  waiters_.add(waiter);
}

void Ledger::stop_waiting(BudgetWaiter& waiter) {
  Lock lock(mutex_);
  waiters_.remove(waiter);
}

void Ledger::notify_available() {
  Lock lock(mutex_);
  waiters_.notify_all();
}

std::size_t Ledger::readers_waiting() const {
  std::size_t all = 0;
  for (std::size_t i = 0; i < pools_count; ++i) all += readers_waiting(static_cast<PoolKind>(i));
  return all;
}

// ---- Ticks.

bool Ledger::begin_tick(Instant now) {
  if (!timer_.is_due(now)) return false;
  Lock lock(mutex_);
  // Another thread may have begun this tick meanwhile.
  if (!timer_.is_due(now)) return false;
  timer_.stop();
  take_back_all();
  even_out();
  // even_out() has cleared which accounts were refused. Waiters that still need memory ask again,
  // and so are known at the next tick.
  waiters_.notify_all();
  return true;
}

void Ledger::end_tick(Instant now, bool pages_kept) {
  Lock lock(mutex_);
  if (pages_kept || needs_tick()) timer_.start(after(now, budget_tick));
  timer_.pass_on();
}

// The connections pool has no level: its accounts need little, and can give nothing back.
void Ledger::even_out() {
  for (PoolKind kind : {PoolKind::cache, PoolKind::requests, PoolKind::replies, PoolKind::pushes}) {
    const bool yields = line_.must_yield(kind);
    const std::size_t share = line_.pool(kind).share;
    list(kind).even_out(yields ? share : std::max(share, line_.reach(kind)), yields);
    list(kind).for_each([](AccountState& account) {
      account.was_refused = false;
      account.grows = 0;
      account.takes = 0;
    });
  }
  line_.forget_refusals();
  pressed_ = false;
}

bool Ledger::needs_tick() const {
  bool held_back = false;
  for (const AccountList& accounts : lists_) {
    held_back = held_back || accounts.level() != AccountList::no_level;
  }
  return held_back || pressed_ || set_aside_count_ > 0 || line_.limit() > line_.target();
}

// ---- Statistics. Bytes that accounts have set aside do not count as used here, and pages that an
// account keeps count as free pages.

// Other threads take pages and bytes meanwhile and put them back, so that the same ones can be
// found twice; but no account has set aside more than it was charged.
Ledger::SetAside Ledger::set_aside_by(const AccountState& account) const {
  SetAside found;
  found.pages = std::min(account.kept_pages.count() * chunk_charge_, account.used);
  found.allowance = std::min(account.allowance.unused(), account.used - found.pages);
  return found;
}

AccountStatistics Ledger::statistics_of(const AccountState& account) const {
  const SetAside set_aside = set_aside_by(account);
  const std::size_t level = std::min(list(account.pool).level(), line_.reach(account.pool));
  return {.owner = account.owner,
          .pool = account.pool,
          .limit = std::max(level, account.used),
          .target = level,
          .used = account.used - set_aside.pages - set_aside.allowance,
          .peak = account.peak,
          .waiting = waiting_for(account),
          .refused = account.refused};
}

BudgetStatistics Ledger::statistics() const {
  Lock lock(mutex_);
  BudgetStatistics all{.limit = line_.limit(),
                       .target = line_.target(),
                       .used = line_.used(),
                       .peak = line_.peak(),
                       .pools = {},
                       .segments = {},
                       .chunks = {}};
  for (std::size_t i = 0; i < pools_count; ++i) {
    const auto kind = static_cast<PoolKind>(i);
    const Line::Pool& pool = line_.pool(kind);
    PoolStatistics& statistics = all.pools[i];
    statistics = {.share = pool.share,
                  .limit = kind == PoolKind::spare ? line_.limit() : pool.limit,
                  .target = kind == PoolKind::spare ? line_.target() : line_.target(kind),
                  .used = pool.used,
                  .peak = pool.peak,
                  .refused = pool.refused,
                  .accounts = list(kind).size()};
    list(kind).for_each([&](const AccountState& account) {
      const SetAside set_aside = set_aside_by(account);
      statistics.waiting += waiting_for(account);
      statistics.used -= set_aside.pages + set_aside.allowance;
      all.used -= set_aside.allowance;
      all.chunks.pooled += set_aside.pages;
    });
  }
  all.pools[index_of(PoolKind::spare)].used += all.chunks.pooled;
  return all;
}

std::size_t Ledger::account_statistics(std::span<AccountStatistics> out) const {
  Lock lock(mutex_);
  std::size_t count = 0;
  for (const AccountList& accounts : lists_) {
    accounts.for_each([&](const AccountState& account) {
      if (count < out.size()) out[count] = statistics_of(account);
      ++count;
    });
  }
  return count;
}

PoolHolders Ledger::holders(PoolKind kind, Instant now) {
  Lock lock(mutex_);
  HoldersSeen& seen = holders_seen_[index_of(kind)];
  if (now < seen.until) return seen.holders;
  PoolHolders all{.limit = line_.pool(kind).limit, .readers_waiting = readers_waiting(kind)};
  list(kind).for_each([&](const AccountState& state) {
    const AccountStatistics account = statistics_of(state);
    all.used += account.used;
    if (account.used > 0) ++all.accounts;
    if (account.used <= all.most) return;
    all.most = account.used;
    all.most_owner = account.owner;
  });
  seen = {.until = after(now, holders_age_max), .holders = all};
  return all;
}

void Ledger::validate(std::size_t spare_bytes, std::size_t account_footprint) const {
  Lock lock(mutex_);
  line_.validate();
  PLIMSOLL_CHECK(line_.pool(PoolKind::spare).used == spare_bytes);
  std::size_t accounts = 0;
  std::size_t set_aside = 0;
  for (std::size_t i = 0; i < pools_count; ++i) {
    std::size_t sum = 0;
    lists_[i].for_each([&](const AccountState& state) {
      const SetAside found = set_aside_by(state);
      const bool is_open = state.allowance.is_open() || state.kept_pages.is_open();
      PLIMSOLL_CHECK(found.pages == state.kept_pages.count() * chunk_charge_);
      PLIMSOLL_CHECK(found.allowance == state.allowance.unused());
      PLIMSOLL_CHECK(!state.closed || (!is_open && state.used > 0));
      if (state.allowance.is_open()) ++set_aside;
      if (state.kept_pages.is_open()) ++set_aside;
      sum += state.used;
    });
    accounts += lists_[i].size();
    const auto kind = static_cast<PoolKind>(i);
    if (kind == PoolKind::spare || kind == PoolKind::connections) continue;
    PLIMSOLL_CHECK(sum == line_.pool(kind).used);
  }
  PLIMSOLL_CHECK(set_aside == set_aside_count_);
  PLIMSOLL_CHECK(line_.pool(PoolKind::connections).used >= accounts * account_footprint);
}

}  // namespace plimsoll::inline v0
