#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::native {

/// Where to listen. The host is an address, not a name: what a name stands for may change.
struct ListenAddress {
  std::string host = "127.0.0.1";  ///< without brackets
  std::uint16_t port = 0;          ///< 0: any that is free

  /// Reached from this machine alone.
  bool is_loopback() const;
  /// "127.0.0.1:8380", "[::1]:8380".
  std::string to_string() const;
  bool operator==(const ListenAddress&) const = default;
};

/// "127.0.0.1:8380", "[::]:443", "localhost:8380" (127.0.0.1). Nothing for anything else.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace plimsoll::native
