#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/native/observe/listen_address.h"

// Addresses and networks in a configuration.

namespace plimsoll::bridge {

using native::ListenAddress;
using native::parse_listen_address;

/// What is wrong with an address that parse_listen_address() refuses. Does not repeat it.
std::string problem_of_address(std::string_view text);

/// A network: "10.0.0.0/8", "fd00::/8", or a single address.
class Network {
 public:
  /// Returns nothing if `text` is not a network, or if bits are set behind the prefix.
  static std::optional<Network> parse(std::string_view text);

  /// Whether `address`, without port and brackets, is in the network. An IPv4 address and the same
  /// address mapped into IPv6 count as one.
  bool contains(std::string_view address) const;

 private:
  // IPv4 addresses are kept mapped into IPv6 (RFC 4291, 2.5.5.2).
  using Bytes = std::array<unsigned char, 16>;
  static std::optional<Bytes> to_bytes(std::string_view address);
  static bool begin_alike(const Bytes& one, const Bytes& other, unsigned bits);

  Bytes prefix_{};
  unsigned prefix_bits_ = 0;
};

/// The key by which limits count a client's address: an IPv4 address by itself, also if it is
/// mapped into IPv6; an IPv6 address by its first `ipv6_prefix_bits`, "2001:db8::/64", because a
/// single customer usually has all addresses of such a network. Any other text is its own key.
std::string client_network(std::string_view address, unsigned ipv6_prefix_bits);

}  // namespace plimsoll::bridge
