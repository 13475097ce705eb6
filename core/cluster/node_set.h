#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/cluster/slot_table.h"

namespace plimsoll::inline v0 {

/// Some nodes of a cluster. 136 bytes. The time that a walk takes depends on how many nodes are in
/// the set, not on how many there are.
class NodeSet {
 public:
  void add(NodeNumber number) {
    words_[number / 64] |= bit(number);
    used_words_ |= std::uint32_t{1} << number / 64;
  }
  void remove(NodeNumber number) {
    std::uint64_t& word = words_[number / 64];
    word &= ~bit(number);
    if (word == 0) used_words_ &= ~(std::uint32_t{1} << number / 64);
  }
  void clear() { *this = {}; }

  bool has(NodeNumber number) const { return (words_[number / 64] & bit(number)) != 0; }
  bool empty() const { return used_words_ == 0; }

  /// The lowest number; the set must not be empty.
  NodeNumber first() const {
    const auto word = static_cast<std::size_t>(std::countr_zero(used_words_));
    return static_cast<NodeNumber>(word * 64 +
                                   static_cast<std::size_t>(std::countr_zero(words_[word])));
  }

  /// Calls `visit(NodeNumber)` for each node, in the order of the numbers. It may change the set:
  /// of a node that is added or removed meanwhile it is open whether it is visited.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t words = used_words_; words != 0; words &= words - 1) {
      const auto word = static_cast<std::size_t>(std::countr_zero(words));
      for (std::uint64_t left = words_[word]; left != 0; left &= left - 1) {
        visit(
            static_cast<NodeNumber>(word * 64 + static_cast<std::size_t>(std::countr_zero(left))));
      }
    }
  }

 private:
  static constexpr std::size_t words_count = slot_table_nodes_max / 64 + 1;
  static_assert(words_count <= 32);

  static constexpr std::uint64_t bit(NodeNumber number) { return std::uint64_t{1} << number % 64; }

  std::uint32_t used_words_ = 0;  // a bit for each word that is not 0
  std::array<std::uint64_t, words_count> words_{};
};

}  // namespace plimsoll::inline v0
