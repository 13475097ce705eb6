#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "plimsoll/native/websocket/protocol.h"

// What a request for a WebSocket asks for, read out of its header lines (docs/bridge-protocol.md).

namespace plimsoll::bridge {

using Request = boost::beast::http::request<boost::beast::http::empty_body>;

/// A whole header: beyond it, the request is refused.
inline constexpr std::uint32_t header_bytes_max = 8192;

using websocket::protocol_bare;
using websocket::protocol_with_credits;

struct Handshake {
  /// The upstream's name; empty: the only one there is.
  std::string upstream;
  /// Which of our subprotocols is spoken: the first that was offered. Empty: none was.
  std::string_view protocol;
  /// What Authorization or a subprotocol brought. Never to be logged.
  std::optional<std::string> token;
  bool has_two_tokens = false;
  std::optional<std::string> origin;
  /// Host in lower case, and without its port.
  std::string authority;
  std::string host;
};

/// Whether it asks for another protocol than HTTP, be it a WebSocket or not.
bool asks_for_upgrade(const Request& request);

/// Nothing, where it is no request for a WebSocket of version 13, or one whose lines make no sense.
std::optional<Handshake> read_handshake(const Request& request);

/// Host in lower case; nothing where there is none, or more than one.
std::optional<std::string> authority_of(const Request& request);

/// The same without its port.
std::string host_of(std::string_view authority);

/// Whether `host` can only be this machine, or is one of `allowed`: else a page may have had a name
/// of its own resolved to a loopback address (DNS rebinding).
bool is_own_host(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace plimsoll::bridge
