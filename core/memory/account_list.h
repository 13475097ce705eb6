#pragma once

#include <cstddef>

#include "plimsoll/core/memory/account_state.h"

// The accounts of one pool, and the level: the most that one of them may have. Not thread-safe; the
// Ledger holds its lock.
//
// Invariants:
// - Each account that is open, or closed and not yet empty, is in exactly one list, its pool's.
// - The level is `no_level`, or enough for one client to make progress (level_min).
// - Only even_out() changes the level. An account may be above the level: then it is granted
//   nothing beyond its allowance, and falls to the level as its owner releases memory.

namespace plimsoll::inline v0 {

class AccountList {
 public:
  static constexpr std::size_t no_level = SIZE_MAX;

  void add(AccountState& account);
  void remove(AccountState& account);
  std::size_t size() const { return size_; }

  /// The most that one account may have; `no_level` if no account has to be held back.
  std::size_t level() const { return level_; }

  /// Finds the level at which the accounts that are in use share `bytes` fairly: an account that
  /// needs less than an equal part keeps what it needs, and the others divide the rest evenly. Sets
  /// no level if no account was refused since the last tick, unless `yields`, which means that the
  /// pool has to give memory back.
  void even_out(std::size_t bytes, bool yields);

  /// Calls visit(AccountState&) for each account. `visit` must not remove an account.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (AccountState* account = first_; account != nullptr; account = account->next) {
      visit(*account);
    }
  }

 private:
  AccountState* first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t level_ = no_level;
};

}  // namespace plimsoll::inline v0
