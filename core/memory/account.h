#pragma once

#include <cstddef>
#include <utility>

#include "plimsoll/core/memory/budget.h"

// Who pays. An Account is one line in the Budget's tree (a client's requests, its replies...); a
// Charge is what one thing costs, and travels with that thing. An account whose owner is gone lives
// on until the last charge on it is released: a reply may outlive its client.

namespace plimsoll {

class Account {
 public:
  /// Reserves `bytes`, or says no: then nothing has changed. Thread-safe.
  [[nodiscard]] bool charge(std::size_t bytes) { return budget_.charge(*this, bytes); }

  /// Gives back bytes that were granted. Thread-safe. The account may be gone afterwards.
  void release(std::size_t bytes) { budget_.release(*this, bytes); }

  /// Takes back a charge for memory that the source did not have. Nobody is told: those who wait
  /// would ask for the same memory, and again be refused by the source. Thread-safe.
  void revoke(std::size_t bytes) { budget_.revoke(*this, bytes); }

  Budget& budget() const { return budget_; }
  PoolKind pool() const { return pool_; }

 private:
  friend class Budget;
  friend class AccountHandle;

  Account(Budget& budget, PoolKind pool) : budget_(budget), pool_(pool) {}

  Budget& budget_;
  const PoolKind pool_;
  bool closed_ = false;  // guarded by the Budget's mutex, like used_
  std::size_t used_ = 0;
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
