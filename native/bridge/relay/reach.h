#pragma once

#include <chrono>
#include <variant>

#include <boost/asio/awaitable.hpp>

#include "plimsoll/native/bridge/relay/server_end.h"
#include "plimsoll/native/bridge/shared/shared_clients.h"
#include "plimsoll/native/bridge/stream/dial.h"
#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/staleness.h"

namespace plimsoll::bridge {

struct ReachOptions {
  std::chrono::milliseconds connect_timeout;
  /// TCP_USER_TIMEOUT of a connection.
  std::chrono::milliseconds unacknowledged_max;
  /// Of what a session reads from its upstream's cache.
  native::Staleness max_staleness = native::any_staleness;
};

/// Makes a connection to the server, logged in as the user of its profile; or, if connections are
/// shared, a session at one of `clients`. All references must outlive what this returns.
boost::asio::awaitable<std::variant<ServerEnd, DialProblem>> reach(const Target& target,
                                                                   const Authorization& who,
                                                                   SharedClients& clients,
                                                                   const ReachOptions& options);

}  // namespace plimsoll::bridge
