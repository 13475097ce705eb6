#include <algorithm>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"

// How the Budget grants, and takes back.

namespace plimsoll {
namespace {

// An account that asks that often in a tick sets something aside for the next times.
constexpr std::uint8_t busy_grows = 16;

// No account sets aside more than this part of its pool's share.
constexpr std::size_t leases_per_share = 64;

}  // namespace

// Calls `grow_once`, with the lock held, until it is granted or nothing helps: first what accounts
// have set aside is taken back, then free pages go back to the system, which is slow.
template <class Grow>
bool Budget::grow_or_reclaim(const Grow& grow_once) {
  for (const bool reclaimed : {false, true}) {
    if (reclaimed) reclaim_pages();
    Lock lock(mutex_);
    Line::Growth growth = grow_once();
    if (growth == Line::Growth::granted) return true;
    if (take_leases()) growth = grow_once();
    if (growth == Line::Growth::granted) return true;
    if (growth == Line::Growth::refused_by_pool) return false;
  }
  return false;
}

bool Budget::grow(Account& account, std::size_t bytes) {
  if (grow_or_reclaim([&] { return grow_now(account, bytes); })) return true;
  Lock lock(mutex_);
  note_refused(account);
  return false;
}

// For an account itself.
bool Budget::grow_unowned(std::size_t bytes) {
  if (grow_or_reclaim([&] { return line_.grow(PoolKind::connections, bytes); })) return true;
  Lock lock(mutex_);
  line_.count_refusal(PoolKind::connections);
  pressed_ = true;
  arm();
  return false;
}

Line::Growth Budget::grow_now(Account& account, std::size_t bytes) {
  const bool leases = account.leased_idle_.load(std::memory_order_relaxed) != Account::no_lease;
  const std::size_t idle = leases ? account.leased_idle_.exchange(0) : 0;
  if (leases && idle >= bytes) {
    account.leased_idle_.fetch_add(idle - bytes);
    return Line::Growth::granted;
  }
  const std::size_t missing = bytes - idle;
  const std::size_t level = list(account.pool_).level();
  Line::Growth growth = Line::Growth::refused_by_pool;
  if (missing <= SIZE_MAX - account.used && account.used + missing <= level) {
    growth = line_.grow(account.pool_, missing);
  }
  if (growth != Line::Growth::granted) {
    if (leases) account.leased_idle_.fetch_add(idle);
    return growth;
  }
  account.used += missing;
  account.peak = std::max(account.peak, account.used);
  set_aside(account, leases);
  return growth;
}

// What comes next needs no lock then. Never beyond the pool's share, nor where anyone is short.
void Budget::set_aside(Account& account, bool leases) {
  if (account.grows < busy_grows) ++account.grows;
  if (!leases && account.grows < busy_grows) return;
  const std::size_t bytes = lease_for(account);
  if (bytes == 0 || line_.grow(account.pool_, bytes) != Line::Growth::granted) return;
  account.used += bytes;
  account.peak = std::max(account.peak, account.used);
  if (leases) {
    account.leased_idle_.fetch_add(bytes);
  } else {
    account.leased_idle_.store(bytes);
    ++leases_;
  }
  arm();
}

// How much an account may set aside now.
std::size_t Budget::lease_for(const Account& account) const {
  const Line::Pool& pool = line_.pool(account.pool_);
  const std::size_t bytes = std::min(lease_bytes_max, pool.share / leases_per_share);
  const std::size_t level = list(account.pool_).level();
  const bool fits = pool.used + bytes <= std::min(pool.share, pool.limit) &&
                    account.used + bytes <= level && bytes <= line_.limit() - line_.used();
  return fits && waiters_ == nullptr && !pressed_ ? bytes : 0;
}

// Ends what an account has set aside, and returns it: still used.
std::size_t Budget::end_lease(Account& account) {
  if (account.leased_idle_.load(std::memory_order_relaxed) == Account::no_lease) return 0;
  --leases_;
  return account.leased_idle_.exchange(Account::no_lease);
}

bool Budget::take_leases() {
  if (leases_ == 0) return false;
  for (const AccountList& accounts : lists_) {
    accounts.for_each([this](AccountState& state) {
      auto& account = static_cast<Account&>(state);
      if (const std::size_t idle = end_lease(account); idle > 0) debit(account, idle);
    });
  }
  return true;
}

void Budget::note_refused(Account& account) {
  line_.count_refusal(account.pool_);
  ++account.refused;
  account.was_refused = true;
  pressed_ = true;
  arm();
}

// Returns whether that was the last of an account that is closed.
bool Budget::debit(Account& account, std::size_t bytes) {
  PLIMSOLL_CHECK(bytes <= account.used);
  account.used -= bytes;
  line_.shrink(account.pool_, bytes);
  return account.closed && account.used == 0;
}

void Budget::shrink(Account& account, std::size_t bytes) {
  bool last = false;
  {
    Lock lock(mutex_);
    last = debit(account, bytes + take_surplus(account));
    notify_waiters();
  }
  if (last) destroy(account);
}

// Of a lease that releases have filled, half stays.
std::size_t Budget::take_surplus(Account& account) {
  if (account.leased_idle_.load(std::memory_order_relaxed) == Account::no_lease) return 0;
  const std::size_t idle = account.leased_idle_.exchange(0);
  const std::size_t kept = std::min(idle, lease_bytes_max / 2);
  account.leased_idle_.fetch_add(kept);
  return idle - kept;
}

void Budget::revoke(Account& account, std::size_t bytes) {
  Lock lock(mutex_);
  // The account is that of whoever asked just now: it is not closed.
  PLIMSOLL_CHECK(!debit(account, bytes));
}

std::size_t Budget::excess(const Account& account) const {
  Lock lock(mutex_);
  const std::size_t level = list(account.pool_).level();
  return account.used > level ? account.used - level : 0;
}

bool Budget::move_from_spare(Account& account, std::size_t bytes) {
  const auto move = [&] {
    const std::size_t level = list(account.pool_).level();
    if (account.used + bytes > level) return false;
    return line_.move_from_spare(account.pool_, bytes);
  };
  Lock lock(mutex_);
  if (!move() && !(take_leases() && move())) {
    note_refused(account);
    return false;
  }
  account.used += bytes;
  account.peak = std::max(account.peak, account.used);
  return true;
}

void Budget::move_to_spare(Account& account, std::size_t bytes) {
  bool last = false;
  {
    Lock lock(mutex_);
    PLIMSOLL_CHECK(bytes <= account.used);
    account.used -= bytes;
    line_.move_to_spare(account.pool_, bytes);
    last = account.closed && account.used == 0;
    arm();
    notify_waiters();
  }
  if (last) destroy(account);
}

void Budget::release_spare(std::size_t bytes) {
  Lock lock(mutex_);
  line_.shrink(PoolKind::spare, bytes);
}

void Budget::reclaim_pages() {
  segments_.reclaim();
  chunks_.reclaim();
}

}  // namespace plimsoll
