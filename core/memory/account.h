#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "plimsoll/core/memory/account_state.h"
#include "plimsoll/core/memory/ledger.h"
#include "plimsoll/core/memory/memory_source.h"

// Who pays. An Account is one payer in one pool (a client's requests, its replies...); a Charge is
// what one thing costs, and travels with that thing. An account whose owner is gone lives on until
// the last charge on it is released: a reply may outlive its client.

namespace plimsoll {

class AccountHandle;
class Budget;

class Account : private AccountState {
 public:
  /// Reserves `bytes`, or refuses: then nothing has changed. Thread-safe.
  [[nodiscard]] bool charge(std::size_t bytes) {
    return allowance.take(bytes) || ledger_.grow(*this, bytes);
  }

  /// Gives back bytes that were granted. Thread-safe. The account may be gone afterwards: the
  /// thread that ends the account sees all that others did with it before.
  void release(std::size_t bytes) {
    if (!allowance.put_back(bytes)) shrink(bytes);
  }

  /// Takes back a charge for memory that the source did not have. Nobody who waits is notified:
  /// waiters would ask for the same memory, and be refused by the source again. Thread-safe.
  void revoke(std::size_t bytes) { ledger_.revoke(*this, bytes); }

  /// Returns a block of `bytes`, aligned for any type and undefined at first, and charges what the
  /// source spends on it. Null where this account or the source refuses: then nothing stays
  /// charged. Thread-safe, like all that follows.
  void* allocate(std::size_t bytes) { return allocate(bytes, footprint(bytes)); }

  /// Gives a block back: `bytes` are as many as were asked for.
  void deallocate(void* block, std::size_t bytes) { deallocate(block, bytes, footprint(bytes)); }

  /// The same for a block that was allocated in vain, since something else was refused: nobody who
  /// waits is notified, as by revoke().
  void discard(void* block, std::size_t bytes) { discard(block, bytes, footprint(bytes)); }

  /// What a block of `bytes` costs. A caller that needs it anyway passes it to the functions below,
  /// so that the source is asked once.
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

  /// How many bytes the account has beyond what it may have now, since others need them, or since
  /// the line was lowered. Its owner releases them as soon as it can. Thread-safe.
  std::size_t excess() const { return ledger_.excess(*this); }

  /// Counts `count` more (or, where it is negative, fewer) of its owner's things that wait for
  /// memory. Thread-safe.
  void add_waiting(int count) { waiting.fetch_add(count, std::memory_order_relaxed); }

  /// The same for connections of its owner that wait for memory to read into.
  /// Budget::readers_waiting() counts them, too. Thread-safe.
  void add_waiting_readers(int count) {
    add_waiting(count);
    ledger_.add_waiting_readers(pool(), count);
  }

  /// The budget that this account is part of. Only what lies above budget.h can do more with it
  /// than pass it on.
  Budget& budget() const { return budget_; }
  MemorySource& source() const { return ledger_.source(); }
  PoolKind pool() const { return AccountState::pool; }
  std::uint64_t owner() const { return AccountState::owner; }

 private:
  friend class AccountHandle;
  friend class Budget;
  friend class PagePool;

  /// Empty where the connections pool cannot pay for the account itself, or the source has no
  /// memory for it.
  static AccountHandle open(Ledger& ledger, Budget& budget, PoolKind kind,
                            std::uint64_t owner_number);

  Account(Ledger& ledger, Budget& budget, PoolKind kind, std::uint64_t owner_number)
      : AccountState(kind, owner_number), ledger_(ledger), budget_(budget) {}

  void close();
  void shrink(std::size_t bytes);
  void end();

  // A free page changes hands: for PagePool.
  [[nodiscard]] bool take_from_spare(std::size_t bytes);
  void give_to_spare(std::size_t bytes);

  Ledger& ledger_;
  Budget& budget_;
};

/// Owns an account; ending it closes the account.
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

/// Bytes paid for; its destructor gives them back.
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

  /// Pays for `bytes` more, or refuses, and stays as it is.
  [[nodiscard]] bool grow(std::size_t bytes);

  void shrink(std::size_t bytes);

  /// Splits `bytes` off into a charge of their own.
  Charge split(std::size_t bytes);

  /// Takes over what `other` pays for. Both must be on the same account.
  void merge(Charge&& other);

  std::size_t bytes() const { return bytes_; }

 private:
  Account* account_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll
