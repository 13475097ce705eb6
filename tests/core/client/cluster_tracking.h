#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/tests/core/client/cluster_sessions.h"

// Client-side caching at the nodes of a ClusterModel (CLIENT TRACKING in its default and OPTIN
// modes): each node remembers what its connections have read, missing keys as well, and tells each
// of them once when that changes at this node. As with Valkey, nobody is told
//  - of a missing key, when its slot moves away, whatever happens to the key then;
//  - of a key that ASK has made at another node;
//  - at a node that does not work (frozen), or does not know better (cut off).
//
// It also records what each key has held, one value behind another, for tests that ask whether a
// reply was true, and when.

namespace plimsoll::testing {

class ClusterModel;

class ClusterTracking {
 public:
  using Value = std::optional<std::vector<std::string>>;  ///< none: there is no such key

  explicit ClusterTracking(ClusterModel& model) : model_(model) {}

  /// The answer to CLIENT TRACKING and CLIENT CACHING; none, if this is neither.
  static std::optional<std::string> answer(ModelSession& session, const Words& words);

  /// The node has run a command of this connection that reads these keys.
  static void note_read(ModelSession& session, const std::vector<std::string>& keys);
  /// A command has changed the key at this node.
  void note_change(NodeIndex number, const std::string& key);
  /// The key has left the node with its slot, or has come that way: it holds the same elsewhere.
  void note_move(NodeIndex number, const std::string& key);
  /// The replica has applied a change of the key that its primary has made.
  void note_applied(NodeIndex replica, const std::string& key) { tell(replica, key); }
  /// Another node owns the slot now, which may not have what the last one had.
  void note_owner(unsigned slot);
  void note_owners();
  /// FLUSHALL, or a full resynchronization: everything may have changed.
  void note_flush(NodeIndex number);
  /// The replica gets `data` from its primary, by the stream of changes.
  void note_replicated(NodeIndex replica,
                       const std::map<std::string, std::vector<std::string>>& data);

  struct Change {
    NodeIndex node;
    Value value;
    bool by_owner;  ///< otherwise the node took the slot for its own, and the change is lost
    bool is_loss;   ///< nobody has written this: a new owner has no more
    Instant at;
  };
  /// What the key held, in order. It was missing before.
  const std::vector<Change>& changes(const std::string& key) const;
  /// The number of changes up to the last one that the slot's owner has made.
  std::size_t true_changes(const std::string& key) const;
  /// What is so at the owner, as far as commands and moves have made it.
  Value truth(const std::string& key) const;

  /// How many invalidations were said.
  std::size_t pushes_count() const { return pushes_; }
  std::size_t flushes_count() const { return flushes_; }

 private:
  void tell(NodeIndex number, const std::string& key);
  bool is_by_owner(NodeIndex number, unsigned slot) const;
  void note_loss(const std::string& key);

  ClusterModel& model_;
  std::map<std::string, std::vector<Change>> changes_;
  std::size_t pushes_ = 0;
  std::size_t flushes_ = 0;
};

}  // namespace plimsoll::testing
