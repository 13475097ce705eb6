#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "plimsoll/core/memory/block.h"

namespace plimsoll::bridge {

/// Bytes that are kept until more arrive, in one contiguous block that an account pays for. The
/// block is at most about twice as large as the bytes in it; without bytes there is no block.
class HeldBytes {
 public:
  /// `account` must stay open as long as this object lives.
  explicit HeldBytes(Account& account) : account_(account) {}
  HeldBytes(HeldBytes&& other) noexcept
      : account_(other.account_),
        block_(std::move(other.block_)),
        size_(std::exchange(other.size_, 0)) {}

  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {bytes(), size_}; }

  /// False if the account refuses memory; then nothing has changed.
  [[nodiscard]] bool append(std::string_view more) {
    if (more.empty()) return true;
    if (more.size() > block_.size() - size_ && !grow(size_ + more.size())) return false;
    std::memcpy(bytes() + size_, more.data(), more.size());
    size_ += more.size();
    return true;
  }

  /// Takes the last `count` bytes away again.
  void cut(std::size_t count) { size_ -= count; }

  void clear() {
    block_ = Block();
    size_ = 0;
  }

 private:
  static constexpr std::size_t block_bytes_min = 256;

  char* bytes() const { return static_cast<char*>(block_.data()); }

  bool grow(std::size_t bytes_min) {
    Block larger = Block::allocate(account_, std::max(block_bytes_min, std::bit_ceil(bytes_min)));
    if (!larger) return false;
    if (size_ > 0) std::memcpy(larger.data(), block_.data(), size_);
    block_ = std::move(larger);
    return true;
  }

  Account& account_;
  Block block_;
  std::size_t size_ = 0;
};

}  // namespace plimsoll::bridge
