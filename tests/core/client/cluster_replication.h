#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/core/client/cluster_sessions.h"

// How the replicas of a ClusterModel follow their primaries. Each primary has a history, with a
// name, and a log of what it has changed: keys, and (as Valkey 8.0 does it) who has a slot and
// where the slot is moving to. Its offset counts the changes. A replica has a prefix of that log,
// which it may extend change by change; or it has lost its primary, and has to be given everything
// anew.

namespace plimsoll::testing {

class ClusterModel;

class ClusterReplication {
 public:
  explicit ClusterReplication(ClusterModel& model) : model_(model) {}

  /// The name of a history (master_replid): 40 hex digits.
  static std::string name_of_history(NodeIndex number, std::size_t history);

  /// The node has changed the key: a command, or MIGRATE. The log takes what the key holds now.
  /// Nothing happens at a node that is a replica.
  void note_change(NodeIndex number, const std::string& key);
  /// The same for what the node knows of the slot.
  void note_slot(NodeIndex number, unsigned slot);
  /// `promoted` begins a history; `old` does not know yet, and its other replicas still follow it.
  void note_promotion(NodeIndex old, NodeIndex promoted);
  /// The node hears who is whose replica. One that has to follow another primary has to be given
  /// everything anew.
  void tell(NodeIndex number);

  /// Whether the node follows a primary whose history it has a part of.
  bool is_linked(NodeIndex replica) const;
  /// How many changes the replica lacks. It has to be linked.
  std::size_t behind(NodeIndex replica) const;
  /// The replica applies at most so many changes of its primary. Returns how many; none if it is
  /// not linked.
  std::size_t catch_up(NodeIndex replica, std::size_t changes = SIZE_MAX);
  /// The replica has all that its primary has, and is linked from now on. Its data are set by the
  /// caller.
  void note_given(NodeIndex replica);

  /// Whether the node takes itself for a primary: also one that was replaced, and does not know.
  bool is_primary(NodeIndex number) const;
  /// The text of INFO replication.
  std::string report_of(NodeIndex number) const;

  /// Valkey 8.0 tells replicas of CLUSTER SETSLOT in the stream of changes. Before, a replica does
  /// not know that a slot is moving, so that it answers null for keys that have left.
  bool replicas_know_migrations = true;

 private:
  struct Change {
    std::optional<std::string> key{};                 ///< none: this is about a slot
    std::optional<std::vector<std::string>> holds{};  ///< none: there is no such key any more
    unsigned slot = 0;
    std::uint16_t owner = 0;  ///< as the primary sees it
    std::optional<NodeIndex> migrating_to{};
  };

  void append(NodeIndex number, Change change);
  void apply(NodeIndex replica, const Change& change);
  std::size_t position_of(NodeIndex replica) const;

  ClusterModel& model_;
  std::map<NodeIndex, std::deque<Change>> logs_;  // by primary
  std::map<NodeIndex, std::size_t> positions_;    // by replica: how much of the log it has
};

}  // namespace plimsoll::testing
