#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "plimsoll/core/base/random.h"
#include "plimsoll/core/client/cluster_main.h"
#include "plimsoll/core/client/cluster_nodes.h"
#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/client/owner_question.h"
#include "plimsoll/core/client/slot_listener.h"
#include "plimsoll/core/cluster/node_choice.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/cluster/slots_reply.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/core/memory/box.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

class NodeCaches;

/// Who owns which slot of a cluster, as far as the client knows: it asks one node at a time for all
/// slots (a view), and learns single ones from redirections.
class ClusterSlots {
 public:
  /// `main` and `nodes` must outlive this object, and so must the texts of `options`.
  ClusterSlots(const ClusterOptions& options, ClusterMain& main, ClusterNodes& nodes,
               Box<SlotTable> table)
      : options_(options),
        main_(main),
        nodes_(nodes),
        table_(std::move(table)),
        schedule_(main.session().options().random_seed),
        random_(~main.session().options().random_seed),
        asked_last_(static_cast<NodeNumber>(random_.next() >> 16)),
        question_(nodes, asked_last_) {}

  SlotTable& table() { return *table_; }
  const SlotTable& table() const { return *table_; }

  /// Reports each slot that leaves a node to `caches`, which must outlive this object.
  void use_cache(NodeCaches& caches) { caches_ = &caches; }
  /// Reports each slot that gets another owner, and each view, to `listener`, which must outlive
  /// this object.
  void use_listener(SlotListener& listener) { listener_ = &listener; }

  /// A node has said, by a redirection, that this one owns the slot.
  void learn(Slot slot, NodeNumber owner);

  /// A slot that the node owns; it must own one. Walks over the slots only if the one that it was
  /// given last has left it.
  Slot slot_of(NodeNumber number);

  /// Requests for the slot have to wait until this node has answered all that it has been sent.
  void hold_until_answered(Slot slot, NodeNumber number);
  /// Whether they need not wait any more; if so, the slot is at rest. Answers of the node `target`
  /// do not matter to a request that goes there behind all the others.
  bool is_at_rest(Slot slot, NodeNumber target);

  /// A slot of the node that a caller has chosen, who is not `all_primaries`. Errors:
  /// invalid_argument, if no primary has the address; cluster_down, if none is known.
  Result<Slot> slot_at(const NodeChoice& where);

  /// Asks for a view: at once, or as soon as the last one is old enough.
  void want_view(Instant now, ViewSchedule::Need need) { schedule_.want(now, need); }
  /// This node has redirected a request, or is not what it was: asks for a view, of this node if it
  /// is asked at once.
  void handle_redirection(NodeNumber number, Instant now) {
    if (schedule_.handle_redirection(now)) prefer_asking_ = number;
  }

  /// Somebody waits for the owner of the slot, since the one that the client knows cannot serve it
  /// or cannot be reached: asks another node for that slot, or for all if that cannot be.
  void want_owner(Slot slot, Instant now);
  /// The same for the slots of a node in doubt.
  void want_successor(NodeNumber number, Instant now);
  /// A request with this key waits: OwnerQuestion::note_key().
  void note_key(std::string_view key) { question_.note_key(key); }
  /// The connection of a node was lost. Who needs the node says so himself.
  void handle_loss(Instant now) { schedule_.want_some_time(now); }
  /// The node has redirected a request for the slot to one that cannot be reached. If it was taken
  /// for the owner, then perhaps because its predecessor's slots were believed to be all there.
  void handle_contradiction(Slot slot, NodeNumber number, Instant now) {
    if (table_->at(slot).owner() != number) return want_owner(slot, now);
    want_view(now, ViewSchedule::Need::urgent);
  }

  void handle_timeout(Instant now);
  Instant poll_timeout() const;

  /// Call this before anything that depends on the main connection: it may be a new one.
  void follow_main(Instant now);
  /// Handles the outcome of a question on the main connection: internal_slots, internal_node_id.
  void handle_main(const Event& event, Instant now);
  /// Handles the outcome of a question at a node: internal_slots, internal_owner. Ignores all other
  /// events.
  void handle_node(NodeNumber number, const Event& event, Instant now);
  /// The connection of a node is over.
  void handle_end(NodeNumber number, Instant now);

  bool has_view() const { return has_view_; }
  /// Why the last view was none; no text if it was one.
  const Error& problem() const { return problem_; }
  std::uint64_t views() const { return views_; }
  /// How often a slot has got another owner, or lost it; begins again at 0 after 2^32.
  std::uint32_t owner_changes() const { return owner_changes_; }
  std::uint64_t views_refused() const { return views_refused_; }
  std::uint32_t nodes_left_out() const { return nodes_left_out_; }

  void validate() const;

  /// Why a command for nodes of the cluster cannot be sent to any.
  static constexpr Error has_no_primary{
      .code = ErrorCode::cluster_down,
      .what = "the client knows of no node of the cluster that owns slots"};

 private:
  static constexpr NodeNumber nobody = no_node;
  static constexpr NodeNumber main_place = no_node - 1;

  // So many are counted.
  static constexpr std::uint32_t nodes_left_out_max = 64;

  // A node that owns nothing any more is left after so many views.
  static constexpr std::uint8_t idle_views_max = 1;

  // Views of another cluster are believed once there was no other one for so long.
  static constexpr Duration made_anew_after = std::chrono::seconds(10);

  // A slot of a node in doubt was found at another one.
  struct Found {
    Slot slot = no_slot;
    NodeNumber before = no_node;
    NodeNumber now_at = no_node;

    // Whether the last one was another slot of the same node, at the same one.
    bool confirms(const Found& last) const {
      return slot != last.slot && before == last.before && now_at == last.now_at;
    }
  };

  void set_owner(Slot slot, NodeNumber owner);
  void begin_view(Instant now);
  NodeNumber choose_whom_to_ask(Instant now);
  void handle_answer(NodeNumber from, const Event& event, Instant now);
  void forget_question(Instant now);
  void open_another(Instant now);
  bool is_of_another_cluster(const SlotsReply& reply, Instant now);
  void apply(NodeNumber from, const SlotsReply& reply, Instant now);
  void apply_range(Slot first, Slot last, NodeNumber owner);
  void name_replicas(const SlotsReply& reply, Instant now);
  void refuse(NodeNumber from, const Error& reason, Instant now);
  void give_up_start(const Error& reason);
  void look_at_nodes(Instant now);
  void handle_owner(const OwnerQuestion::Answer& answer, Instant now);
  void want_owner_of_any(NodeNumber number, Instant now);
  void want_next_successor(Instant now);
  void follow_silent_main(Instant now);
  bool is_in_doubt(NodeNumber number, Instant now) const;
  bool owes(NodeNumber number) const;
  bool leave_if_silent(NodeNumber number, Instant now);
  std::string_view host_of(NodeNumber number) const;

  const ClusterOptions options_;
  ClusterMain& main_;
  ClusterNodes& nodes_;
  const Box<SlotTable> table_;
  SlotListener* listener_ = nullptr;  // null: nobody listens
  NodeCaches* caches_ = nullptr;
  ViewSchedule schedule_;
  NodeNumber asked_ = nobody;
  std::uint64_t asked_incarnation_ = 0;  // of the node's connection
  SmallRandom random_;
  NodeNumber asked_last_;  // the nodes take turns; each client begins with another one
  OwnerQuestion question_;
  NodeNumber doubted_last_ = 0;  // those in doubt take turns as well
  Found found_{};
  NodeNumber last_in_turn_ = 0;  // of those that callers get: slot_at()
  NodeNumber prefer_asking_ = nobody;
  bool has_view_ = false;
  bool knows_learnt_ = false;  // the table knows what was learnt since the last view was asked for;
                               // not while there may be another, or that one has not come
  Instant other_since_ = never;      // since when there are only views of another cluster
  std::uint32_t seeds_refused_ = 0;  // before the first view, for reasons that last
  std::uint32_t nodes_left_out_ = 0;
  std::uint64_t views_ = 0;
  std::uint32_t owner_changes_ = 0;
  std::uint64_t views_refused_ = 0;
  Instant start_by_ = never;                 // when there must be a first view
  Instant followed_until_ = Instant::min();  // handle_timeout(): a main connection that was silent
                                             // then is known to be
  Error problem_{};
};

}  // namespace plimsoll::inline v0
