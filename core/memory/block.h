#pragma once

#include <cstddef>
#include <utility>

#include "plimsoll/core/memory/account.h"

namespace plimsoll::inline v0 {

/// Owns a piece of memory of any size, charged to an account at what the allocator really spends on
/// it. Aligned for any type, not initialised; move-only; any thread may release it.
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

  /// Returns an empty block if the account or the source refuses.
  static Block allocate(Account& account, std::size_t bytes);

  void reset() {
    if (data_ != nullptr) release();
  }

  /// Gives up a block that is of no use because another allocation was refused. Does not notify
  /// waiters (Account::revoke()): they would try the same, give up their block in turn, and wake
  /// each other for ever.
  void discard();

  explicit operator bool() const { return data_ != nullptr; }
  void* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  std::size_t charged_bytes() const;

 private:
  void release();

  Account* account_ = nullptr;
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::inline v0
