#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::inline v0::native {

/// Where to listen. The host is an address, not a name, because a name's address may change.
struct ListenAddress {
  std::string host = "127.0.0.1";  ///< without brackets
  std::uint16_t port = 0;          ///< 0: any free port

  /// Whether only this machine can reach it.
  bool is_loopback() const;
  /// "127.0.0.1:8380", "[::1]:8380".
  std::string to_string() const;
  bool operator==(const ListenAddress&) const = default;
};

/// Parses "127.0.0.1:8380", "[::]:443", "localhost:8380" (127.0.0.1). Returns nothing for anything
/// else.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace plimsoll::inline v0::native
