#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "plimsoll/core/memory/account_list.h"
#include "plimsoll/core/memory/budget.h"

// Who pays. An Account is one line in the Budget's tree (a client's requests, its replies...); a
// Charge is what one thing costs, and travels with that thing. An account whose owner is gone lives
// on until the last charge on it is released: a reply may outlive its client.

namespace plimsoll {

class Account : private AccountState {
 public:
  /// Reserves `bytes`, or says no: then nothing has changed. Thread-safe.
  [[nodiscard]] bool charge(std::size_t bytes) {
    std::size_t idle = leased_idle_.load(std::memory_order_relaxed);
    while (idle != no_lease && idle >= bytes) {
      if (leased_idle_.compare_exchange_weak(idle, idle - bytes, std::memory_order_relaxed)) {
        return true;
      }
    }
    return budget_.grow(*this, bytes);
  }

  /// Gives back bytes that were granted. Thread-safe. The account may be gone afterwards: whoever
  /// ends it has to see all that was done with it before.
  void release(std::size_t bytes) {
    std::size_t idle = leased_idle_.load(std::memory_order_relaxed);
    while (idle != no_lease && idle + bytes <= lease_bytes_max) {
      if (leased_idle_.compare_exchange_weak(idle, idle + bytes, std::memory_order_release,
                                             std::memory_order_relaxed)) {
        return;
      }
    }
    budget_.shrink(*this, bytes);
  }

  /// Takes back a charge for memory that the source did not have. Nobody is told: those who wait
  /// would ask for the same memory, and again be refused by the source. Thread-safe.
  void revoke(std::size_t bytes) { budget_.revoke(*this, bytes); }

  /// How many bytes it has beyond what it may have now, since others need them, or the line was
  /// lowered: to be released as soon as its owner can. Thread-safe.
  std::size_t excess() const { return budget_.excess(*this); }

  /// Says that so many more, or fewer, of its owner's things wait for memory. Thread-safe.
  void add_waiting(int count) { waiting_.fetch_add(count, std::memory_order_relaxed); }

  /// The same of its owner's connections that wait for memory to read to. Budget::readers_waiting()
  /// counts them, too. Thread-safe.
  void add_waiting_readers(int count) {
    add_waiting(count);
    budget_.add_waiting_readers(pool_, count);
  }

  Budget& budget() const { return budget_; }
  PoolKind pool() const { return pool_; }
  std::uint64_t owner() const { return owner_; }

 private:
  friend class Budget;
  friend class AccountHandle;

  Account(Budget& budget, PoolKind pool, std::uint64_t owner)
      : budget_(budget), pool_(pool), owner_(owner) {}

  Budget& budget_;
  const PoolKind pool_;
  const std::uint64_t owner_;

  // Of what is used, set aside for charges to come, which need no lock then; no_lease: nothing may
  // be. Only the Budget begins and ends a lease, with its lock held; in between any thread takes
  // from it and puts back. What is on its way back is not idle yet, so that an account cannot end
  // under a release.
  static constexpr std::size_t no_lease = SIZE_MAX;
  std::atomic<std::size_t> leased_idle_ = no_lease;
  std::atomic<int> waiting_ = 0;
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

/// Bytes paid for, given back at the end of its life.
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

  /// Pays for `bytes` more, or says no and stays as it is.
  [[nodiscard]] bool grow(std::size_t bytes);

  void shrink(std::size_t bytes);

  /// Takes `bytes` of this charge into one of their own.
  Charge split(std::size_t bytes);

  /// Takes over what `other` pays for. Both must be on the same account.
  void merge(Charge&& other);

  std::size_t bytes() const { return bytes_; }

 private:
  Account* account_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll
