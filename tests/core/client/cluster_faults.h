#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "plimsoll/tests/core/client/cluster_world.h"

// What happens to clusters, by lot: slots that move, nodes that are cut off, killed, frozen and
// replaced, and the odd things that nodes say. All of it can be ended.

namespace plimsoll::testing {

class ClusterFaults {
 public:
  /// `slots`: those that move. The world has so many nodes, of which the first were
  /// primaries in the beginning.
  ClusterFaults(ClusterWorld& world, std::mt19937& random, std::vector<unsigned> slots,
                std::size_t nodes = 6, std::size_t primaries = 3)
      : world_(world),
        random_(random),
        slots_(std::move(slots)),
        nodes_(nodes),
        primaries_(primaries) {}

  /// A number below `count`.
  int pick(int count);
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[static_cast<std::size_t>(pick(static_cast<int>(all.size())))];
  }

  /// The next step of a migration.
  void slots();
  void network();
  /// A failover, also of a node that is well.
  void owners();
  /// A failover to a replica that may lack what its primary had. Returns the slots' new owner; none
  /// if there was no failover.
  std::optional<NodeIndex> lossy_failover();
  /// A node hears who owns what.
  void tell(NodeIndex number);
  void tell_any() { tell(static_cast<NodeIndex>(pick(static_cast<int>(nodes_count())))); }
  /// A node refuses this or that.
  void words();
  /// A node of another cluster has an address for a while.
  void strangers();
  /// Some of what ails a node ends.
  void recover();
  /// All is well, but that not every node knows of it.
  void end_all();

  /// How often each thing has happened.
  std::map<std::string, int> struck{};

 private:
  enum class State { rest, moving, target_to_be_told, source_to_be_told, unserved };

  std::size_t nodes_count() const { return nodes_; }
  std::string any_node() {
    return ClusterWorld::port(static_cast<NodeIndex>(pick(static_cast<int>(nodes_count()))));
  }
  NodeIndex any_primary();
  bool is_at_rest() const;
  void tell_some(NodeIndex replaced);
  void slots_to_rest(unsigned slot);

  ClusterWorld& world_;
  std::mt19937& random_;
  const std::vector<unsigned> slots_;
  const std::size_t nodes_;
  const std::size_t primaries_;
  std::map<unsigned, State> states_;
  std::map<unsigned, NodeIndex> holders_;  // who has the keys of a slot that nobody serves
  std::string stranger_at_;
};

}  // namespace plimsoll::testing
