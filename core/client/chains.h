#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/block.h"

// An intrusive hash table: finds objects by a number, with constant cost to add, find and remove
// one. The first inline_chains chains need no allocation. The table doubles as objects are added;
// the larger table is charged to a payer and freed when the last object is removed. If there is no
// memory for it, the chains grow longer.

namespace plimsoll::inline v0 {

template <class T>
struct ChainHook {
  T* next = nullptr;
  T** link = nullptr;  // the pointer that points to this object
};

template <class T, ChainHook<T> T::* hook, std::uint64_t T::* number,
          std::size_t inline_chains = 32>
class Chains {
 public:
  static_assert(std::has_single_bit(inline_chains));

  explicit Chains(Account& payer) : payer_(payer) {}
  Chains(const Chains&) = delete;
  Chains& operator=(const Chains&) = delete;

  /// Walks over the chain that holds all objects with number `wanted`; others may be in it, too.
  T* first(std::uint64_t wanted) const { return heads_[wanted & mask_]; }
  static T* next(const T& thing) { return (thing.*hook).next; }

  void add(T& thing) {
    if (count_ > mask_) grow();
    push(heads_[thing.*number & mask_], thing);
    ++count_;
  }

  void remove(T& thing) {
    unlink(thing);
    if (--count_ > 0 || heads_ == inline_.data()) return;
    heads_ = inline_.data();
    mask_ = inline_chains - 1;
    const Block taken = std::move(grown_);
  }

  std::size_t size() const { return count_; }

  /// Visits all objects, in no particular order. `visit` may remove the object that it is given.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t i = 0; i <= mask_; ++i) {
      for (T* thing = heads_[i]; thing != nullptr;) {
        T* const next = (thing->*hook).next;
        visit(*thing);
        thing = next;
      }
    }
  }

  /// For a chain that the caller owns.
  static void push(T*& head, T& thing) {
    ChainHook<T>& own = thing.*hook;
    own.next = head;
    own.link = &head;
    if (head != nullptr) (head->*hook).link = &own.next;
    head = &thing;
  }
  static void unlink(T& thing) {
    const ChainHook<T> own = std::exchange(thing.*hook, {});
    *own.link = own.next;
    if (own.next != nullptr) (own.next->*hook).link = own.link;
  }

 private:
  void grow() {
    const std::size_t chains = (mask_ + 1) * 2;
    Block grown = Block::allocate(payer_, chains * sizeof(T*));
    if (!grown) return;
    auto* const heads = static_cast<T**>(grown.data());
    for (std::size_t i = 0; i < chains; ++i) heads[i] = nullptr;
    for (std::size_t i = 0; i <= mask_; ++i) {
      while (T* const thing = heads_[i]) {
        unlink(*thing);
        push(heads[thing->*number & (chains - 1)], *thing);
      }
    }
    grown_ = std::move(grown);
    heads_ = static_cast<T**>(grown_.data());
    mask_ = chains - 1;
  }

  Account& payer_;
  std::array<T*, inline_chains> inline_{};
  Block grown_;
  T** heads_ = inline_.data();
  std::size_t mask_ = inline_chains - 1;
  std::size_t count_ = 0;
};

}  // namespace plimsoll::inline v0
