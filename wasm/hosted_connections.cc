#include "plimsoll/wasm/hosted_connections.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "plimsoll/core/client/cluster_nodes.h"

namespace plimsoll::wasm {

HostedConnections::Connection* HostedConnections::find(std::uint32_t connection) {
  if (connection < connections_max) return &connections_[connection];
  if (!ClusterNodes::owns(ConnectionId{connection})) return nullptr;
  const NodeNumber node = ClusterNodes::number_of(ConnectionId{connection});
  return node < nodes_end_ ? static_cast<Connection*>(nodes_.data()) + node : nullptr;
}

// At least doubles the room, so that connections are seldom copied.
bool HostedConnections::make_room_for_nodes(std::uint32_t end, Account& payer) {
  if (end <= nodes_end_) return true;
  const std::uint32_t room = std::max(end, 2 * nodes_end_);
  Block block = Block::allocate(payer, room * sizeof(Connection));
  if (!block) return false;
  auto* const all = static_cast<Connection*>(block.data());
  std::uninitialized_copy_n(static_cast<const Connection*>(nodes_.data()), nodes_end_, all);
  std::uninitialized_value_construct_n(all + nodes_end_, room - nodes_end_);
  nodes_ = std::move(block);
  nodes_end_ = room;
  return true;
}

}  // namespace plimsoll::wasm
