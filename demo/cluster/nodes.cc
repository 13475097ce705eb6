#include "plimsoll/demo/cluster/nodes.h"

#include <stdexcept>

namespace plimsoll::demo {
namespace {

// As a cluster should be whose nodes are replaced while one looks: while one shard has no primary,
// the others serve.
testing::ClusterGroupOptions group_options() {
  testing::ClusterGroupOptions options;
  options.primaries = shards_count;
  options.replicas = 1;
  options.arguments = {"--cluster-require-full-coverage", "no"};
  return options;
}

// What a node says of itself.
testing::KnownNode itself(const testing::ClusterGroup& group, std::size_t node) {
  for (const testing::KnownNode& each : group.known_nodes(node)) {
    if (each.has_flag("myself")) return each;
  }
  throw std::runtime_error("node " + Nodes::name_of(node) + " does not know itself");
}

}  // namespace

Nodes::Nodes() : group_(group_options()) {}

std::string Nodes::name_of(std::size_t node) {
  const char shard = static_cast<char>('A' + node % shards_count);
  return std::string(1, shard) + (node < shards_count ? "1" : "2");
}

std::optional<std::size_t> Nodes::find(std::string_view name) {
  for (std::size_t node = 0; node < nodes_count; ++node) {
    if (name_of(node) == name) return node;
  }
  return std::nullopt;
}

Slots Nodes::slots_of(std::size_t node) const {
  Slots slots;
  for (const auto& [first, last] : itself(group_, node).slots) {
    for (std::size_t slot = first; slot <= last; ++slot) slots.set(slot);
  }
  return slots;
}

bool Nodes::is_replica(std::size_t node) const { return itself(group_, node).has_flag("slave"); }

std::size_t Nodes::primary_of(std::size_t replica) const {
  const std::string primary = itself(group_, replica).primary;
  for (std::size_t node = 0; node < nodes_count; ++node) {
    if (group_.id(node) == primary) return node;
  }
  throw std::runtime_error("node " + name_of(replica) + " follows nobody");
}

std::optional<std::size_t> Nodes::heir_of(std::size_t primary) const {
  for (std::size_t node = 0; node < nodes_count; ++node) {
    if (node == primary || !group_.is_running(node)) continue;
    if (!is_replica(node) || primary_of(node) != primary) continue;
    const std::string replication = group_.ask(node, {"INFO", "replication"}).text;
    if (replication.find("master_link_status:up") != std::string::npos) return node;
  }
  return std::nullopt;
}

std::optional<std::size_t> Nodes::another_primary(std::size_t than) const {
  for (std::size_t i = 1; i < nodes_count; ++i) {
    const std::size_t node = (than + i) % nodes_count;
    if (group_.is_running(node) && slots_of(node).any()) return node;
  }
  return std::nullopt;
}

std::size_t Nodes::move(std::uint16_t slot, std::size_t to) {
  group_.begin_move(slot, to);
  const std::size_t keys = group_.migrate_keys(slot, to);
  group_.finish_move(slot, to, testing::SlotOrder::target_first);
  return keys;
}

void Nodes::start_again(std::size_t node) {
  group_.restart(node);
  settle();
}

void Nodes::settle() {
  if (all_run()) group_.settle();
}

bool Nodes::all_run() const {
  for (std::size_t node = 0; node < nodes_count; ++node) {
    if (!group_.is_running(node)) return false;
  }
  return true;
}

}  // namespace plimsoll::demo
