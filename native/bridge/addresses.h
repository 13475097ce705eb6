#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Addresses as a configuration has them.

namespace plimsoll::bridge {

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

/// Addresses that begin alike: "10.0.0.0/8", "fd00::/8", or one address.
class Network {
 public:
  /// Nothing for anything else, also where bits are set behind the prefix.
  static std::optional<Network> parse(std::string_view text);

  /// Whether `address`, without port and brackets, lies in it. One of IPv4 is the same when it is
  /// mapped into IPv6.
  bool contains(std::string_view address) const;

 private:
  // IPv4 as it is mapped into IPv6 (RFC 4291, 2.5.5.2).
  using Bytes = std::array<unsigned char, 16>;
  static std::optional<Bytes> to_bytes(std::string_view address);
  static bool begin_alike(const Bytes& one, const Bytes& other, unsigned bits);

  Bytes prefix_{};
  unsigned prefix_bits_ = 0;
};

}  // namespace plimsoll::bridge
