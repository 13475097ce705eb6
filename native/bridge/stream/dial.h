#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/bridge/stream/dial_problem.h"
#include "plimsoll/native/bridge/stream/shared_server.h"
#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/bridge/tokens/authorization.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/options.h"

// Connects to a server and logs in as a profile's user.

namespace plimsoll::bridge {

/// Where a server is. `tls` must outlive the connections; null: no TLS.
struct Target {
  native::Endpoint endpoint;
  native::TlsContext* tls = nullptr;
  /// Null: each WebSocket has a connection of its own to the server.
  std::shared_ptr<const SharedServer> shared = nullptr;
};

/// Connects, performs the TLS handshake and logs in, all within `timeout`. Without a password in
/// `profile` there is no login; a PING then shows whether the server answers.
boost::asio::awaitable<std::variant<Stream, DialProblem>> dial(
    const Target& target, const Profile& profile, std::chrono::steady_clock::duration timeout);

/// Whether the bridge connects to an address to which a name resolved. It does not for link-local
/// addresses (169.254.0.0/16, fe80::/10) and Amazon's fd00:ec2::254, because clouds serve a
/// machine's credentials there, and an attacker who controls the name could point it at them. An
/// address that the configuration itself contains is not checked.
bool may_be_resolved_to(const boost::asio::ip::address& address);

/// The first commands: AUTH if there is a password, and PING.
std::string login_of(const Profile& profile);

/// The result of the server's first lines: not over yet, success (no problem), or a problem.
struct LoginState {
  bool is_over = false;
  bool is_refused = false;  ///< the server does not take this user or password
  std::string problem = {};
};
LoginState read_login(std::string_view received, const Profile& profile);

}  // namespace plimsoll::bridge
