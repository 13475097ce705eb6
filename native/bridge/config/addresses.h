#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "plimsoll/native/observe/listen_address.h"

// Addresses as a configuration has them.

namespace plimsoll::bridge {

using native::ListenAddress;
using native::parse_listen_address;

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
