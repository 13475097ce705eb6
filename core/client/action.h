#pragma once

#include <cstdint>

#include "plimsoll/core/client/connection_id.h"
#include "plimsoll/core/cluster/node_address.h"
#include "plimsoll/core/cluster/seeds.h"
#include "plimsoll/core/session/session.h"

namespace plimsoll::inline v0 {

/// Asks the driver to open or close a connection. After a close the driver reports nothing more
/// about that connection, except the end of a write (handle_written()), which may still come until
/// the driver carries out the next open with the same ConnectionId.
struct Action {
  enum class Kind : std::uint8_t { open, close };
  Kind kind;
  ConnectionId connection;
  SeedId seed{};                      ///< open: to which of the driver's addresses
  const NodeAddress* told = nullptr;  ///< open: if it is not null, to this address in place of
                                      ///< `seed`; valid until the next poll_event() or
                                      ///< poll_action()
  Peer peer = Peer::server;           ///< open: who listens there
};

inline Action::Kind kind_of(Session::Action action) {
  return action == Session::Action::open ? Action::Kind::open : Action::Kind::close;
}

}  // namespace plimsoll::inline v0
