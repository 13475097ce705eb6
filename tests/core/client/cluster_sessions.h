#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plimsoll/core/base/time.h"
#include "plimsoll/tests/core/commands/wire.h"

// What the nodes of a ClusterModel know of their connections: who blocks, who watches keys, who
// has subscribed to shard channels. As with Valkey, a change of owner ends all of these.

namespace plimsoll::testing {

using NodeIndex = std::size_t;

/// What a node knows of one connection.
struct ModelSession {
  bool has_authenticated = false;
  bool is_asking = false;
  bool is_readonly = false;
  bool is_in_transaction = false;
  bool is_aborted = false;  ///< a command of the transaction was refused when it was queued
  std::vector<Words> queued{};
  std::set<std::string> channels{};

  struct Blocked {
    Words words;  ///< BLPOP key... timeout
    Instant until;
  };
  std::optional<Blocked> blocked{};
  std::deque<Words> behind{};  ///< requests that came while it was blocked
  std::map<std::string, std::optional<std::vector<std::string>>> watched{};  ///< what they held
  std::set<std::string> shard_channels{};
  std::string late{};   ///< answers and pushes that no request of this turn asked for
  bool closes = false;  ///< the node closes the connection behind `late`
  std::uint64_t id = 4;
  std::string user = "default";
  bool has_refused = false;  ///< the node's own last answer was an error

  // See ClusterTracking.
  enum class Tracking : std::uint8_t { off, all, opted_in } tracking = Tracking::off;
  bool caches_next = false;         ///< CLIENT CACHING YES was said
  bool caches_now = false;          ///< the command that is run came right behind it
  std::set<std::string> tracked{};  ///< the keys whose next change this connection hears of
  /// An invalidation: of all keys, or of one that had changed so many times. 0: the node is not the
  /// owner any more, so that this says nothing about the changes.
  struct Told {
    std::optional<std::string> key{};
    std::size_t changes = 0;
  };
  std::vector<Told> told_late{};  ///< those in `late`
  std::vector<Told> told{};       ///< those before

  /// What is said before the answer to the next request, or without one.
  std::string take_late() {
    told.insert(told.end(), told_late.begin(), told_late.end());
    told_late.clear();
    return std::exchange(late, {});
  }
};

class ClusterModel;

class ClusterSessions {
 public:
  explicit ClusterSessions(ClusterModel& model) : model_(model) {}

  /// The session has a connection to the node from now on, until close(). `session` must live as
  /// long. Those that were never opened can neither block nor be unblocked.
  void open(NodeIndex number, ModelSession& session);
  void close(ModelSession& session);
  /// All connections of the node are gone.
  void close_all(NodeIndex number);
  /// Calls `visit(ModelSession&)` for each connection to the node.
  template <class Visit>
  void for_each(NodeIndex number, Visit&& visit) const {
    for (const Open& each : open_) {
      if (each.node == number) visit(*each.session);
    }
  }

  /// Takes the first element of the first list that has one, or blocks.
  std::string pop(NodeIndex number, ModelSession& session, const Words& words);
  std::string unblock(NodeIndex number, const Words& words);
  void watch(NodeIndex number, ModelSession& session, const Words& words);
  /// Whether all that is watched is as it was.
  bool are_unchanged(NodeIndex number, const ModelSession& session) const;
  /// SSUBSCRIBE, SUNSUBSCRIBE and SPUBLISH.
  std::string answer_about_shards(NodeIndex number, ModelSession& session, const Words& words);

  /// Whether a node does what it does now.
  using Works = std::function<bool(NodeIndex)>;

  /// Ends the waits that are over, for whatever reason, at all nodes that work.
  void settle(const Works& works);
  /// When the next wait is over at a node that works.
  Instant next_due(const Works& works) const;
  void set_time(Instant now) { now_ = now; }
  Instant now() const { return now_; }

  /// An element that a command took, and what was published in shard channels.
  struct Popped {
    NodeIndex node;
    Words words;
    std::string element;
  };
  const std::vector<Popped>& popped() const { return popped_; }
  struct Published {
    NodeIndex node;
    bool by_owner;  ///< and nobody else takes the slot for its own: no subscriber is elsewhere
                    ///< without knowing
    std::string channel;
    std::string text;
  };
  const std::vector<Published>& published() const { return published_; }

  /// The commands that block now, at all nodes.
  std::vector<Words> blocked() const;
  std::size_t blocked_count(NodeIndex number) const;
  /// How many sessions of the node have this shard channel.
  std::size_t subscribers(NodeIndex number, const std::string& channel) const;

  /// Called with each command that CLIENT UNBLOCK ends.
  std::function<void(const Words&)> on_unblocked{};
  /// Called with each transaction that is committed behind WATCH or UNWATCH.
  std::function<void(const ModelSession&, const std::vector<Words>&)> on_commit{};
  /// What a node does with those who block when it becomes a replica: up to 8.1 it says UNBLOCKED
  /// and closes, later it says MOVED.
  bool closes_when_demoted = true;

 private:
  struct Open {
    NodeIndex node;
    ModelSession* session;
  };

  std::optional<std::string> take(NodeIndex number, const Words& words);
  void end(NodeIndex number, ModelSession& session, const std::string& reply);
  std::string refusal_of_blocked(NodeIndex number, const ModelSession& session) const;
  void end_lost_channels(NodeIndex number, ModelSession& session) const;

  ClusterModel& model_;
  std::vector<Open> open_;
  std::deque<ModelSession*> waiting_;  // those who block, in the order in which they began
  std::map<NodeIndex, std::uint64_t> ids_;
  std::vector<Popped> popped_;
  std::vector<Published> published_;
  Instant now_{};
};

}  // namespace plimsoll::testing
