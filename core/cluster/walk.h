#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/result.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cluster/node_id.h"
#include "plimsoll/core/cluster/self_report.h"
#include "plimsoll/core/cluster/walk_cursor.h"

// A walk over all keys of a cluster, page by page (SCAN). Sends nothing: it says what to ask which
// node next, and takes the answer. Its whole state is in the cursor that goes through the user's
// hands.
//
// The law: each key that is there from the beginning to the end of a walk comes at least once,
// whatever slots move and whatever primary is replaced meanwhile. Keys may come twice.
//
// A walk makes passes. A pass scans one node from its beginning to its end, and then marks slots as
// done: those that the node had all the time, together with all their keys. The walk is over when
// all slots are done. A slot that moves during a pass is not done by it. A later pass at its owner
// of then goes over all keys of that node, so keys come twice.
//
// How a pass knows that a key of a slot had been at the node all the time:
//  - The node reports of itself (SelfReport) at the begin and at the end of the pass. Both times it
//    is the same process, and has been a primary without a break; it owns the slot, and the slot is
//    neither leaving nor coming. So the key is there both times.
//  - For a key to be away in between, keys must have left the node, keys must have come to it, and
//    a slot must have changed its state. The node's counts say whether each of these has happened.
//    If all three have, nothing is done, and the next pass is careful: it asks for a report with
//    each page. If the key is away at one of these reports, its slot is not at rest and does not
//    count; so all three must have happened between two of them, that is within one page. Then the
//    pass begins again.
//
// A node's cursor means something to the process that gave it only. A page that another node has
// answered (the slot went there just now) does not count, nor does its cursor.

namespace plimsoll::inline v0 {

/// What a walk remembers of a node's id: a digest of 64 bits (FNV-1a).
std::uint64_t node_key(const NodeId& id);

class Walk {
 public:
  /// What to send to a node.
  enum class Ask : std::uint8_t {
    page,                ///< SCAN
    page_and_report,     ///< both at one moment
    report_without_page  ///< at the end of a pass
  };

  struct Step {
    Slot slot = 0;  ///< ask the owner of this slot, or wait for one
    Ask ask = Ask::page_and_report;
    std::uint64_t cursor = 0;  ///< for SCAN
    Duration wait{};           ///< before it is sent, since the last attempts were in vain
  };

  /// The most attempts in a row without a slot that is done for it.
  static constexpr std::uint8_t vain_max = 64;

  /// Where the user's cursor says. Before this, at the beginning. Fails with invalid_argument.
  Status set_cursor(std::string_view cursor) { return read_walk_cursor(cursor, state_); }

  /// What to ask next. `owner_of(Slot)` returns the node_key() of a slot's owner, as far as it is
  /// known, or 0 if the slot has none. Fails with cluster_down if nothing was done in vain_max
  /// attempts: slots stay on the move, or nodes are replaced again and again.
  template <class OwnerOf>
  Result<Step> next(OwnerOf&& owner_of) {
    if (state_.vain >= vain_max) return stuck();
    if (state_.pass) {
      const SlotSet& slots = state_.pass->slots;
      for (std::optional<Slot> slot = slots.next_in(0); slot; slot = slots.next_in(*slot + 1u)) {
        if (owner_of(*slot) == state_.pass->node) return step_of_pass(*slot);
      }
      drop_pass();
    }
    return Step{.slot = choose(owner_of), .wait = wait()};
  }

  /// Takes a page, by the node with this key: `cursor` is the node's next one.
  void take_page(std::uint64_t node, std::uint64_t cursor);
  /// Takes a report, at one moment with a page. Without a page `cursor` is 0.
  void take_report(const SelfReport& report, std::uint64_t cursor);
  /// The node was lost with the question, so nothing is known. The next attempt goes to the slot's
  /// owner of then.
  void take_loss() { note_vain(); }

  bool is_over() const { return is_over_; }
  /// Writes the cursor for the next page: "0" if the walk is over.
  std::string_view write(std::span<char, walk_cursor_bytes_max> out) const;

  const WalkState& state() const { return state_; }

 private:
  // Among so many owners of slots that are not done, a walk whose attempts are in vain chooses
  // another one each time.
  static constexpr std::size_t choices_max = 32;

  // An owner whose slots are all on the move is not asked for them again and again while others
  // have slots to do. Slots without an owner come last.
  template <class OwnerOf>
  Slot choose(OwnerOf&& owner_of) const {
    std::array<std::pair<std::uint64_t, Slot>, choices_max> found;
    std::size_t count = 0;
    for (auto slot = state_.done.next_out(0); slot && count < choices_max;
         slot = state_.done.next_out(*slot + 1u)) {
      const std::uint64_t owner = owner_of(*slot);
      bool is_new = owner != 0 && (count == 0 || found[count - 1].first != owner);
      for (std::size_t i = 0; i < count; ++i) is_new = is_new && found[i].first != owner;
      if (is_new) found[count++] = {owner, *slot};
    }
    if (count == 0) return *state_.done.next_out(0);
    return found[state_.vain % count].second;
  }

  Step step_of_pass(Slot slot) const;
  Duration wait() const;
  Error stuck() const;
  void begin_pass(const SelfReport& report, std::uint64_t cursor);
  void go_on(const SelfReport& report, std::uint64_t cursor);
  void finish_pass();
  void drop_pass();
  void note_vain();

  WalkState state_;
  bool is_over_ = false;
};

}  // namespace plimsoll::inline v0
