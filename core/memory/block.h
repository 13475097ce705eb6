#pragma once

#include <cstddef>
#include <utility>

#include "plimsoll/core/memory/account.h"

namespace plimsoll {

/// A small piece of memory of any size, charged at what the allocator really spends on it. Aligned
/// for any type, undefined at first, move-only, and released on any thread.
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

  /// Empty where the account or the source refuses.
  static Block allocate(Account& account, std::size_t bytes);

  void reset();

  /// Gives up what was had in vain, since something else was refused: nobody is told that there is
  /// memory (Account::revoke()). Those who wait would ask for the same, and tell each other of this
  /// block for ever.
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
