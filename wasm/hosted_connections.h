#pragma once

#include <array>
#include <cstdint>

#include "plimsoll/core/client/client.h"
#include "plimsoll/core/memory/block.h"

namespace plimsoll::wasm {

/// What the host does with each connection of a client. HostedClient owns this. There is room for
/// the connections of every client from the beginning, and for those to the nodes of a cluster once
/// they are known.
class HostedConnections {
 public:
  enum class Link : std::uint8_t { none, opening, open };
  struct Connection {
    Link link = Link::none;
    std::uint32_t read_space_bytes = 0;  ///< room that the host may fill
    std::uint32_t unwritten_bytes = 0;   ///< given to the host to send
  };

  /// Null if there is no room for such a connection. Valid until make_room_for_nodes().
  Connection* find(std::uint32_t connection);

  /// Makes room for the connections to all nodes whose numbers are below `end`. Returns false if
  /// `payer` refuses the memory.
  bool make_room_for_nodes(std::uint32_t end, Account& payer);

 private:
  std::array<Connection, connections_max> connections_{};
  Block nodes_;  // Connections, by the numbers of nodes
  std::uint32_t nodes_end_ = 0;
};

}  // namespace plimsoll::wasm
