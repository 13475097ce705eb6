#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "plimsoll/core/base/packed_id.h"
#include "plimsoll/core/base/time.h"
#include "plimsoll/core/cache/cache.h"
#include "plimsoll/core/client/cache_state.h"
#include "plimsoll/core/client/connection_user.h"
#include "plimsoll/core/client/fetches.h"
#include "plimsoll/core/client/reply_source.h"
#include "plimsoll/core/client/tracked_connection.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/core/cluster/node_times.h"
#include "plimsoll/core/cluster/slot.h"
#include "plimsoll/core/cluster/slot_table.h"
#include "plimsoll/core/commands/written.h"
#include "plimsoll/core/memory/block.h"
#include "plimsoll/core/memory/box_table.h"
#include "plimsoll/core/memory/queue.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// What a near cache needs of the connections to the nodes of a cluster: each one's generation and
/// proofs, and the fences of what is written, wherever it is. Cluster reports what happens there,
/// NearCache asks.
///
/// Each node's connection vouches for what was read on it, and for nothing else. What proves that
/// is the reply to a read, and if there are none, that to EXISTS of a key that was read there: a
/// node that the cluster has left behind goes on to answer PING, and refuses its keys.
///
/// What a replica says proves nothing; see ReplicaCaches. There is a proof of it when a round of
/// ClusterReplicas has found that it has what its primary has, and the primary has served a key in
/// that round: INFO, too, is answered by a node that the cluster has left behind.
class NodeCaches {
 public:
  struct Parts {
    cache::Cache& cache;
    Fetches& fetches;
    ReplySource& source;
    WriteFences& main_writes;  ///< of the main connection
    std::atomic<CacheState>& state;
    const std::atomic<cache::Mark>& heard;  ///< see heard()
    Account& requests;
    Account& connections;  ///< pays for what is known of nodes
  };
  /// All must outlive this object.
  explicit NodeCaches(const Parts& parts);
  NodeCaches(const NodeCaches&) = delete;
  NodeCaches& operator=(const NodeCaches&) = delete;
  ~NodeCaches();

  // ---- For Cluster.

  /// There is such a node. Call this before anything else about it. Returns false if there is no
  /// memory.
  bool add_node(NodeNumber number) {
    return nodes_.has(number) || nodes_.make(number, cache_, requests_) != nullptr;
  }

  /// Looks at each event of a node's session before anyone else. Returns true if it is for nobody
  /// else.
  bool handle_event(NodeNumber number, Session& session, const Event& event);
  /// Call this after anything that may have changed the state of the node's session...
  void follow(NodeNumber number, Session& session);
  /// ... and this before the session is destroyed.
  void handle_over(NodeNumber number);
  /// Call this after anything that may have changed what is parked.
  void follow_parked(Pipeline& returned, Pipeline& waiting) {
    returned_writes_.end_until(returned.answered_until());
    waiting_writes_.end_until(waiting.answered_until());
  }

  // ---- For ClusterReplicas.

  /// The node is a replica of `primary`; no_node: it is none, or none any more. Whatever its
  /// connection vouches for goes out of reach if that is another one than before.
  void set_primary(NodeNumber number, NodeNumber primary);
  NodeNumber primary_of(NodeNumber number) const { return at(number).primary; }
  /// A round that begins draws a mark first.
  cache::Mark next_mark() { return cache_.next_mark(); }
  /// What the client has heard beside its reads was so when this mark was drawn: see
  /// NearCache::note_side_delivery().
  cache::Mark heard() const { return heard_.load(std::memory_order_acquire); }
  /// The encoded EXISTS of a key of the node, or of what one of its replicas was asked for; empty:
  /// there is none. Lives until the next call.
  std::string_view question(NodeNumber number) const { return text_of(at(number)); }
  /// The node has answered it with an error.
  void handle_refusal(NodeNumber number, const Event& event) { handle_refusal(at(number), event); }
  /// The replica has told of all that its primary had when `staged` was drawn...
  void prove(NodeNumber number, const TrackedConnection::Staged& staged);
  /// ... or it is not known what it has: nothing of it is served any more.
  void disprove(NodeNumber number);
  /// Whether there may be entries that this replica vouches for.
  bool has_entries(NodeNumber number) const { return at(number).has_entries; }
  Duration lease() const { return cache_.options().coherence_lease; }

  /// A replica says that the slot is elsewhere.
  void drop_slot(Slot slot) {
    cache_.drop_slot(slot);
    has_ends_ = true;
  }

  /// A slot has left the node, as far as the client knows.
  void handle_departure(NodeNumber number, Slot slot);

  /// A request goes on under another id.
  void note_moved(RequestId from, bool may_write, RequestId to) {
    fences_of(from).move(request_ids::request_of(from), may_write, fences_of(to),
                         request_ids::request_of(to));
  }
  /// A node has not run a request, and it goes on. Returns how many bytes in front of it do not: in
  /// front of a fetch may be commands for the sake of the cache, and between ASKING and the command
  /// that it is for there may be none.
  std::size_t note_handed_on(Tag tag);

  /// Nobody waits any more for a part of what is parked as `whole`, but a node runs it. If it
  /// writes, all keys of the whole stay fenced until that has answered; if these are too many, all
  /// keys do.
  void note_given_up(RequestId whole, RequestId part);
  /// The most keys that are fenced one by one for parts that were given up.
  static constexpr std::size_t given_up_max = 256;

  /// TrackedConnection::set_readable() of the node's connection.
  void set_readable(NodeNumber number, bool readable) {
    if (at(number).connection) at(number).connection->set_readable(readable);
  }

  // ---- For NearCache.

  /// Fences the keys of a request that was submitted as `id`.
  void note_submitted(const CommandView& command, RequestId id) {
    fences_of(id).begin(command, request_ids::request_of(id));
  }

  /// Fences all keys until it is answered.
  void close_all_until(RequestId id) { fences_of(id).begin_all(request_ids::request_of(id)); }

  /// note_submitted() of one that has waited as `waiter`, with fences in `waiting`.
  void note_admitted(const CommandView& command, WriteFences& waiting, RequestId waiter,
                     RequestId id) {
    const bool may_write = commands::written_by(command) != commands::Written::nothing;
    waiting.move(waiter, may_write, fences_of(id), request_ids::request_of(id));
  }

  /// The member of the node's connection; Generations::untracked if it has no generation, and for
  /// no_node.
  std::uint32_t member(NodeNumber number) const {
    if (number == no_node) return cache::Generations::untracked;
    const Node& node = at(number);
    return node.connection ? node.connection->member() : cache::Generations::untracked;
  }
  bool is_tracked(NodeNumber number) const {
    return member(number) != cache::Generations::untracked;
  }
  bool is_replica(NodeNumber number) const { return at(number).primary != no_node; }
  /// Whether replies of the node may be stored; not those of no_node.
  bool may_store(NodeNumber number) const {
    if (number == no_node || at(number).user.is_former()) return false;
    return is_tracked(number) || state_.load(std::memory_order_relaxed) == CacheState::ttl;
  }

  /// A fetch was staged at the node, as `id` in its session.
  void note_request(NodeNumber number, RequestId id, const TrackedConnection::Staged& staged) {
    Node& node = at(number);
    if (node.primary != no_node) {
      node.was_asked = true;
    } else if (node.connection) {
      node.connection->note_request(id, staged);
    }
  }
  /// A reply of the replica may have been stored. What time alone bounds needs no proof.
  void note_stored(NodeNumber number) { at(number).has_entries = is_tracked(number); }

  /// TrackedConnection::want_proof() and has_proved(), of all nodes but replicas, of which nobody
  /// waits for one that is behind.
  void want_proof(cache::Mark mark, Instant now);
  bool has_proved(cache::Mark mark);

  /// Whether entries may have gone out of reach since the last call.
  bool take_ends() { return std::exchange(has_ends_, false); }

  /// Puts all that is not vouched for any more out of reach: the sessions have changed.
  void follow_all();
  /// Asks the nodes whose proofs are due; calls `asking(NodeNumber)` before it asks one.
  template <class Asking>
  void handle_timeout(Instant now, Asking&& asking) {
    proofs_.visit_due(now, nodes_.end(), [&](NodeNumber number) {
      if (!nodes_.has(number) || !nodes_[number].connection) return never;
      TrackedConnection& connection = *nodes_[number].connection;
      if (now >= connection.next_proof()) {
        asking(number);
        connection.ask_for_proof(now);
      }
      return connection.next_proof();
    });
  }
  /// When to call handle_timeout(). May be too early: a node may have proved more since then.
  Instant next_proof() const { return proofs_.next(); }

  void validate() const;

 private:
  // The longest key that is asked for in a proof.
  static constexpr std::size_t question_key_bytes_max = 1024;

  struct Node {
    Node(cache::Cache& cache, Account& requests) : writes(cache, requests) {}
    std::optional<TrackedConnection> connection;
    NodeNumber primary = no_node;  // see set_primary()
    bool has_entries = false;      // of a replica
    bool was_asked = false;        // likewise: there was a fetch in its generation
    WriteFences writes;
    Block question;  // the encoded EXISTS; empty: there is none
    Slot question_slot = no_slot;
    ConnectionUser user;
    bool may_ask = true;         // it does not refuse the question for lack of a right
    std::uint16_t given_up = 0;  // of given_up_, those that are here
  };
  struct GivenUp {
    RequestId part;
    cache::Cache::Fence fence;
  };

  Node& at(NodeNumber number) { return nodes_[number]; }
  const Node& at(NodeNumber number) const { return nodes_[number]; }
  template <class Visit>
  void for_each_node(Visit&& visit) {
    for (std::uint32_t i = 0; i < nodes_.end(); ++i) {
      if (nodes_.has(i)) visit(static_cast<NodeNumber>(i), nodes_[i]);
    }
  }
  template <class Visit>
  void for_each_node(Visit&& visit) const {
    for (std::uint32_t i = 0; i < nodes_.end(); ++i) {
      if (nodes_.has(i)) visit(static_cast<NodeNumber>(i), std::as_const(nodes_[i]));
    }
  }
  bool take_event(NodeNumber number, Session& session, const Event& event);
  // Call this after anything that may have made the node's next proof due earlier.
  void note_next_proof(NodeNumber number);
  WriteFences& fences_of(RequestId id);
  void end_given_up(NodeNumber number, RequestId answered_until);
  void begin(NodeNumber number, Session& session);
  void renew(Node& node);
  void end(Node& node);
  void forget_all(NodeNumber number);
  static std::string_view text_of(const Node& node) {
    return {static_cast<const char*>(node.question.data()), node.question.size()};
  }
  void remember_question(Node& node, const Fetches::Fetch& fetch);
  void forget_question(Node& node);
  void handle_push(NodeNumber number, const Value& push);
  void handle_proof(Node& node, const Event& event);
  void handle_refusal(Node& node, const Event& event);
  void handle_reply(NodeNumber number, const Event& event);

  cache::Cache& cache_;
  Fetches& fetches_;
  ReplySource& source_;
  WriteFences& main_writes_;
  std::atomic<CacheState>& state_;
  const std::atomic<cache::Mark>& heard_;
  Account& requests_;
  BoxTable<Node> nodes_;  // none is ever removed
  WriteFences returned_writes_;
  WriteFences waiting_writes_;
  Queue<GivenUp> given_up_;
  NodeTimes proofs_;
  NodeNumber to_prove_ = 0;  // where has_proved() has ended
  bool has_ends_ = false;
};

}  // namespace plimsoll::inline v0
