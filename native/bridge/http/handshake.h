#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "plimsoll/native/bridge/http/request_form.h"
#include "plimsoll/native/websocket/protocol.h"
#include "plimsoll/staleness.h"

// Reads from the headers of a request for a WebSocket what the client asks for
// (docs/bridge-protocol.md). The request must have been brought into form. No I/O.

namespace plimsoll::bridge {

/// A request whose header is longer is refused.
inline constexpr std::uint32_t header_bytes_max = 8192;

using websocket::protocol_bare;
using websocket::protocol_with_credits;

/// The bounds of what a client asks for as max_staleness_ms.
inline constexpr std::int64_t max_staleness_ms_min = 1;
inline constexpr std::int64_t max_staleness_ms_max = 3'600'000;
inline constexpr std::string_view max_staleness_refusal =
    "max_staleness_ms has to be one number of 1 to 3600000";

struct Handshake {
  /// The upstream's name; empty: the only upstream.
  std::string upstream;
  /// The first subprotocol offered that the bridge knows; empty: none.
  std::string_view protocol;
  /// The token in Authorization or in a subprotocol. Never log it.
  std::optional<std::string> token;
  bool has_two_tokens = false;
  /// How old what the bridge's cache gives may be, from the target's query or from a header.
  /// Nothing: it is given twice, or is no number within the bounds.
  std::optional<native::Staleness> max_staleness = native::any_staleness;
  /// Sec-WebSocket-Key of a client that offered protocol_refusal; empty: it did not.
  std::string refusal_key;
  std::optional<std::string> origin;
  /// `Host` in lower case; with its port, and without.
  std::string authority;
  std::string host;
};

/// Why a request is not one for a WebSocket of version 13.
struct HandshakeProblem {
  std::string_view why;  ///< for the log
  /// Only the version is another one: the answer names the bridge's (RFC 6455, section 4.4).
  bool is_of_version = false;
};

/// Whether the request has an Upgrade header, for a WebSocket or for anything else.
bool asks_for_upgrade(const Request& request);

/// Returns a problem also if headers are contradictory, or not as their grammar wants them.
std::variant<Handshake, HandshakeProblem> read_handshake(const Request& request);

}  // namespace plimsoll::bridge
