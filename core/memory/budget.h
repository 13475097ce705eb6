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

// The memory line. One Budget holds one number, memory_limit, and the named pools below it. All
// that the core keeps is charged here before it is allocated, so the sum never passes the line.
// Thread-safe: natively all clients of a process share one Budget. It must outlive everything that
// is charged to it.
//
// Who charges whom:
//
//     memory_limit                          the line                          Line
//      |-- cache                            pools: each has a share of the    Shares, Line
//      |-- requests                         line, and may borrow what others
//      |-- replies                          leave idle of theirs
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
// Who uses whom, each only what stands to its left:
//
//     MemorySource <- Shares <- Line, AccountState, AccountList <- Ledger <- Account
//                  <- PagePool, ProgressReserve <- Budget <- segment.h
//
// Block, Box, Queue and Directory stand on Account.

namespace plimsoll {

/// Free pages that nobody needed for so many ticks go back to the system.
inline constexpr unsigned free_page_ticks_max = 10;

class Budget final : private PageReclaimer {
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
  BudgetOptions options() const { return ledger_.options(); }

  /// Opens an account below `pool`. Empty where the connections pool cannot pay for the account
  /// itself, or the source has no memory for it. `owner` is for statistics.
  AccountHandle open_account(PoolKind pool, std::uint64_t owner = 0);

  /// A number for an owner of accounts: 1, 2...
  std::uint64_t next_owner() { return owners_.fetch_add(1, std::memory_order_relaxed) + 1; }

  /// The largest charge that `pool` could ever be granted.
  std::size_t limit(PoolKind pool) const { return ledger_.limit(pool); }

  /// What `pool` is guaranteed.
  std::size_t share(PoolKind pool) const { return ledger_.share(pool); }

  PagePool& segments() { return segments_; }
  PagePool& chunks() { return chunks_; }
  MemorySource& source() { return ledger_.source(); }

  ProgressReserve& progress_reserve() { return reserve_; }

  /// Has `waiter` notified, once, when memory is next released.
  void wait(BudgetWaiter& waiter) { ledger_.wait(waiter); }
  void stop_waiting(BudgetWaiter& waiter) { ledger_.stop_waiting(waiter); }
  void notify_available() { ledger_.notify_available(); }

  /// When to call handle_timeout() at the latest; `never` where nothing has to be done. Every user
  /// of the Budget asks. One of them, `who`, gets a time and does the work for all, until it
  /// leaves.
  Instant poll_timeout(const void* who, Instant now) { return ledger_.poll_timeout(who, now); }
  void handle_timeout(Instant now);
  void leave(const void* who) { ledger_.leave(who); }

  BudgetStatistics statistics() const;

  /// Writes as many of the accounts as fit `out`; returns how many there are.
  std::size_t account_statistics(std::span<AccountStatistics> out) const {
    return ledger_.account_statistics(out);
  }

  /// Connections that wait for memory of `pool` to read into; or of any pool, for the progress
  /// reserve serves all.
  std::size_t readers_waiting(PoolKind pool) const { return ledger_.readers_waiting(pool); }
  std::size_t readers_waiting() const { return ledger_.readers_waiting(); }

  /// As of `now`, or up to holders_age_max before: it walks over the pool's accounts, but not more
  /// often than that, however many ask.
  PoolHolders holders(PoolKind pool, Instant now) { return ledger_.holders(pool, now); }

  /// CHECKs that the accounts add up and stay below their limits, for tests and the simulator. No
  /// other thread may use the Budget meanwhile.
  void validate();

 private:
  void reclaim_pages() override;

  Ledger ledger_;
  std::atomic<std::uint64_t> owners_ = 0;
  PagePool segments_;
  PagePool chunks_;
  ProgressReserve reserve_;
};

}  // namespace plimsoll
