#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "plimsoll/core/memory/account_state.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/memory_source.h"

// Who pays for memory. An Account is one payer in one pool (a client's requests, its replies...). A
// Charge is what one thing costs, and travels with that thing. An account outlives its owner until
// the last charge on it is released, because a reply may outlive its client.
//
// An account has an allowance: bytes that it has been charged ahead of need, so that most charges
// and releases only add to or take from the allowance, without a lock. It may also keep some pages
// that it has released. All else goes to the Ledger, which has the lock. If memory is short, the
// Ledger sets a level for each pool: the most that one account of the pool may have.

namespace plimsoll::inline v0 {

class AccountHandle;
class Budget;

class Account : private AccountState {
 public:
  /// Reserves `bytes`. False: refused, and nothing has changed. Thread-safe.
  [[nodiscard]] bool charge(std::size_t bytes) {
    return allowance.take(bytes) || ledger_.grow(*this, bytes);
  }

  /// Gives back bytes that were charged. Thread-safe. If the account is closed and these were its
  /// last bytes, it is freed; the thread that frees it sees everything that other threads did with
  /// it before.
  void release(std::size_t bytes) {
    if (!allowance.put_back(bytes)) shrink(bytes);
  }

  /// Takes back a charge for memory that the memory source did not have. Does not notify waiters:
  /// they would ask for the same memory, and the source would refuse them, too. Thread-safe.
  void revoke(std::size_t bytes) { ledger_.revoke(*this, bytes); }

  /// Returns a block of `bytes`, aligned for any type and not initialised, and charges what the
  /// source spends on it. Returns null if this account or the source refuses; then nothing stays
  /// charged. Thread-safe, like everything below.
  void* allocate(std::size_t bytes) { return allocate(bytes, footprint(bytes)); }

  /// Gives a block back. `bytes` must be the size that allocate() was called with.
  void deallocate(void* block, std::size_t bytes) { deallocate(block, bytes, footprint(bytes)); }

  /// Like deallocate(), for a block that is of no use because another allocation was refused. Like
  /// revoke(), does not notify waiters.
  void discard(void* block, std::size_t bytes) { discard(block, bytes, footprint(bytes)); }

  /// Returns what a block of `bytes` costs. A caller that needs this number anyway passes it to the
  /// functions below, so that the source computes it once.
  std::size_t footprint(std::size_t bytes) const { return source().block_footprint(bytes); }
  void* allocate(std::size_t bytes, std::size_t footprint) {
    if (!charge(footprint)) return nullptr;
    void* const block = source().allocate_block(bytes);
    if (block == nullptr) revoke(footprint);
    return block;
  }
  void deallocate(void* block, std::size_t bytes, std::size_t footprint) {
    source().release_block(block, bytes);
    release(footprint);
  }
  void discard(void* block, std::size_t bytes, std::size_t footprint) {
    source().release_block(block, bytes);
    revoke(footprint);
  }

  /// Returns by how many bytes the account is above its pool's level, because other accounts need
  /// memory or the line was lowered. The owner releases them as soon as it can. Thread-safe.
  std::size_t excess() const { return ledger_.excess(*this); }

  /// Adds `count`, which may be negative, to the number of the owner's requests or readers that
  /// wait for memory. Thread-safe.
  void add_waiting(int count) { waiting.fetch_add(count, std::memory_order_relaxed); }

  /// The same for the owner's connections that wait for memory to read into.
  /// Budget::readers_waiting() counts these, too. Thread-safe.
  void add_waiting_readers(int count) {
    add_waiting(count);
    ledger_.add_waiting_readers(pool(), count);
  }

  /// Whether the account is so busy that it keeps the pages that it releases, up to a bound: then a
  /// page costs it less than a small block. Any thread; a hint.
  bool keeps_pages() const { return kept_pages.is_open(); }

  /// The budget that this account is part of. Budget is incomplete here: below budget.h code can
  /// only pass the reference on.
  Budget& budget() const { return ledger_.budget(); }
  MemorySource& source() const { return ledger_.source(); }
  PoolKind pool() const { return AccountState::pool; }
  std::uint64_t owner() const { return AccountState::owner; }

 private:
  friend class AccountHandle;
  friend class Budget;
  friend class PagePool;

  /// Returns an empty handle if the connections pool cannot pay for the account itself, or the
  /// source has no memory for it.
  static AccountHandle open(Ledger& ledger, PoolKind kind, std::uint64_t owner_number);

  Account(Ledger& ledger, PoolKind kind, std::uint64_t owner_number)
      : AccountState(kind, owner_number), ledger_(ledger) {}

  void close();
  void shrink(std::size_t bytes);
  void end();

  // For PagePool: moves the charge for a free page between the spare pool and this account.
  [[nodiscard]] bool take_from_spare(std::size_t bytes);
  void give_to_spare(std::size_t bytes);

  Ledger& ledger_;
};

/// Owns an account. Its destructor closes the account.
class AccountHandle {
 public:
  AccountHandle() = default;
  explicit AccountHandle(Account* account) : account_(account) {}
  AccountHandle(AccountHandle&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)) {}
  AccountHandle& operator=(AccountHandle&& other) noexcept {
    std::swap(account_, other.account_);
    return *this;
  }
  ~AccountHandle();

  explicit operator bool() const { return account_ != nullptr; }
  Account& operator*() const { return *account_; }
  Account* operator->() const { return account_; }

 private:
  Account* account_ = nullptr;
};

/// Bytes that an account has paid for. The destructor gives them back.
class Charge {
 public:
  Charge() = default;
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  Charge(Charge&& other) noexcept
      : account_(other.account_), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() { shrink(bytes_); }

  /// An empty charge on `account`, to grow later. The account must be open.
  explicit Charge(Account& account) : account_(&account) {}

  /// Pays for `bytes` more. False: refused, and the charge stays as it is.
  [[nodiscard]] bool grow(std::size_t bytes);

  void shrink(std::size_t bytes);

  /// Moves `bytes` of this charge into a new charge on the same account.
  Charge split(std::size_t bytes);

  /// Takes over what `other` pays for. Both must be on the same account.
  void merge(Charge&& other);

  std::size_t bytes() const { return bytes_; }

 private:
  Account* account_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::inline v0
