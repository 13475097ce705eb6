#pragma once

#include "plimsoll/core/base/cxx20.h"

#include <cstddef>
#include <cstdint>

namespace plimsoll::inline v0::native {

/// A command that was queued in a transaction: pass it to TransactionReplies::get() for its reply,
/// a T. A small value that you may copy; it does not keep the transaction alive.
template <class T>
class Queued {
 public:
  Queued() = default;

  /// The place of the command in its transaction, counted from 0.
  std::size_t index() const { return index_; }

 private:
  friend class Transaction;
  friend class TransactionReplies;
  Queued(std::uint64_t transaction, std::size_t index) : transaction_(transaction), index_(index) {}

  std::uint64_t transaction_ = 0;  // 0: none
  std::size_t index_ = 0;
};

}  // namespace plimsoll::inline v0::native
