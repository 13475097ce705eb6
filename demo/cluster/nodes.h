// The demo's private cluster: three primaries with a replica each, with names for people, and what
// is done to it. The nodes run as children of the thread that makes this object, and end with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/demo/cluster/tally.h"
#include "plimsoll/tests/support/cluster.h"

namespace plimsoll::demo {

inline constexpr std::size_t nodes_count = 6;
inline constexpr std::size_t shards_count = 3;

class Nodes {
 public:
  /// Starts the nodes, which takes some seconds. Throws std::runtime_error.
  Nodes();

  /// "A1": a shard's first primary. "A2": what was its replica at first.
  static std::string name_of(std::size_t node);
  static std::optional<std::size_t> find(std::string_view name);

  [[nodiscard]] testing::ClusterGroup& group() { return group_; }
  [[nodiscard]] const testing::ClusterGroup& group() const { return group_; }

  /// The slots that a node owns, and whether it follows another one. The node must run.
  [[nodiscard]] Slots slots_of(std::size_t node) const;
  [[nodiscard]] bool is_replica(std::size_t node) const;
  /// The primary of a replica.
  [[nodiscard]] std::size_t primary_of(std::size_t replica) const;
  /// A replica of this node that runs and has its data; none: there is none.
  [[nodiscard]] std::optional<std::size_t> heir_of(std::size_t primary) const;
  /// A node that runs, owns slots, and is not this one; none: there is none.
  [[nodiscard]] std::optional<std::size_t> another_primary(std::size_t than) const;

  /// Moves a slot key by key. Returns how many keys there were.
  std::size_t move(std::uint16_t slot, std::size_t to);

  /// Waits until all nodes know the roles of all others, if all of them run.
  void settle();

  /// Starts a dead node again, and waits until it has its place in the cluster.
  void start_again(std::size_t node);

 private:
  [[nodiscard]] bool all_run() const;

  testing::ClusterGroup group_;
};

}  // namespace plimsoll::demo
