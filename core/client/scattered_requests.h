#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_slots.h"
#include "plimsoll/core/client/handed_request.h"
#include "plimsoll/core/client/parked_requests.h"
#include "plimsoll/core/client/part_command.h"
#include "plimsoll/core/client/parts_failure.h"
#include "plimsoll/core/client/walk_request.h"
#include "plimsoll/core/cluster/gather.h"
#include "plimsoll/core/cluster/split.h"
#include "plimsoll/core/commands/command_table.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/resp/reply.h"
#include "plimsoll/core/resp/wire_value.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Requests of a client of a cluster that go to several nodes: with keys of several slots, or for
/// every primary. To its caller such a request (a whole) is one request, with one id, deadline and
/// outcome. It lies among the parked requests until its last part has ended; a part is a request of
/// its own, with a tag that leads back to its whole (packed_id.h).
///
/// Cluster sends the parts that next_part() makes, the way of any request for a slot or node, and
/// reports what becomes of them.
///
/// - Wholes send their parts in the order of submission: one begins when all parts of those before
///   it are sent. While a whole has unsent parts (has_unsent()), what was submitted behind it has
///   to wait: the order of each slot is kept so, without a look at slots.
/// - A page of a walk over all keys (WalkRequest) is one part, which nothing waits behind.
/// - A whole and its parts take as many places as it has parts under way, but one at least.
/// - Once a part has failed, no further part is sent, and the whole fails when those that are under
///   way have ended.
class ScatteredRequests {
 public:
  /// All must outlive this object. `wholes`: where the wholes lie.
  ScatteredRequests(Session& main, ClusterNodes& nodes, ClusterSlots& slots,
                    ParkedRequests& wholes);
  ScatteredRequests(const ScatteredRequests&) = delete;
  ScatteredRequests& operator=(const ScatteredRequests&) = delete;
  ~ScatteredRequests();

  // ---- A new whole.

  /// Reserves memory for one more whole. Returns false if there is none.
  bool make_room();
  /// After make_room(): the tag with which the next whole has to be parked.
  Tag next_tag() const { return tags::of_whole(reinterpret_cast<std::uintptr_t>(spare_.get())); }
  /// Who may answer the parts of a whole.
  enum class ReadsAt : std::uint8_t { owners, replicas_too };
  /// The whole is parked as `id`. `tag`: its caller's; `number`: see Journey.
  void begin(RequestId id, commands::Spread spread, ReadsAt reads_at, Tag tag,
             std::uint32_t number);
  /// Makes the plan of the last whole now, unless it has to wait for a view of the slots. Errors:
  /// rejected_by_limit, cluster_down.
  Status plan_last();
  /// Whether no part of the last whole was sent, nor is one of an earlier whole waiting.
  bool has_sent_none_of_last() const { return unsent_ == last_ && last_->sent == 0; }
  /// Forgets the last whole, which has to be taken back from where it is parked.
  void forget_last();

  // ---- Parts.

  struct PartToSend {
    const CommandView* command = nullptr;  ///< valid until the next call
    Journey journey{};                     ///< with the slot
    NodeNumber node = no_node;             ///< for which it is; no_node: for the slot's owner
    Instant deadline{};
    Tag tag = 0;
    Duration wait{};  ///< before it is sent
    bool may_be_at_replica = false;
  };
  /// Whether parts wait to be sent.
  bool has_unsent() const { return unsent_ != nullptr; }
  /// Whether this request was submitted behind one that has unsent parts.
  bool is_behind_unsent(const Journey& journey) const {
    return unsent_ != nullptr && Journey{.number = unsent_->number}.is_before(journey);
  }
  /// Whether the next part may be sent although all places are taken: its whole takes one anyway.
  bool has_place() const { return unsent_ != nullptr && unsent_->under_way == 0; }
  /// The next part; note_sent() has to follow if it is sent. Nothing, if none may be sent now: so
  /// many are under way, there is no view of the slots yet, or no memory (take_lack_of_memory()).
  std::optional<PartToSend> next_part();
  void note_sent(RequestId id);
  /// An error if memory was missing since the last call.
  Status take_lack_of_memory();
  /// The next part cannot be sent: its whole fails, unless other parts of it are under way.
  void fail_next(const Error& error);

  std::size_t parts_under_way() const { return under_way_; }
  /// How many wholes have parts under way.
  std::size_t wholes_with_parts() const { return wholes_with_parts_; }
  /// How many wholes are parked.
  std::size_t wholes_parked() const { return wholes_parked_; }

  /// A part has ended, or a command of it was refused. `node`: where it was; null if it was parked.
  void handle_part(const Event& event, const ClusterNode* node);
  struct Ids {
    RequestId whole = 0;  ///< in the pipeline of what is parked
    RequestId part = 0;   ///< when it was sent
  };
  /// Of a part; zero, if the caller of its whole waits no more.
  Ids ids_of(Tag tag) const;

  /// The whole has ended where it is parked: by its deadline, by cancel(), or with the client.
  /// Calls `cancel(const Ids&)` for the parts that are under way.
  template <class Cancel>
  void handle_whole(const Event& event, Cancel&& cancel) {
    Whole* const whole = end_parked(event);
    if (whole == nullptr) return;
    for (const Part& part : whole->all_places()) {
      if (part.is_used) cancel(Ids{whole->id, part.id});
    }
    finish_if_done(*whole);
  }

  /// If the request is a part, the tag of its whole's caller, or 0 if the caller waits no more;
  /// otherwise `tag`.
  Tag tag_of(Tag tag) const;

  /// The node that a part was for owns nothing any more: returns where the part goes, to `owner`,
  /// unless that has a part of the same whole. If so, the part cannot go on, and its outcome will
  /// say so.
  bool may_take_over(Tag part, NodeNumber owner);

  // ---- Outcomes.

  bool has_outcome() const { return ended_first_ != nullptr; }
  /// The outcome of a whole, for its caller. What it refers to lives until forget_outcome().
  Event take_outcome();
  Result<Reply> keep_reply() const;
  void forget_outcome();

  std::uint64_t scattered() const { return scattered_; }
  std::uint64_t parts() const { return parts_; }

  void validate() const;

 private:
  struct Whole;

  /// A part that is under way, or a free place for one.
  struct Part {
    Whole* whole = nullptr;
    RequestId id = 0;
    std::uint32_t first = 0;  ///< of its keys; in a free place: the next
    std::uint32_t count = 0;  ///< of keys; 0: the place is free, or the part has no keys
    Slot slot = 0;
    NodeNumber node = no_node;  ///< for which it is; no_node: for the owner of its slot
    bool is_used = false;
    bool has_no_node = false;  ///< see may_take_over()
  };

  /// One node that gets the whole command, and a slot that it owns.
  struct Target {
    NodeNumber node;
    Slot slot;
  };

  struct Whole {
    commands::Spread spread = commands::Spread::one_node;
    std::optional<Gather> gather{};
    Box<Whole> self{};
    Whole* previous = nullptr;
    Whole* next = nullptr;
    RequestId id = 0;  ///< in the pipeline of what is parked
    Tag tag = 0;       ///< its caller's
    std::uint32_t number = 0;
    bool is_parked = true;
    bool may_be_at_replica = false;
    bool is_planned = false;
    bool has_failed = false;
    std::uint32_t parts_count = 0;
    std::uint32_t sent = 0;
    std::uint32_t under_way = 0;
    std::uint32_t run = 0;        ///< parts that have run
    std::uint32_t maybe_run = 0;  ///< parts that may have run
    // Of a page of a walk.
    Box<WalkRequest> walk{};
    Walk::Step step{};
    // Of keys.
    std::uint32_t name_at = 0;
    std::uint32_t name_size = 0;
    std::uint32_t words_per_key = 1;
    std::size_t keys_count = 0;
    std::size_t next_key = 0;
    Block keys_block{};
    // Of nodes.
    Block targets_block{};
    // Places of parts.
    static constexpr std::uint32_t no_place = UINT32_MAX;
    Block places{};
    std::uint32_t places_count = 0;
    std::uint32_t free_place = no_place;
    Error error{};  ///< has_failed: of the first part that has
    Box<PartsFailure> failure{};

    bool is_sent() const { return is_planned && sent == parts_count; }
    Target* targets() const { return static_cast<Target*>(targets_block.data()); }
    std::span<SplitKey> keys() { return {static_cast<SplitKey*>(keys_block.data()), keys_count}; }
    std::span<Part> all_places() { return {static_cast<Part*>(places.data()), places_count}; }
  };

  bool may_be_planned(const Whole& whole) const;
  Status plan(Whole& whole);
  Status plan_slots(Whole& whole);
  Status plan_nodes(Whole& whole);
  Status plan_page(Whole& whole);
  Status make_places(Whole& whole);
  Whole* end_parked(const Event& event);
  void fail(Whole& whole, const Part* part, const Error& error, const std::optional<Value>& value,
            const NodeAddress* node);
  void follow_unsent();
  void add_of_node(Whole& whole, const Part& part, const Value& value, const NodeAddress* node);
  void take_page(Whole& whole, const Event& event, const ClusterNode* node);
  void answer_page(Whole& whole, const WalkRequest::Answer& answer);
  void release_part(Whole& whole, Part& part);
  void finish_if_done(Whole& whole);
  void unlink(Whole& whole);
  Event failure(Whole& whole);
  static Executed executed(const Whole& whole);

  Session& main_;
  ClusterNodes& nodes_;
  ClusterSlots& slots_;
  ParkedRequests& parked_;
  Account& requests_;
  Account& replies_;
  const std::size_t window_;  // the most parts under way
  Box<Whole> spare_{};
  Whole* first_ = nullptr;  // in the order of submission
  Whole* last_ = nullptr;
  Whole* unsent_ = nullptr;       // the first that has unsent parts; so have all behind it
  Whole* ended_first_ = nullptr;  // their outcomes were not taken yet
  Whole* ended_last_ = nullptr;
  Part* sending_ = nullptr;  // next_part() has made it
  std::size_t under_way_ = 0;
  std::size_t wholes_with_parts_ = 0;
  std::size_t wholes_parked_ = 0;
  std::uint64_t scattered_ = 0;
  std::uint64_t parts_ = 0;
  bool lacks_memory_ = false;
  std::optional<PartCommand> slot_command_{};
  std::optional<HandedRequest> node_command_{};
  std::optional<WalkRequest::Command> page_command_{};
  Box<Whole> delivered_{};  // whose outcome is the last event
  std::string_view delivered_wire_{};
  std::optional<WireReader> reader_{};
  Error event_error_{};
};

}  // namespace plimsoll::inline v0
