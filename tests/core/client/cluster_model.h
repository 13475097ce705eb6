#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/core/client/cluster_replication.h"
#include "plimsoll/tests/core/client/cluster_sessions.h"
#include "plimsoll/tests/core/client/cluster_tracking.h"
#include "plimsoll/tests/core/commands/wire.h"

// The servers of a cluster, without a network: nodes with slots and keys, which answer requests as
// Valkey does while slots move and owners change. Each node has its own view of who owns what,
// which may lag. The model records each command that a node has run, in order, over all nodes.
//
//   ClusterModel model(3);
//   ModelSession session;
//   CHECK(model.answer(0, session, {"GET", "ship"}) == "-MOVED 9286 10.0.0.1:7001\r\n");

namespace plimsoll::testing {

inline constexpr unsigned model_slots_count = 16384;

/// The slot of a key, by its hash tag if it has one. Written apart from the core's.
unsigned model_slot_of(std::string_view key);

struct ModelNode {
  using Data = std::map<std::string, std::vector<std::string>>;
  static constexpr std::uint16_t nobody = UINT16_MAX;

  /// How the node names hosts in CLUSTER SLOTS and in redirects.
  enum class HostForm : std::uint8_t { address, null, empty, question_mark };

  std::string host;
  std::uint16_t port = 0;
  std::string id;                       ///< 40 hex digits
  std::optional<NodeIndex> replica_of;  ///< none: a primary
  bool has_caught_up = true;            ///< otherwise it is a replica that is in no view
  std::string password{};
  Data data{};
  std::vector<std::uint16_t> view = std::vector<std::uint16_t>(model_slots_count, nobody);
  std::map<unsigned, NodeIndex> migrating{};
  std::map<unsigned, NodeIndex> importing{};
  bool is_down = false;  ///< the node says that the cluster is down
  HostForm host_form = HostForm::address;
  std::map<std::string, std::string> refused{};  ///< answers to single commands: "CLUSTER SLOTS"
  std::string refusal{};                         ///< the answer to all commands with keys

  // What a node counts of moves, and who it is: see model_walk.h.
  std::size_t keys_left = 0;
  std::size_t keys_came = 0;
  std::size_t slots_settled = 0;
  std::size_t epoch = 0;
  std::size_t run = 0;      ///< another process has another number
  std::size_t history = 0;  ///< a primary that was a replica has another number

  // How a replica follows its primary: see cluster_replication.h.
  std::string replid{};    ///< the name of the history of which it has a part
  std::size_t offset = 0;  ///< how many changes of the history it has
  bool is_link_up = true;  ///< of a replica to its primary; a test may take it down and up again
  bool was_replaced_unawares = false;  ///< a replica that takes itself for a primary
  std::map<unsigned, NodeIndex> migrating_at_primary{};  ///< what a replica knows of migrations
  std::string zone{};

  std::size_t views_told = 0;          ///< how often it was asked for CLUSTER SLOTS
  std::vector<std::string> keyless{};  ///< commands without keys that it has run

  std::string address() const { return host + ":" + std::to_string(port); }
};

class ClusterModel {
 public:
  /// A command with keys that a node has run.
  struct Run {
    NodeIndex node;
    unsigned slot;
    Words words;
  };

  /// A read that a replica has run for its primary.
  struct ReplicaRead {
    NodeIndex node;
    Words words;
    Instant at;
  };

  /// Primaries with equal parts of the slots, at 10.0.0.1:7000, 7001...; behind them the first
  /// replica of each, then the second...
  explicit ClusterModel(std::size_t primaries, std::size_t replicas = 0);
  ClusterModel(const ClusterModel&) = delete;
  ClusterModel& operator=(const ClusterModel&) = delete;

  ModelNode& node(NodeIndex number) { return nodes_.at(number); }
  const ModelNode& node(NodeIndex number) const { return nodes_.at(number); }
  std::size_t nodes_count() const { return nodes_.size(); }
  /// A node of this cluster without slots, which nobody else knows.
  NodeIndex add_node(const std::string& host, std::uint16_t port);

  /// A request on a connection that has `session`: the answer in RESP3.
  std::string answer(NodeIndex number, ModelSession& session, const Words& words);

  // What an operator does. Slots are named by number, and `owner(slot)` is the truth.

  NodeIndex owner(unsigned slot) const { return owners_.at(slot); }
  bool is_migrating(unsigned slot) const;
  /// CLUSTER SETSLOT IMPORTING at `to`, then MIGRATING at the owner.
  void start_migration(unsigned slot, NodeIndex to);
  NodeIndex target_of(unsigned slot) const;
  /// MIGRATE of one key; false if there are none left at the source.
  bool move_key(unsigned slot);
  bool move_key(unsigned slot, const std::string& key);
  /// CLUSTER SETSLOT NODE, at one of the two. It moves the keys that are left first.
  void finish_at_source(unsigned slot);
  void finish_at_target(unsigned slot);
  /// The keys go back, then CLUSTER SETSLOT STABLE at both.
  void cancel_migration(unsigned slot);
  /// All keys and the slot at once, as CLUSTER MIGRATESLOTS does. The others do not know yet.
  void move_atomically(unsigned slot, NodeIndex to);
  /// The slot belongs to `to`, which does not have its keys. The others do not know yet.
  void take_over(unsigned slot, NodeIndex to);
  /// Nobody serves the slot.
  void unassign(unsigned slot);
  /// The node's view becomes the truth.
  void tell(NodeIndex number);
  void tell(NodeIndex number, unsigned slot);
  void tell_all();

  /// The replicas of `primary` get what the primary has. Without this they have nothing.
  void replicate(NodeIndex primary);
  /// Each of them gets at most so many changes more, if it is linked.
  void replicate(NodeIndex primary, std::size_t changes);
  /// The replica, which may have been a primary until now, gets all of its primary's data anew.
  void resynchronize(NodeIndex replica);
  /// The replicas of `primary`, and the first of them.
  std::vector<NodeIndex> replicas_of(NodeIndex primary) const;
  NodeIndex replica_of(NodeIndex primary) const;
  /// The replica becomes the owner of all slots of its primary, which is its replica from then on.
  /// Only the new owner knows. Migrations of these slots end; keys that had left stay where they
  /// are. The old primary, and those who follow it, have to be told, and then resynchronized.
  void promote(NodeIndex promoted);
  /// The same with the first replica, whose number this returns.
  NodeIndex promote_replica_of(NodeIndex primary);

  /// Its connections, for what needs to know of more than one.
  ClusterSessions& sessions() { return sessions_; }
  const ClusterSessions& sessions() const { return sessions_; }
  /// Who has read what, and what every key has held.
  ClusterTracking& tracking() { return tracking_; }
  const ClusterTracking& tracking() const { return tracking_; }
  /// Who has how much of which history.
  ClusterReplication& replication() { return replication_; }
  const ClusterReplication& replication() const { return replication_; }
  /// What the node answers to a request for the slot that no key of it decides. Empty: it serves
  /// the slot.
  std::string refusal_of_slot(NodeIndex number, unsigned slot) const;
  /// Whether no other node than the owner takes the slot for its own.
  bool is_undisputed(unsigned slot) const;

  /// All commands with keys that were run, in order.
  const std::vector<Run>& runs() const { return runs_; }
  /// Those of them that replicas have run for their primaries.
  const std::vector<ReplicaRead>& replica_reads() const { return replica_reads_; }
  /// The keys of this slot at this node.
  std::vector<std::string> keys_at(NodeIndex number, unsigned slot) const;

  /// The messages that were published since the last call.
  std::vector<std::pair<std::string, std::string>> take_published() {
    return std::exchange(published_, {});
  }

 private:
  std::string run_transaction(NodeIndex number, ModelSession& session);
  std::string queue(NodeIndex number, ModelSession& session, const Words& words);
  std::string refusal(NodeIndex number, const ModelSession& session,
                      const std::vector<std::string>& keys, bool only_reads) const;
  std::string answer_unblocked(NodeIndex number, ModelSession& session, const Words& words);
  std::string run(NodeIndex number, ModelSession& session, const Words& words);
  std::string run_keyless(NodeIndex number, ModelSession& session, const Words& words);
  std::string slots_of(NodeIndex number) const;
  std::string endpoint(const ModelNode& asked, const ModelNode& named) const;
  std::string redirect(const char* word, unsigned slot, const ModelNode& asked,
                       NodeIndex named) const;
  void end_migration(unsigned slot);
  void move_to(NodeIndex from, NodeIndex to, const std::string& key);
  void drop_slot(NodeIndex number, unsigned slot);

  std::vector<ModelNode> nodes_;
  std::array<NodeIndex, model_slots_count> owners_{};
  std::vector<Run> runs_;
  std::vector<ReplicaRead> replica_reads_;
  std::vector<std::pair<std::string, std::string>> published_;
  ClusterSessions sessions_{*this};
  ClusterTracking tracking_{*this};
  ClusterReplication replication_{*this};
};

}  // namespace plimsoll::testing
