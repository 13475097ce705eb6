#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::testing {

/// Sends one inline command to the server on a unix socket, over a connection of its own, and
/// returns the reply's bytes as they came (RESP2).
///
/// For what a test needs besides the client it tests: PING, CONFIG SET, CLIENT KILL. Empty if
/// nobody listens, or the reply is not complete within `limit`.
std::optional<std::string> inline_command(const std::string& socket_path, std::string_view command,
                                          std::chrono::milliseconds limit);

}  // namespace plimsoll::testing
