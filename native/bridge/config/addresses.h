#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "plimsoll/native/observe/listen_address.h"

// Addresses and networks in a configuration.

namespace plimsoll::bridge {

using native::ListenAddress;
using native::parse_listen_address;

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

}  // namespace plimsoll::bridge
