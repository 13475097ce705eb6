#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "plimsoll/core/cluster/slot.h"

namespace plimsoll::inline v0 {

/// Some of a cluster's slots. 2 KiB.
class SlotSet {
 public:
  bool has(Slot slot) const { return (words_[slot / 64] >> slot % 64 & 1) != 0; }
  void add(Slot slot) { words_[slot / 64] |= bit(slot); }
  void remove(Slot slot) { words_[slot / 64] &= ~bit(slot); }
  /// From `first` to `last`, which is not less.
  void add_range(Slot first, Slot last) {
    for (std::uint32_t slot = first; slot <= last; ++slot) add(static_cast<Slot>(slot));
  }

  void add(const SlotSet& others) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= others.words_[i];
  }
  void remove(const SlotSet& others) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~others.words_[i];
  }
  void keep(const SlotSet& others) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= others.words_[i];
  }

  bool empty() const { return *this == SlotSet(); }
  std::size_t count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  bool all() const { return count() == slots_count; }

  /// The first slot from `from` on that is in the set, or that is not; nothing if there is none.
  std::optional<Slot> next_in(std::uint32_t from) const { return find(from, 0); }
  std::optional<Slot> next_out(std::uint32_t from) const { return find(from, UINT64_MAX); }

  /// Calls `visit(Slot first, Slot last)` for each row of slots without a gap, in order.
  template <class Visit>
  void for_each_range(Visit&& visit) const {
    std::optional<Slot> first = next_in(0);
    while (first) {
      const std::optional<Slot> end = next_out(*first);
      visit(*first, static_cast<Slot>((end ? *end : slots_count) - 1));
      first = end ? next_in(*end) : std::nullopt;
    }
  }

  friend bool operator==(const SlotSet&, const SlotSet&) = default;

 private:
  static constexpr std::uint64_t bit(Slot slot) { return std::uint64_t{1} << slot % 64; }

  std::optional<Slot> find(std::uint32_t from, std::uint64_t flipped) const {
    for (std::uint32_t at = from; at < slots_count; at = (at / 64 + 1) * 64) {
      const std::uint64_t word = (words_[at / 64] ^ flipped) >> at % 64;
      if (word != 0) return static_cast<Slot>(at + static_cast<unsigned>(std::countr_zero(word)));
    }
    return std::nullopt;
  }

  std::array<std::uint64_t, slots_count / 64> words_{};
};

}  // namespace plimsoll::inline v0
