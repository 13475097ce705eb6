#pragma once

#include <cstddef>
#include <cstdint>

// The accounts of one pool, and what one of them may have at most: the level. Not thread-safe: the
// Budget locks.

namespace plimsoll {

/// What is known of an account under the Budget's lock.
struct AccountState {
  bool closed = false;
  bool was_refused = false;  ///< since the last tick
  std::uint8_t grows = 0;    ///< since the last tick, as far as it matters
  std::size_t used = 0;      ///< with what it has set aside
  std::size_t peak = 0;
  std::uint64_t refused = 0;
  AccountState* next = nullptr;
  AccountState* previous = nullptr;
};

class AccountList {
 public:
  static constexpr std::size_t no_level = SIZE_MAX;

  void add(AccountState& account);
  void remove(AccountState& account);
  std::size_t size() const { return size_; }

  /// The most that one account may have: no_level where nobody has to be held back.
  std::size_t level() const { return level_; }

  /// Evens out `bytes` over the accounts that are in use: those that asked for more than there was
  /// get the same each, of what the others do not need. `yields`: also if nobody asked.
  void even_out(std::size_t bytes, bool yields);

  /// Calls visit(AccountState&) for each; it may not remove any.
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

}  // namespace plimsoll
