#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// A binary heap of pointers to objects with a deadline, the earliest first. Adding and removing
// cost O(log n). The first inline_places objects need no allocation. A larger array is charged to a
// payer, and freed when the last object is removed.

namespace plimsoll::inline v0 {

/// T has a `deadline`, and a `place`, which only the heap may change.
template <class T>
class DeadlineHeap {
 public:
  static constexpr std::size_t nowhere = SIZE_MAX;
  static constexpr std::size_t inline_places = 16;

  explicit DeadlineHeap(Account& payer) : payer_(payer) {}
  DeadlineHeap(const DeadlineHeap&) = delete;
  DeadlineHeap& operator=(const DeadlineHeap&) = delete;

  /// The object with the earliest deadline; null if the heap is empty.
  T* first() const { return count_ == 0 ? nullptr : places_[0]; }

  std::size_t size() const { return count_; }

  /// The number of pointers moved so far. Tests use it to measure the cost of calls.
  std::uint64_t steps() const { return steps_; }

  /// Returns false if there is no memory.
  bool add(T& thing) {
    if (count_ == room_ && !grow()) return false;
    put(thing, count_++);
    rise(thing);
    return true;
  }

  /// `thing` must be in the heap.
  void remove(T& thing) {
    const std::size_t place = std::exchange(thing.place, nowhere);
    T& last = *places_[--count_];
    if (&last != &thing) {
      put(last, place);
      rise(last);
      sink(last);
    }
    if (count_ > 0 || places_ == inline_.data()) return;
    places_ = inline_.data();
    room_ = inline_places;
    const Block taken = std::move(grown_);
  }

 private:
  void put(T& thing, std::size_t place) {
    ++steps_;
    places_[place] = &thing;
    thing.place = place;
  }

  void rise(T& thing) {
    while (thing.place > 0) {
      T& above = *places_[(thing.place - 1) / 2];
      if (!(thing.deadline < above.deadline)) return;
      const std::size_t place = above.place;
      put(above, thing.place);
      put(thing, place);
    }
  }

  void sink(T& thing) {
    for (;;) {
      const std::size_t left = thing.place * 2 + 1;
      if (left >= count_) return;
      const bool takes_right =
          left + 1 < count_ && places_[left + 1]->deadline < places_[left]->deadline;
      T& below = *places_[takes_right ? left + 1 : left];
      if (!(below.deadline < thing.deadline)) return;
      const std::size_t place = below.place;
      put(below, thing.place);
      put(thing, place);
    }
  }

  bool grow() {
    Block grown = Block::allocate(payer_, room_ * 2 * sizeof(T*));
    if (!grown) return false;
    auto* const places = static_cast<T**>(grown.data());
    std::copy_n(places_, count_, places);
    grown_ = std::move(grown);
    places_ = static_cast<T**>(grown_.data());
    room_ *= 2;
    return true;
  }

  Account& payer_;
  std::array<T*, inline_places> inline_{};
  Block grown_;
  T** places_ = inline_.data();
  std::size_t room_ = inline_places;
  std::size_t count_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace plimsoll::inline v0
