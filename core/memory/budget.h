#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/page_pool.h"
#include "plimsoll/core/memory/progress_reserve.h"
#include "plimsoll/core/memory/shares.h"
#include "plimsoll/core/memory/statistics.h"
#include "plimsoll/core/memory/tick_timer.h"
#include "plimsoll/core/memory/waiter_list.h"

// The memory line. One Budget holds one number, memory_limit, and the named pools below it.
// Everything that the core keeps is charged here before it is allocated, so the sum never exceeds
// the line. Thread-safe: natively all clients of a process share one Budget. It must outlive
// everything that is charged to it.
//
// Who charges whom:
//
//     memory_limit                          the line                          Line
//      |-- cache                            pools: each has a share of the    Shares, Line
//      |-- requests                         line, and may borrow what others
//      |-- replies                          leave idle
//      |-- pushes
//      |-- connections --- pays for the accounts themselves, too
//      '-- spare --------- pays for free pages and the progress reserve; no accounts
//           |
//     accounts of a pool                    a client's requests, its replies  Account
//           |
//     charges of an account                 what one thing costs
//      |-- segment, 64 KiB                  PagePool, segment.h
//      |-- chunk, 4 KiB                     PagePool
//      '-- block, any size                  Account::allocate(): Block, Box, Queue, Directory
//
// Which class uses which. Each uses only classes to its left:
//
//     MemorySource <- Shares <- Line, AccountState, AccountList <- Ledger <- Account
//                  <- PagePool, ProgressReserve <- Budget <- segment.h
//
// Block, Box, Queue and Directory build on Account.

namespace plimsoll::inline v0 {

/// Free pages go back to the system after this many ticks without use.
inline constexpr unsigned free_page_ticks_max = 10;

class Budget final : private PageReclaimer {
 public:
  /// Checks that `options` are valid (shares_of()).
  static Status validate(const BudgetOptions& options);

  /// `options` must be valid; `source` must outlive this.
  Budget(const BudgetOptions& options, MemorySource& source);
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Changes the line and the shares. If more is used than the new options allow, charges are
  /// refused until enough is released. On the error invalid_option nothing has changed.
  Status configure(const BudgetOptions& options);
  Status set_memory_limit(std::size_t bytes);
  BudgetOptions options() const { return ledger_.options(); }

  /// Opens an account in `pool`. Returns an empty handle if the connections pool cannot pay for the
  /// account itself, or the source has no memory for it. `owner` identifies the owner in
  /// statistics.
  AccountHandle open_account(PoolKind pool, std::uint64_t owner = 0);

  /// Returns a new number for an owner of accounts: 1, 2...
  std::uint64_t next_owner() { return owners_.fetch_add(1, std::memory_order_relaxed) + 1; }

  /// The largest charge that `pool` could ever be granted.
  std::size_t limit(PoolKind pool) const { return ledger_.limit(pool); }

  /// The bytes that `pool` is guaranteed.
  std::size_t share(PoolKind pool) const { return ledger_.share(pool); }

  PagePool& segments() { return segments_; }
  PagePool& chunks() { return chunks_; }
  MemorySource& source() { return ledger_.source(); }

  ProgressReserve& progress_reserve() { return reserve_; }

  /// Gives back to the source what is free: what accounts have set aside, and free pages. None of
  /// it stands in the way of a charge; so this is for those who look at what is used.
  void reclaim();

  /// Notifies `waiter` once, when memory is next released.
  void wait(BudgetWaiter& waiter) { ledger_.wait(waiter); }
  void stop_waiting(BudgetWaiter& waiter) { ledger_.stop_waiting(waiter); }
  void notify_available() { ledger_.notify_available(); }

  /// Returns when to call handle_timeout() at the latest, or `never` if there is nothing to do.
  /// Every user of the Budget asks, and passes itself as `who`. One of them gets a time and does
  /// the work for all, until the tick has passed or it calls leave().
  Instant poll_timeout(const void* who, Instant now) { return ledger_.poll_timeout(who, now); }
  void handle_timeout(Instant now);
  void leave(const void* who) { ledger_.leave(who); }

  BudgetStatistics statistics() const;

  /// Writes the accounts that fit into `out`. Returns the number of all accounts.
  std::size_t account_statistics(std::span<AccountStatistics> out) const {
    return ledger_.account_statistics(out);
  }

  /// Returns how many connections wait for memory of `pool` to read into. Without an argument: of
  /// any pool, since the progress reserve serves all pools.
  std::size_t readers_waiting(PoolKind pool) const { return ledger_.readers_waiting(pool); }
  std::size_t readers_waiting() const { return ledger_.readers_waiting(); }

  /// Returns the holders as of `now`, or up to holders_age_max earlier. The function walks over the
  /// pool's accounts, but at most once per holders_age_max, however many callers ask.
  PoolHolders holders(PoolKind pool, Instant now) { return ledger_.holders(pool, now); }

  /// CHECKs that the accounts add up and stay below their limits, for tests and the simulator. No
  /// other thread may use the Budget meanwhile.
  void validate();

 private:
  void reclaim_pages() override;
  bool add_free_chunk(void* chunk) override { return chunks_.adopt(chunk); }

  Ledger ledger_;
  std::atomic<std::uint64_t> owners_ = 0;
  PagePool segments_;
  PagePool chunks_;
  ProgressReserve reserve_;
};

}  // namespace plimsoll::inline v0
