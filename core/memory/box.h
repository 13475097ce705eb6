#pragma once

#include <new>
#include <utility>

#include "plimsoll/core/memory/block.h"

namespace plimsoll::inline v0 {

/// Owns one T in a block of its own, charged to an account. Move-only.
template <class T>
class Box {
 public:
  Box() = default;
  Box(Box&&) noexcept = default;
  Box& operator=(Box&& other) noexcept {
    Box taken(std::move(other));
    std::swap(block_, taken.block_);  // `taken` now owns this box's old T and ends it
    return *this;
  }
  ~Box() {
    if (block_) get()->~T();
  }

  /// Makes T(arguments...), with `more_bytes` behind it for T's own use. Returns an empty box if
  /// the account or the source refuses.
  template <class... Arguments>
  static Box make(Account& account, std::size_t more_bytes, Arguments&&... arguments) {
    Box box;
    box.block_ = Block::allocate(account, sizeof(T) + more_bytes);
    if (box.block_) new (box.block_.data()) T(std::forward<Arguments>(arguments)...);
    return box;
  }

  T* get() const { return static_cast<T*>(block_.data()); }
  T* operator->() const { return get(); }
  T& operator*() const { return *get(); }
  explicit operator bool() const { return static_cast<bool>(block_); }

 private:
  Block block_;
};

}  // namespace plimsoll::inline v0
