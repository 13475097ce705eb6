#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/bridge/stream/stream.h"
#include "plimsoll/native/bridge/tokens/grant.h"
#include "plimsoll/native/transport/tls_context.h"
#include "plimsoll/options.h"

// A connection to a server, logged in as a profile's user: what a client gets for its token.

namespace plimsoll::bridge {

/// Where a server is. `tls` outlives the connections; null: there is none.
struct Target {
  native::Endpoint endpoint;
  native::TlsContext* tls = nullptr;
};

/// Why there is none, in words for the bridge's own log: they may hold the server's.
struct DialProblem {
  std::string what;
};

/// Connects within `timeout`, TLS and login included. `profile` may have no password: then nobody
/// logs in, and a PING says whether the server serves.
boost::asio::awaitable<std::variant<Stream, DialProblem>> dial(
    const Target& target, const Profile& profile, std::chrono::steady_clock::duration timeout);

/// Whether an address that a name has resolved to is dialled: link-local ones (169.254.0.0/16,
/// fe80::/10) and Amazon's fd00:ec2::254 are not, for clouds keep the machine's credentials there.
/// Whoever writes one into the configuration as it is means it.
bool may_be_resolved_to(const boost::asio::ip::address& address);

/// What is sent first: AUTH where there is a password, and PING.
std::string login_of(const Profile& profile);

/// What the server's first lines come to: nothing yet, all is well (empty), or a problem.
struct LoginState {
  bool is_over = false;
  std::string problem;
};
LoginState read_login(std::string_view received, const Profile& profile);

}  // namespace plimsoll::bridge
