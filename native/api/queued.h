#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::native {

/// The place of a command in its transaction: what TransactionReplies::get() wants for its reply, a
/// T.
template <class T>
class Queued {
 public:
  Queued() = default;

  std::size_t index() const { return index_; }

 private:
  friend class Transaction;
  friend class TransactionReplies;
  Queued(std::uint64_t transaction, std::size_t index) : transaction_(transaction), index_(index) {}

  std::uint64_t transaction_ = 0;  // 0: none
  std::size_t index_ = 0;
};

}  // namespace plimsoll::native
