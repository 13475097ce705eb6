#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box.h"

namespace plimsoll::inline v0 {

/// Objects by small numbers, each in a Box of its own, so that none is ever moved. The table itself
/// is charged to the account, too, and grows with the highest number in use; it never shrinks.
template <class T>
class BoxTable {
 public:
  explicit BoxTable(Account& payer) : payer_(payer) {}
  BoxTable(const BoxTable&) = delete;
  BoxTable& operator=(const BoxTable&) = delete;
  ~BoxTable() {
    for (std::uint32_t i = 0; i < end_; ++i) boxes_[i].~Box<T>();
  }

  /// All numbers in use are below this.
  std::uint32_t end() const { return end_; }

  bool has(std::uint32_t number) const { return number < end_ && boxes_[number]; }
  T& operator[](std::uint32_t number) const { return *boxes_[number]; }

  /// Makes T(arguments...) in the place of what has this number. Returns null, and changes no
  /// object, if the account refuses the memory.
  template <class... Arguments>
  T* make(std::uint32_t number, Arguments&&... arguments) {
    if (!make_room(number)) return nullptr;
    Box<T> made = Box<T>::make(payer_, 0, std::forward<Arguments>(arguments)...);
    if (!made) return nullptr;
    boxes_[number] = std::move(made);
    return boxes_[number].get();
  }
  void remove(std::uint32_t number) { boxes_[number] = {}; }

 private:
  static constexpr std::uint32_t places_min = 8;

  bool make_room(std::uint32_t number) {
    if (number < end_) return true;
    const std::size_t places = block_.size() / sizeof(Box<T>);
    if (number >= places) {
      const std::size_t wanted = std::max<std::size_t>({places_min, 2 * places, number + 1u});
      Block block = Block::allocate(payer_, wanted * sizeof(Box<T>));
      if (!block) return false;
      auto* const boxes = static_cast<Box<T>*>(block.data());
      for (std::uint32_t i = 0; i < end_; ++i) {
        new (&boxes[i]) Box<T>(std::move(boxes_[i]));
        boxes_[i].~Box<T>();
      }
      block_ = std::move(block);
      boxes_ = boxes;
    }
    for (; end_ <= number; ++end_) new (&boxes_[end_]) Box<T>();
    return true;
  }

  Account& payer_;
  Block block_;
  Box<T>* boxes_ = nullptr;  // in block_
  std::uint32_t end_ = 0;
};

}  // namespace plimsoll::inline v0
