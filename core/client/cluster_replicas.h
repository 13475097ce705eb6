#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/known_replica.h"
#include "plimsoll/core/client/own_writes.h"
#include "plimsoll/core/client/replica_counters.h"
#include "plimsoll/core/client/replica_options.h"
#include "plimsoll/core/client/side_connections.h"
#include "plimsoll/core/client/slot_doubts.h"
#include "plimsoll/core/client/slot_listener.h"
#include "plimsoll/core/cluster/read_choice.h"
#include "plimsoll/core/cluster/slot_set.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/session/session.h"

// The replicas that the client of a cluster reads from: those that a view names, as nodes with a
// role (ClusterReplica). Each is read on a connection with READONLY, which is opened when a read
// might go there.
//
// What a replica must prove is what Replicas says, with one round for each primary whose slots are
// read (PrimaryOfReplicas). The primary is asked on the connection on which the client writes its
// slots. All writes of the client are numbered together. So is each change of a slot's owner: a
// replica of the new owner has to prove that it has what its primary had when the client learnt of
// the change, and so all that came with the slot.
//
// A read goes to a replica only while its slot is at rest, and its owner is not in doubt
// (SlotDoubts). If the replica does not answer it, it is handed back, and goes to another replica,
// or to the owner in its place among the slot's requests.
//
// Invariants:
//  - A node that owns a slot is no replica.
//  - While a slot is on its way to another node, as far as the client was told, its owner is read.
//  - Of cluster_nodes_max, replicas have what primaries and cluster_nodes_spare leave, and
//    cluster_replicas_max at most.

namespace plimsoll::inline v0 {

class NodeCaches;

/// The most replicas of a cluster that a client reads from.
inline constexpr std::uint32_t cluster_replicas_max = 256;

/// So many of cluster_nodes_max replicas leave free, for primaries that are new.
inline constexpr std::uint32_t cluster_nodes_spare = 16;

/// A slot of which ASK or TRYAGAIN was said is read at its owner until it has another one; or until
/// nobody has said so of any slot for so long: the move may have been given up.
inline constexpr Duration moving_max = std::chrono::seconds(60);

class ClusterReplicas final : public SlotListener {
 public:
  /// All must outlive this object, and so must the texts of `options`.
  ClusterReplicas(const ReplicaOptions& options, Session& main, ClusterNodes& nodes,
                  const SlotTable& table);
  ClusterReplicas(const ClusterReplicas&) = delete;
  ClusterReplicas& operator=(const ClusterReplicas&) = delete;

  /// What these replicas answer, `caches` vouches for; it must outlive this object.
  void use_cache(NodeCaches& caches) { caches_ = &caches; }

  // ---- Requests.

  /// The replica that a read is to be sent to; nothing if the slot's owner is to answer. Connects
  /// to replicas, and begins a round, if the read has use for them.
  std::optional<NodeNumber> choose(const CommandView& command, Slot slot, NodeNumber owner,
                                   Instant now);
  /// Whether a read that needs `after` may share what the replica is about to answer.
  bool may_answer(NodeNumber number, Slot slot, Instant now, cache::Mark after) const;
  /// A read was sent to the replica: `id`, in its session.
  void note_read(NodeNumber number, RequestId id, Instant deadline);

  /// A command is to go to the node with ASKING: it was told to be a primary. A replica that has
  /// READONLY would run it without a proof, where another one says MOVED. Returns whether the
  /// command may be sent there now.
  bool note_asking(NodeNumber number) {
    if (nodes_[number].replica) end_role(number);
    return nodes_.may_send_to(number);
  }
  /// A command was staged at the node for which it is.
  void note_staged(const CommandView& command, const Journey& journey);
  /// A command without a key was staged on the main connection, where no question follows it: what
  /// it may have written counts as written when it is answered, as on a side connection.
  void note_keyless(const CommandView& command);
  /// The same, of a request that may write anything.
  void note_main_request() {
    main_writes_end_ = main_.staged_until();
    writes_at_main_ = true;
  }
  /// See OwnWrites.
  void note_side_request(const CommandView& command, RequestId id) {
    writes_.note_side_request(command, id);
  }
  void follow_side_connections(const SideConnections& sides) {
    writes_.follow_side_connections(sides);
  }

  // ---- Who owns what.

  void handle_owner(Slot slot, NodeNumber before, NodeNumber owner) override;
  void begin_view() override;
  void name(NodeNumber owner, std::span<const SlotsNode> replicas) override;
  void end_view(Instant now) override;

  // ---- Events of nodes.

  /// The node is ready, and it is who it should be.
  void handle_ready(NodeNumber number, Instant now);
  /// Handles the outcome of a question: internal_replication, internal_key, internal_report,
  /// internal_zone, internal_read_only. Returns whether a view may say something else than the last
  /// one.
  bool handle_answer(NodeNumber number, const Event& event, Instant now);
  void handle_end(NodeNumber number);
  /// Call this with each error that a node answers with. One that does not serve the cluster may
  /// have been replaced, and then its replicas follow it no longer.
  void handle_error(NodeNumber number, const Event& event);
  /// A node has not run a request, which goes on. `is_asked`: it has said ASK; otherwise who owns
  /// the slot is in doubt.
  void note_refused(const Journey& journey, bool is_asked, Instant now) {
    if (is_asked) return note_moving(journey.slot, now);
    if (!journey.is_for_node) doubts_.add(journey.slot);
  }
  /// The replica has not answered a read of the slot. Learns from it why. Returns whether another
  /// replica may answer.
  bool judge(NodeNumber number, Slot slot, const Event& event, Instant now);
  /// Calls `leave(const Pipeline::Handed&, Journey)` for each read that is due to leave the
  /// replica. If it returns true, the read goes on elsewhere. The replica gets no further reads
  /// until it has answered a question.
  template <class Leave>
  void leave_due(NodeNumber number, Instant now, Leave&& leave) {
    ClusterNode& node = nodes_[number];
    now_ = std::max(now_, now);
    node.replica->due.drop_answered(node.session->answered_until());
    node.replica->due.leave(now_, after(now_, ReplicaProgress::move_again_wait), [&](RequestId id) {
      const std::optional<Pipeline::Handed> request = node.session->live(id);
      const std::optional<SentRequests::Request> sent = node.sent.find(id);
      if (!request || !sent) return true;
      note_slow(number);
      if (!leave(*request, sent->journey)) return false;
      note_moved(number);
      node.session->leave_to_another(id);
      return true;
    });
  }
  /// Asks again who is to be asked again now.
  void handle_timeout(NodeNumber number, Instant now);
  void close() { closing_ = true; }

  // ---- For users.

  const ReplicaCounters& counters() const { return counters_; }
  /// Why a primary does not say what it has run; no text if each does that was asked.
  const Error& problem() const;

  /// Calls `visit(const KnownReplica&)` for each replica.
  template <class Visit>
  void for_each(Visit&& visit) const {
    nodes_.for_each([&](NodeNumber number, const ClusterNode& node) {
      if (node.replica) visit(describe(number));
    });
  }

  void validate() const;

 private:
  // Two slots that share a mark take each other for written.
  static constexpr std::size_t slot_marks_count = 4096;

  // The slot is on its way to another node, as its owner says.
  void note_moving(Slot slot, Instant now) {
    moving_.add(slot);
    moving_told_at_ = now;
  }
  // Says of a slot whether it is this node's.
  auto is_of(NodeNumber owner) const {
    return [this, owner](Slot slot) { return table_.at(slot).owner() == owner; };
  }
  // What may have changed in the slot is not known.
  void note_change(Slot slot) { mark_of(slot) = writes_.next_number(); }
  void note_moved(NodeNumber number);
  void note_slow(NodeNumber number);
  WriteMarks::Mark& mark_of(Slot slot) { return slot_marks_[slot % slot_marks_count]; }
  WriteMarks::Mark mark_of(Slot slot) const { return slot_marks_[slot % slot_marks_count]; }
  // Entries of a near cache need proofs, too.
  bool is_in_use(const PrimaryOfReplicas& primary) const;
  Duration served_for() const;
  Duration round_interval(const PrimaryOfReplicas& primary) const;
  void note_unfit(NodeNumber number, const Error& reason);
  void forget_proof(NodeNumber number);
  void report_to_cache(NodeNumber number);
  KnownReplica describe(NodeNumber number) const;
  std::size_t candidates(const PrimaryOfReplicas& primary, NodeNumber owner,
                         const ReplicaProgress::Wanted& wanted, std::span<ReadCandidate> found);
  std::uint32_t places() const;
  bool is_in_use(const ClusterNode& node, const NodeId& id) const;
  std::optional<NodeNumber> place_of(NodeNumber owner, const SlotsNode& named);
  bool make_replica(NodeNumber number, NodeNumber primary);
  void end_role(NodeNumber number);
  void forget_proofs(NodeNumber owner);
  void follow_marks();
  void forget_moving();
  void want_round(NodeNumber owner, Duration wait);
  void begin_round(NodeNumber owner);
  void handle_key(NodeNumber owner, const Event& event);
  bool handle_primary(NodeNumber owner, const Event& event);
  bool lacks_replicas(PrimaryOfReplicas& primary, const ReplicationReport& report);
  void handle_replica(NodeNumber number, const Event& event);
  void ask_for_mode(NodeNumber number);
  void ask_for_zone(NodeNumber owner);
  void ask_for_report(NodeNumber number);
  bool ask(NodeNumber number, const CommandView& question, Tag tag);

  const ReplicaOptions options_;
  Session& main_;
  ClusterNodes& nodes_;
  const SlotTable& table_;
  const ZoneName zone_;
  NodeCaches* caches_ = nullptr;  // null without a near cache
  OwnWrites writes_;
  // The number of the last change of each slot that is no write: another owner, a replica's MOVED.
  std::array<WriteMarks::Mark, slot_marks_count> slot_marks_{};
  SlotDoubts doubts_;
  SlotSet moving_;  // the owner is read: see moving_max
  Instant moving_told_at_{};
  bool writes_at_main_ = false;  // until the main connection has answered all before...
  RequestId main_writes_end_ = 0;
  bool closing_ = false;
  bool has_view_ = false;
  std::uint32_t view_ = 0;
  std::uint32_t replicas_count_ = 0;
  std::uint32_t named_count_ = 0;  // in this view
  std::uint32_t turn_ = 0;
  NodeNumber refused_by_ = no_node;  // the primary that has last refused to answer
  Instant now_ = Instant::min();
  ReplicaCounters counters_;
};

}  // namespace plimsoll::inline v0
