#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <span>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account_list.h"
#include "plimsoll/core/memory/account_state.h"
#include "plimsoll/core/memory/line.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/shares.h"
#include "plimsoll/core/memory/statistics.h"
#include "plimsoll/core/memory/tick_timer.h"
#include "plimsoll/core/memory/waiter_list.h"

// The lock around the line and the accounts: grants charges, takes back what is released, notifies
// waiters, and evens out the accounts once a tick. The Ledger counts bytes and owns no memory. The
// Budget owns one Ledger; Account, PagePool and ProgressReserve call it.
//
// Invariants (validate() CHECKs the sums):
// - The `used` of a pool's accounts add up to the pool's `used` in the line. Two pools have more:
//   `connections` pays for the accounts themselves, and `spare` has no accounts.
// - set_aside_count_ is the number of allowances and of kept pages (KeptPages) that are open.
// - No charge is refused while another account has an unused allowance or keeps pages, and no
//   charge is refused for lack of room below the line while free pages are kept: the Ledger takes
//   those back first.
// - While a waiter waits, or an account was refused since the last tick, no allowance is opened or
//   enlarged, and no account begins to keep pages: what is released into these notifies no waiter,
//   so waiters would sleep while memory is released.
// - Every call that makes room notifies the waiters, with the lock held. revoke() does not: it
//   undoes a charge whose memory the source did not have. Waiters would ask for the same memory, be
//   refused by the source, revoke in turn, and so wake each other for ever.
// - A closed account ends with its last release. Exactly one call returns Last::yes, and its caller
//   frees the account.

namespace plimsoll::inline v0 {

/// The most that the result of Ledger::holders() lags behind.
inline constexpr Duration holders_age_max = std::chrono::milliseconds(100);

/// Has the free pages.
class PageReclaimer {
 public:
  /// Gives free pages back to the system, so that the line has room for a charge. The Ledger calls
  /// it without holding its lock; it calls Ledger::release_spare().
  virtual void reclaim_pages() = 0;

  /// Takes a chunk that an account has kept, as a free page. False: there are enough, and it has
  /// gone back to the source. The Ledger calls it with its lock held.
  virtual bool add_free_chunk(void* chunk) = 0;

 protected:
  ~PageReclaimer() = default;
};

class Budget;

class Ledger {
 public:
  /// Whether this released the last byte of a closed account. The caller must then end the account.
  enum class Last : bool { no, yes };

  Ledger(const Shares& shares, const BudgetOptions& options, MemorySource& source,
         PageReclaimer& reclaimer, Budget& budget);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  MemorySource& source() const { return source_; }

  /// The budget that this is part of. Only for Account, which has no room for a reference of its
  /// own: an idle client has few bytes, and several accounts.
  Budget& budget() const { return budget_; }

  // ---- The line.

  void configure(const Shares& shares, const BudgetOptions& options);
  BudgetOptions options() const;
  std::size_t limit(PoolKind kind) const;
  std::size_t share(PoolKind kind) const;
  std::size_t used() const;

  // ---- Accounts.

  void add(AccountState& account);
  [[nodiscard]] Last close(AccountState& account);
  void remove(AccountState& account);

  /// What an Account calls when its allowance does not suffice.
  [[nodiscard]] bool grow(AccountState& account, std::size_t bytes);
  [[nodiscard]] Last shrink(AccountState& account, std::size_t bytes);
  void revoke(AccountState& account, std::size_t bytes);
  std::size_t excess(const AccountState& account) const;

  /// Charges the connections pool, but no account: for the memory of the accounts themselves.
  [[nodiscard]] bool grow_unowned(std::size_t bytes);
  void shrink_unowned(std::size_t bytes);
  void revoke_unowned(std::size_t bytes);

  // ---- Pages that move between an account and the spare pool. The line's sum does not change.

  [[nodiscard]] bool move_from_spare(AccountState& account, std::size_t bytes);
  [[nodiscard]] Last move_to_spare(AccountState& account, std::size_t bytes);
  void release_spare(std::size_t bytes);

  // ---- Waiters that Budget::wait() has added, and connections that wait to read.

  void wait(BudgetWaiter& waiter);
  void stop_waiting(BudgetWaiter& waiter);
  void notify_available();

  void add_waiting_readers(PoolKind pool, int count) {
    readers_waiting_[index_of(pool)].fetch_add(count);
  }
  std::size_t readers_waiting(PoolKind pool) const {
    const int count = readers_waiting_[index_of(pool)].load();
    return static_cast<std::size_t>(std::max(0, count));
  }
  std::size_t readers_waiting() const;

  // ---- Ticks.

  Instant poll_timeout(const void* who, Instant now) { return timer_.poll(who, now); }
  void leave(const void* who) { timer_.leave(who); }

  /// Takes back what accounts have set aside.
  void take_back();

  /// False: no tick is due. True: the caller must call end_tick().
  [[nodiscard]] bool begin_tick(Instant now);

  /// `pages_kept`: there are free pages, which the next tick makes older.
  void end_tick(Instant now, bool pages_kept);

  // ---- Statistics.

  /// Of the pages' statistics has only the chunks that accounts keep (`chunks.pooled`).
  BudgetStatistics statistics() const;
  std::size_t account_statistics(std::span<AccountStatistics> out) const;
  PoolHolders holders(PoolKind pool, Instant now);

  /// CHECKs the invariants. `spare_bytes`: what free pages and the progress reserve cost.
  /// `account_footprint`: what the memory of one account costs.
  void validate(std::size_t spare_bytes, std::size_t account_footprint) const;

 private:
  struct SetAside {
    std::size_t pages = 0;
    std::size_t allowance = 0;
  };

  struct HoldersSeen {
    Instant until = Instant::min();
    PoolHolders holders;
  };

  template <class Grow>
  bool grow_or_reclaim(const Grow& grow_once);

  // The functions below are called with mutex_ held.
  Line::Growth grow_now(AccountState& account, std::size_t bytes);
  void set_aside(AccountState& account);
  void let_keep_pages(AccountState& account);
  std::size_t bytes_to_set_aside(const AccountState& account) const;
  bool take_back_all();
  void take_back(AccountState& account);
  void credit(AccountState& account, std::size_t bytes);
  void debit(AccountState& account, std::size_t bytes);
  SetAside set_aside_by(const AccountState& account) const;
  void note_refused(AccountState& account);
  void note_refused(PoolKind kind);
  AccountStatistics statistics_of(const AccountState& account) const;
  void even_out();
  bool needs_tick() const;
  AccountList& list(PoolKind kind) { return lists_[index_of(kind)]; }
  const AccountList& list(PoolKind kind) const { return lists_[index_of(kind)]; }

  MemorySource& source_;
  PageReclaimer& reclaimer_;
  Budget& budget_;
  const std::size_t chunk_charge_;
  mutable Mutex mutex_;
  BudgetOptions options_;
  Line line_;
  std::array<AccountList, pools_count> lists_;
  WaiterList waiters_;
  std::array<HoldersSeen, pools_count> holders_seen_;
  std::size_t set_aside_count_ = 0;
  bool pressed_ = false;  // a charge was refused since the last tick
  // Accessed without the lock.
  std::array<std::atomic<int>, pools_count> readers_waiting_{};
  TickTimer timer_;
};

}  // namespace plimsoll::inline v0
