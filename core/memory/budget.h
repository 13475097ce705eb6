#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/mutex.h"
#include "plimsoll/core/base/result.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/page_pool.h"
#include "plimsoll/core/memory/progress_reserve.h"

// The memory line. One Budget holds one number, memory_limit, and the named pools below it; what
// the core keeps is charged here before it exists, so the sum never passes the line. Thread-safe:
// natively all clients of a process share one. It must outlive everything charged to it.

namespace plimsoll {

class Account;
class AccountHandle;

enum class PoolKind : std::uint8_t {
  cache,        ///< entries, index, policy state
  requests,     ///< encoded requests and the state of each
  replies,      ///< read buffers, and replies not yet released
  pushes,       ///< queued push messages
  connections,  ///< session state, handshakes, accounts
  spare,        ///< free pages kept for reuse, and the progress reserve
};

inline constexpr std::size_t pools_count = static_cast<std::size_t>(PoolKind::spare) + 1;

/// "cache", "requests", ...: as in options and statistics.
const char* name(PoolKind pool);

/// The smallest line that a client can work under: the progress reserve, and a segment or two for
/// each of requests and replies at their default shares.
inline constexpr std::size_t memory_limit_min = 1024 * 1024;

struct BudgetOptions {
  /// The line, in bytes: memory_limit_min or more.
  std::size_t memory_limit = 64 * 1024 * 1024;

  /// What each pool may use at most, as a share of the line, in percent.
  unsigned requests_percent = 25;
  unsigned replies_percent = 25;
  unsigned pushes_percent = 10;
};

struct PoolStatistics {
  std::size_t limit = 0;
  std::size_t used = 0;
  std::size_t peak = 0;
  std::uint64_t refused = 0;  ///< charges that were not granted
};

/// All in bytes, as of one instant. The pools' `used` add up to the budget's.
struct BudgetStatistics {
  std::size_t limit = 0;
  std::size_t used = 0;
  std::size_t peak = 0;
  std::array<PoolStatistics, pools_count> pools;

  const PoolStatistics& pool(PoolKind kind) const { return pools[static_cast<std::size_t>(kind)]; }
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
  /// Says whether `options` make sense (invalid_option, with both numbers).
  static Status validate(const BudgetOptions& options);

  /// `options` must be valid; `source` must outlive this.
  Budget(const BudgetOptions& options, MemorySource& source);
  ~Budget();
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// An account below `pool`: empty where the pool cannot pay for the account itself.
  AccountHandle open_account(PoolKind pool);

  /// The largest charge that `pool` could ever be granted.
  std::size_t limit(PoolKind pool) const;

  PagePool& segments() { return segments_; }
  PagePool& chunks() { return chunks_; }
  MemorySource& source() { return source_; }

  ProgressReserve& progress_reserve() { return reserve_; }

  /// Has `waiter` told, once, when memory is next released.
  void wait(BudgetWaiter& waiter);
  void stop_waiting(BudgetWaiter& waiter);
  void notify_available();

  BudgetStatistics statistics() const;

  /// CHECKs that the accounts add up and stay below their limits, for tests and the simulator. Not
  /// while other threads use it.
  void validate();

 private:
  friend class Account;
  friend class AccountHandle;
  friend class PagePool;
  friend class ProgressReserve;

  struct PoolState {
    std::size_t limit = 0;
    std::size_t used = 0;
    std::size_t peak = 0;
    std::uint64_t refused = 0;
  };

  PoolState& pool(PoolKind kind) { return pools_[static_cast<std::size_t>(kind)]; }

  // What an Account asks for. The spare pages are given back before anything is refused.
  bool charge(Account& account, std::size_t bytes);
  bool grow_or_reclaim(PoolKind kind, std::size_t bytes, Account* account);
  void release(Account& account, std::size_t bytes);
  void revoke(Account& account, std::size_t bytes);
  void close(Account& account);
  void destroy(Account& account);

  // Free pages change hands between an account and the spare pool: the total stays.
  bool move_from_spare(Account& account, std::size_t bytes);
  void move_to_spare(Account& account, std::size_t bytes);
  void release_spare(std::size_t bytes);

  // With mutex_ held.
  bool grow(PoolState& state, std::size_t bytes);
  bool debit(Account& account, std::size_t bytes);  // whether that was a closed account's last
  void notify_waiters();

  MemorySource& source_;
  mutable Mutex mutex_;
  std::size_t limit_;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
  std::array<PoolState, pools_count> pools_;
  BudgetWaiter* waiters_ = nullptr;
  PagePool segments_;
  PagePool chunks_;
  ProgressReserve reserve_;
};

}  // namespace plimsoll
