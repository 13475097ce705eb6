#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/tests/support/cluster_view.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/raw_client.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {

struct ClusterGroupOptions {
  std::size_t primaries = 3;
  std::size_t replicas = 0;  ///< of each primary

  /// The default user's at all nodes, which they show one another, too. Empty: none.
  std::string password{};

  /// Where the nodes listen beside their unix sockets: TCP, or TLS alone. With TLS they also reach
  /// one another with TLS.
  Listen listen = Listen::unix_socket_and_tcp;

  /// After this time a node that is silent is replaced by its replica. Without replicas it is
  /// better long: on a busy machine, a node that is slow would be marked as failed.
  std::chrono::milliseconds node_timeout = std::chrono::milliseconds(2000);

  /// Further arguments, for all nodes.
  std::vector<std::string> arguments{};
};

/// Who is told first that a slot has another owner. Tools tell the target first. In the other order
/// both say MOVED to each other for a while.
enum class SlotOrder : std::uint8_t { target_first, source_first };

/// As a replica takes over: the primary agrees; the other primaries agree; nobody is asked.
enum class Takeover : std::uint8_t { asked_for, forced, alone };

/// Nodes of a cluster on loopback, of one's own: they serve all slots when the constructor returns,
/// and are gone with this object. The slots are spread evenly. Nodes 0, 1... are the first
/// primaries, in the order of their slots; then come the replicas: of node 0, of node 1...
///
/// A start takes two seconds, which a server waits before it serves slots, so a test program has
/// one for most of its cases.
class ClusterGroup {
 public:
  /// Throws std::runtime_error, with what a node says, if the nodes do not find one another.
  explicit ClusterGroup(ClusterGroupOptions options = {});

  std::size_t nodes_count() const { return nodes_.size(); }
  std::size_t primaries_count() const { return options_.primaries; }
  ValkeyServer& node(std::size_t index) { return *nodes_[index].server; }
  const std::string& id(std::size_t index) const { return nodes_[index].id; }

  /// "127.0.0.1:6379", as a client has it.
  std::string address(std::size_t node) const;
  /// The node with this address. Throws std::runtime_error if there is none.
  std::size_t index_of(std::string_view address) const;
  /// "valkey+cluster://127.0.0.1:7000,..." with all nodes, or those that are given.
  std::string url(const std::vector<std::size_t>& nodes = {}) const;

  /// Sends one command past the client under test, over a connection of its own. Throws
  /// std::runtime_error if the node does not answer, or answers with an error.
  RawReply ask(std::size_t node, const std::vector<std::string>& words) const;
  /// The same; an error is a reply.
  RawReply try_to_ask(std::size_t node, const std::vector<std::string>& words) const;

  /// A command with keys, at the owner of the slot, by what most of the nodes say.
  RawReply ask_owner(std::uint16_t slot, const std::vector<std::string>& words) const;

  /// How often a node has run a command, since it was started or reset_calls(): by its name in INFO
  /// commandstats.
  std::uint64_t calls(std::size_t node, std::string_view command) const;
  void reset_calls() const;
  /// How often a node has answered with an error of this name, "MOVED".
  std::uint64_t errors(std::size_t node, std::string_view name) const;

  /// Waits until exactly so many clients block at the node. Throws std::runtime_error after a
  /// while.
  void wait_until_blocked(std::size_t node, std::size_t clients) const;

  std::vector<KnownNode> known_nodes(std::size_t asked) const;

  /// The owner of a slot, by what most of the nodes that run say. Throws std::runtime_error if none
  /// of them knows one.
  std::size_t owner_of(std::uint16_t slot) const;
  /// A replica of this primary that runs. Throws std::runtime_error if there is none.
  std::size_t replica_of(std::size_t primary) const;

  /// Gives a slot with its keys to another primary, as tools do it: the three steps below.
  void move_slot(std::uint16_t slot, std::size_t to, SlotOrder order = SlotOrder::target_first);

  /// From here until finish_move() the source says ASK where it does not have the key.
  void begin_move(std::uint16_t slot, std::size_t to) const;
  /// Moves the slot's keys, one by one, up to so many. Returns how many there were.
  std::size_t migrate_keys(std::uint16_t slot, std::size_t to,
                           std::size_t keys_max = std::numeric_limits<std::size_t>::max()) const;
  /// Returns when all nodes know that this move is the latest. A next one that came earlier could
  /// be undone by it, keys and all.
  void finish_move(std::uint16_t slot, std::size_t to, SlotOrder order) const;
  /// Calls a move off, in place of finish_move(). Keys that were moved stay where they are.
  void cancel_move(std::uint16_t slot, std::size_t to) const;

  /// Gives all slots of a primary that have no keys to another one. The other nodes hear of it by
  /// gossip, for which this waits.
  void give_empty_slots(std::size_t from, std::size_t to) const;

  /// Waits until all nodes that run say that this one owns the slot.
  void wait_until_owner(std::uint16_t slot, std::size_t node) const;

  /// CLUSTER FAILOVER at a replica. Returns when the node is a primary.
  void fail_over(std::size_t replica, Takeover takeover = Takeover::asked_for) const;

  void freeze(std::size_t node);
  void thaw(std::size_t node);
  /// Ends a node without a warning.
  void kill(std::size_t node);
  /// Starts a dead node again with what it knows of the cluster, and kills it before that if it
  /// runs.
  void restart(std::size_t node, Data data = Data::lost);
  bool is_running(std::size_t node) const { return nodes_[node].state == State::running; }

  /// Takes a node without slots out of the cluster: the others forget it, and it forgets them and
  /// its data. It goes on running.
  void remove(std::size_t node);

  /// Wakes and starts all nodes, and waits until all slots are served and each node knows all
  /// others, and their roles, as they are. Roles stay as failovers have made them.
  void settle();

 private:
  enum class State : std::uint8_t { running, frozen, dead, removed };
  struct Node {
    Descriptor held_bus_port;  // as ValkeyServer holds the other one
    std::unique_ptr<ValkeyServer> server;
    std::string id;
    State state = State::running;
  };

  void start_node();
  void meet() const;
  void make_replicas() const;
  std::vector<std::string> arguments(std::uint16_t bus_port) const;
  RawClient connect(std::size_t node) const;
  std::size_t index_of_id(std::string_view id) const;
  std::size_t owner_by(std::size_t asked, std::uint16_t slot) const;
  std::string epoch_by(std::size_t asked, std::size_t node) const;
  std::vector<std::size_t> running() const;
  void migrate_key(std::size_t from, std::size_t to, const std::string& key) const;

  std::string trouble_of(std::size_t asked) const;
  void wait_until_settled() const;

  const ClusterGroupOptions options_;
  std::vector<Node> nodes_;
};

}  // namespace plimsoll::testing
