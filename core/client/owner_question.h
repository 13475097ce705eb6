#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Asks a node of a cluster who owns one slot, while its owner is lost or cannot serve it: by a
/// command with a key of the slot (EXISTS), which any other node redirects to the owner.
///
/// That costs the node as little as any request. A view of all slots may have megabytes, and when a
/// primary is lost a thousand clients want to know at the same time, and time and again until it
/// has a successor.
///
/// One question at a time, as often as urgent views may be asked for.
class OwnerQuestion {
 public:
  /// After an error that says nothing of the slot, as for a user who may not use EXISTS or not this
  /// key, nothing is asked so for this long.
  static constexpr Duration refused_wait = std::chrono::seconds(10);
  /// A longer key of a request is not remembered.
  static constexpr std::size_t key_bytes_max = 64;

  /// `nodes` must outlive this object. `first`: begins behind the node of this number; clients that
  /// begin at different nodes do not all ask the same one.
  OwnerQuestion(ClusterNodes& nodes, NodeNumber first) : nodes_(nodes), asked_last_(first) {}

  /// A request with this key waits. Its user may probably ask for it, and not for any key.
  void note_key(std::string_view key);
  /// The slot of that key; no_slot, if there is none.
  Slot noted_slot() const { return noted_slot_; }

  /// A request waits for the owner of the slot. So far that was `owner`, which is not asked: it is
  /// lost, or cannot serve the slot. If another slot is wanted already, that one comes first.
  void want(Slot slot, NodeNumber owner, Instant now);
  bool may_ask(Instant now) const { return now >= refused_until_; }

  bool is_due(Instant now) const { return now >= next(); }
  /// When to call ask(), or forget() if is_asking().
  Instant next() const { return is_asking_ ? after(asked_at_, answer_max) : due_at_; }
  bool is_asking() const { return is_asking_; }
  /// Whether a slot is wanted or asked for, so that no other one can be wanted.
  bool is_taken() const { return is_asking_ || due_at_ != never; }

  /// Asks another node than the slot's owner. Returns false if there is none that can be asked.
  bool ask(Instant now);
  /// The question is not waited for any more.
  void forget() { is_asking_ = false; }
  /// The connection of a node is over.
  void handle_end(NodeNumber number) {
    if (asked_ == number) forget();
  }

  struct Answer {
    Slot slot;
    /// Where the node redirects requests for the slot to; `asked`, if it serves the slot itself;
    /// nothing, if it did not say.
    std::optional<NodeNumber> owner{};
    NodeNumber asked;
  };
  /// Handles the outcome with the tag internal_owner at a node; nothing, if it comes too late.
  std::optional<Answer> handle_outcome(NodeNumber number, const Event& event, Instant now);

 private:
  // A node that has not answered by then is not waited for.
  static constexpr Duration answer_max = ViewSchedule::answer_max;

  bool may_be_asked(NodeNumber number, Instant now) const;
  std::string_view key_of(Slot slot);

  ClusterNodes& nodes_;
  Slot slot_ = no_slot;         // that is wanted, or asked for
  NodeNumber owner_ = no_node;  // its owner so far
  Instant due_at_ = never;
  bool is_asking_ = false;
  NodeNumber asked_ = no_node;
  NodeNumber asked_last_;  // the nodes take turns
  std::uint64_t asked_incarnation_ = 0;
  Instant asked_at_ = Instant::min();
  Instant refused_until_ = Instant::min();
  Slot noted_slot_ = no_slot;
  std::uint8_t noted_size_ = 0;
  std::array<char, key_bytes_max> noted_{};
  std::array<char, 2> short_key_{};
};

}  // namespace plimsoll::inline v0
