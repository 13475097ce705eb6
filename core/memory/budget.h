#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account_list.h"
#include "plimsoll/core/memory/line.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/page_pool.h"
#include "plimsoll/core/memory/progress_reserve.h"
#include "plimsoll/core/memory/shares.h"

// The memory line. One Budget holds one number, memory_limit, and the named pools below it; what
// the core keeps is charged here before it exists, so the sum never passes the line. Thread-safe:
// natively all clients of a process share one. It must outlive everything charged to it.

namespace plimsoll {

class Account;
class AccountHandle;

/// How often what has become unfair is evened out, and free pages age.
inline constexpr Duration budget_tick = std::chrono::seconds(1);

/// Free pages that nobody needed for so many ticks go back to the system.
inline constexpr unsigned free_page_ticks_max = 10;

/// How old what Budget::holders() says may be.
inline constexpr Duration holders_age_max = std::chrono::milliseconds(100);

/// What an account that is charged all the time sets aside at most, to need no lock for each.
inline constexpr std::size_t lease_bytes_max = 64 * 1024;

struct PoolStatistics {
  std::size_t share = 0;   ///< what it is guaranteed
  std::size_t limit = 0;   ///< in force: less while some of it is lent, more while it borrows
  std::size_t target = 0;  ///< what the limit is moving to, as memory is released
  std::size_t used = 0;
  std::size_t peak = 0;       ///< with what accounts had set aside then (lease_bytes_max)
  std::size_t waiting = 0;    ///< requests or readers that wait for memory
  std::uint64_t refused = 0;  ///< charges that were not granted
  std::size_t accounts = 0;
};

/// One line of the tree.
struct AccountStatistics {
  std::uint64_t owner = 0;
  PoolKind pool = PoolKind::cache;
  std::size_t limit = 0;   ///< the most that it may have now
  std::size_t target = 0;  ///< less than `used` where it is to give some back
  std::size_t used = 0;
  std::size_t peak = 0;
  std::size_t waiting = 0;
  std::uint64_t refused = 0;
};

struct PageStatistics {
  std::size_t live = 0;        ///< in use
  std::size_t pooled = 0;      ///< free, and kept for the next who needs one
  std::uint64_t returned = 0;  ///< given back to the system so far
};

/// All in bytes, as of one instant. The pools' `used` add up to the budget's.
struct BudgetStatistics {
  std::size_t limit = 0;   ///< in force: above the target until enough is released
  std::size_t target = 0;  ///< the line
  std::size_t used = 0;
  std::size_t peak = 0;
  std::array<PoolStatistics, pools_count> pools;
  PageStatistics segments;
  PageStatistics chunks;

  const PoolStatistics& pool(PoolKind kind) const { return pools[static_cast<std::size_t>(kind)]; }
};

/// Who has the memory of a pool.
struct PoolHolders {
  std::size_t limit = 0;  ///< in force
  std::size_t used = 0;
  std::size_t accounts = 0;         ///< that hold some of it
  std::size_t most = 0;             ///< what one of them holds at most
  std::uint64_t most_owner = 0;     ///< and whose that one is
  std::size_t readers_waiting = 0;  ///< connections that wait for memory to read to
};

/// Someone who was refused memory and wants to know when some was released.
class BudgetWaiter {
 public:
  /// Called once for each Budget::wait(), by whichever thread releases, under the Budget's lock:
  /// only hand the news on (post to an executor), never call the Budget back.
  virtual void handle_budget_available() = 0;

 protected:
  ~BudgetWaiter() = default;

 private:
  friend class Budget;
  BudgetWaiter* next_waiter_ = nullptr;
  bool waiting_ = false;
};

class Budget {
 public:
  /// Says whether `options` make sense (shares_of()).
  static Status validate(const BudgetOptions& options);

  /// `options` must be valid; `source` must outlive this.
  Budget(const BudgetOptions& options, MemorySource& source);
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Draws the line and the shares anew. Where more is used than they allow nothing is granted
  /// until enough was released. invalid_option: then all stays as it was.
  Status configure(const BudgetOptions& options);
  Status set_memory_limit(std::size_t bytes);
  BudgetOptions options() const;

  /// An account below `pool`: empty where the connections pool cannot pay for the account itself.
  /// `owner` is for statistics.
  AccountHandle open_account(PoolKind pool, std::uint64_t owner = 0);

  /// A number for an owner of accounts: 1, 2...
  std::uint64_t next_owner() { return owners_.fetch_add(1, std::memory_order_relaxed) + 1; }

  /// The largest charge that `pool` could ever be granted.
  std::size_t limit(PoolKind pool) const;

  /// What it is guaranteed.
  std::size_t share(PoolKind pool) const;

  PagePool& segments() { return segments_; }
  PagePool& chunks() { return chunks_; }
  MemorySource& source() { return source_; }

  ProgressReserve& progress_reserve() { return reserve_; }

  /// Has `waiter` told, once, when memory is next released.
  void wait(BudgetWaiter& waiter);
  void stop_waiting(BudgetWaiter& waiter);
  void notify_available();

  /// When to call handle_timeout() at the latest, where there is anything to do then. All who use
  /// the Budget ask; one of them, `who`, is told and does it for all, until it leaves.
  Instant poll_timeout(const void* who, Instant now) {
    const Instant next = next_tick_.load(std::memory_order_relaxed);
    return next == never ? never : poll_tick(who, now);
  }
  void handle_timeout(Instant now);
  void leave(const void* who);

  BudgetStatistics statistics() const;

  /// As many of the accounts as fit `out`; returns how many there are.
  std::size_t account_statistics(std::span<AccountStatistics> out) const;

  /// Connections that wait for memory of `pool` to read to; or of any pool, for the progress
  /// reserve serves all.
  std::size_t readers_waiting(PoolKind pool) const {
    const int count = readers_waiting_[static_cast<std::size_t>(pool)].load();
    return static_cast<std::size_t>(std::max(0, count));
  }
  std::size_t readers_waiting() const;

  /// As of `now`, or up to holders_age_max before. Walks over the pool's accounts, but not more
  /// often than that, however many ask.
  PoolHolders holders(PoolKind pool, Instant now);

  /// CHECKs that the accounts add up and stay below their limits, for tests and the simulator. Not
  /// while other threads use it.
  void validate();

 private:
  friend class Account;
  friend class AccountHandle;
  friend class PagePool;
  friend class ProgressReserve;

  // What an Account asks for. Free pages are given back, and what others had set aside is taken
  // back, before anything is refused.
  bool grow(Account& account, std::size_t bytes);
  bool grow_unowned(std::size_t bytes);
  void shrink(Account& account, std::size_t bytes);
  void revoke(Account& account, std::size_t bytes);
  std::size_t excess(const Account& account) const;
  void close(Account& account);
  void destroy(Account& account);

  // Free pages change hands between an account and the spare pool: the total stays.
  bool move_from_spare(Account& account, std::size_t bytes);
  void move_to_spare(Account& account, std::size_t bytes);
  void release_spare(std::size_t bytes);
  void reclaim_pages();

  // With mutex_ held.
  Line::Growth grow_now(Account& account, std::size_t bytes);
  void set_aside(Account& account, bool leases);
  bool take_leases();
  std::size_t end_lease(Account& account);
  std::size_t lease_for(const Account& account) const;
  std::size_t take_surplus(Account& account);
  void note_refused(Account& account);
  AccountStatistics statistics_of(const Account& account) const;
  bool debit(Account& account, std::size_t bytes);  // whether that was a closed account's last
  AccountList& list(PoolKind kind) { return lists_[static_cast<std::size_t>(kind)]; }
  const AccountList& list(PoolKind kind) const { return lists_[static_cast<std::size_t>(kind)]; }
  Instant poll_tick(const void* who, Instant now);
  void even_out();
  bool needs_tick() const;
  void arm();
  void notify_waiters();

  void add_waiting_readers(PoolKind pool, int count) {
    readers_waiting_[static_cast<std::size_t>(pool)].fetch_add(count);
  }

  template <class Grow>
  bool grow_or_reclaim(const Grow& grow_once);

  MemorySource& source_;
  mutable Mutex mutex_;
  BudgetOptions options_;
  Line line_;
  std::array<AccountList, pools_count> lists_;
  BudgetWaiter* waiters_ = nullptr;  // in the order in which they asked
  BudgetWaiter* last_waiter_ = nullptr;
  struct HoldersSeen {
    Instant until = Instant::min();
    PoolHolders holders;
  };
  std::array<HoldersSeen, pools_count> holders_seen_;
  std::array<std::atomic<int>, pools_count> readers_waiting_{};
  std::size_t leases_ = 0;  // accounts that have set something aside
  bool pressed_ = false;    // someone was refused since the last tick
  // Of a tick that is wanted, but of which nobody has said yet when.
  static constexpr Instant soon = Instant::min();
  std::atomic<Instant> next_tick_ = never;
  std::atomic<const void*> ticker_ = nullptr;
  std::atomic<std::uint64_t> owners_ = 0;
  PagePool segments_;
  PagePool chunks_;
  ProgressReserve reserve_;
};

}  // namespace plimsoll
