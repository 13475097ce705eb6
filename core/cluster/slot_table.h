#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "plimsoll/core/base/check.h"
#include "plimsoll/core/cluster/slot.h"

namespace plimsoll::inline v0 {

/// The nodes of a cluster by their numbers, from 0.
using NodeNumber = std::uint16_t;
inline constexpr NodeNumber no_node = UINT16_MAX;
/// A SlotTable can name so many nodes.
inline constexpr std::uint32_t slot_table_nodes_max = 1023;

/// Who owns which slot of a cluster, as far as a client knows, and which slots are on the move.
/// 34 KiB. A request looks at one word of it.
///
/// A slot that is on the move has a predecessor: a node that may still owe answers to requests for
/// the slot. Only so many nodes can be predecessors at a time. A slot is held while requests for it
/// wait in the client: then later ones have to wait behind them.
class SlotTable {
 public:
  /// What a request finds out by one look. `plain()`: it may go to `owner()` at once.
  class Entry {
   public:
    explicit constexpr Entry(std::uint16_t word) : word_(word) {}
    bool plain() const { return word_ != 0 && (word_ & ~owner_mask) == 0; }
    NodeNumber owner() const { return number_of(word_ & owner_mask); }
    bool held() const { return (word_ & held_bit) != 0; }
    bool blocked() const { return (word_ & blocked_bit) != 0; }

   private:
    std::uint16_t word_;
  };

  Entry at(Slot slot) const { return Entry(words_[slot]); }

  /// no_node: nobody owns the slot.
  void set_owner(Slot slot, NodeNumber owner) { put(slot, owner_mask, word_of(owner)); }
  /// no_node: the slot is not on the move.
  NodeNumber predecessor(Slot slot) const {
    return predecessors_[(words_[slot] & predecessor_mask) >> owner_bits];
  }
  /// Returns false, and changes nothing, if predecessors_max other nodes are predecessors.
  bool set_predecessor(Slot slot, NodeNumber node) {
    std::size_t place = 1;
    while (place <= predecessors_max && predecessors_[place] != node) ++place;
    for (std::size_t i = 1; i <= predecessors_max && place > predecessors_max; ++i) {
      if (predecessors_[i] == no_node) place = i;
    }
    if (place > predecessors_max) return false;
    predecessors_[place] = node;
    put(slot, predecessor_mask, static_cast<std::uint16_t>(place << owner_bits));
    return true;
  }
  void forget_predecessor(Slot slot) { put(slot, predecessor_mask, 0); }
  /// Nodes for which `may_forget(NodeNumber)` is true are no predecessors any more. Their slots may
  /// get another node for one instead: then requests wait for longer than they need.
  template <class MayForget>
  void forget_predecessors(MayForget&& may_forget) {
    for (NodeNumber& each : predecessors_) {
      if (each != no_node && may_forget(each)) each = no_node;
    }
  }
  /// The slot is on the move, and waits for a node that is a predecessor already: returns it. All
  /// places must be taken.
  NodeNumber share_predecessor(Slot slot, NodeNumber node) {
    const std::size_t place = 1 + node % predecessors_max;
    put(slot, predecessor_mask, static_cast<std::uint16_t>(place << owner_bits));
    return predecessors_[place];
  }
  static constexpr std::size_t predecessors_max = 15;
  void set_held(Slot slot, bool held) { put(slot, held_bit, held ? held_bit : 0); }
  /// A mark for the walk over the requests that wait: one for this slot has to wait on, and so have
  /// those behind it.
  void set_blocked(Slot slot, bool blocked) { put(slot, blocked_bit, blocked ? blocked_bit : 0); }

  /// Which slots were learnt one by one since the whole was asked for: what is answered then may be
  /// older, and counts for the others.
  void forget_learnt() { learnt_.fill(0); }
  void note_learnt(Slot slot) { learnt_[slot / 64] |= std::uint64_t{1} << slot % 64; }
  bool is_learnt(Slot slot) const { return (learnt_[slot / 64] >> slot % 64 & 1) != 0; }

 private:
  // From the lowest bit: the owner's number plus 1, the predecessor's place in predecessors_, and
  // two flags.
  static constexpr int owner_bits = 10;
  static constexpr std::uint16_t owner_mask = 0x03ff;
  static constexpr std::uint16_t predecessor_mask = 0x3c00;
  static constexpr std::uint16_t blocked_bit = 0x4000;
  static constexpr std::uint16_t held_bit = 0x8000;
  static_assert(slot_table_nodes_max == owner_mask);
  static_assert(predecessors_max == predecessor_mask >> owner_bits);

  static constexpr NodeNumber number_of(int word) {
    return word == 0 ? no_node : static_cast<NodeNumber>(word - 1);
  }
  static std::uint16_t word_of(NodeNumber node) {
    PLIMSOLL_CHECK(node == no_node || node < slot_table_nodes_max);
    return node == no_node ? 0 : static_cast<std::uint16_t>(node + 1);
  }
  void put(Slot slot, std::uint16_t mask, std::uint16_t value) {
    words_[slot] = static_cast<std::uint16_t>((words_[slot] & ~mask) | value);
  }

  static constexpr std::array<NodeNumber, predecessors_max + 1> no_predecessors() {
    std::array<NodeNumber, predecessors_max + 1> all{};
    all.fill(no_node);
    return all;
  }

  std::array<std::uint16_t, slots_count> words_{};
  std::array<NodeNumber, predecessors_max + 1> predecessors_ = no_predecessors();  // but the first
  std::array<std::uint64_t, slots_count / 64> learnt_{};
};

}  // namespace plimsoll::inline v0
