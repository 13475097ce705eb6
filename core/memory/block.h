#pragma once

#include <cstddef>
#include <utility>

#include "plimsoll/core/memory/account.h"

namespace plimsoll {

/// Owns a piece of memory of any size, charged to an account at what the allocator really spends on
/// it. Aligned for any type, undefined at first; move-only; any thread may release it.
class Block {
 public:
  Block() = default;
  Block(Block&& other) noexcept
      : account_(other.account_),
        data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  Block& operator=(Block&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Block() { reset(); }

  /// Returns an empty block where the account or the source refuses.
  static Block allocate(Account& account, std::size_t bytes);

  void reset();

  /// Gives up a block that was allocated in vain, since something else was refused. Nobody who
  /// waits for memory is notified (Account::revoke()): waiters would try the same, give up this
  /// block in turn, and wake each other for ever.
  void discard();

  explicit operator bool() const { return data_ != nullptr; }
  void* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  std::size_t charged_bytes() const;

 private:
  Account* account_ = nullptr;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll
