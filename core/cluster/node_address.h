#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// The address of a server or a sentinel, as another one has told it.

namespace plimsoll::inline v0 {

/// A host, which is a name or an IP address without brackets, and a port. Holds its own copy, and
/// never allocates.
class NodeAddress {
 public:
  /// As long as a name in the DNS can be (RFC 1035, section 2.3.4), as text.
  static constexpr std::size_t host_bytes_max = 253;

  /// No address.
  NodeAddress() = default;

  /// Nothing, if this cannot be an address: the host is empty, too long, or has a character that
  /// neither names nor IP addresses have; or the port is no number from 1 to 65535.
  static std::optional<NodeAddress> read(std::string_view host, std::string_view port);
  static std::optional<NodeAddress> read(std::string_view host, std::uint16_t port);

  /// Writes "host:port", with brackets around an IPv6 address, and returns the part of `out` that
  /// was written.
  static constexpr std::size_t text_bytes_max = host_bytes_max + 8;
  std::string_view write(std::span<char, text_bytes_max> out) const;

  std::string_view host() const { return {host_.data(), host_size_}; }
  std::uint16_t port() const { return port_; }
  bool empty() const { return host_size_ == 0; }

  friend bool operator==(const NodeAddress& a, const NodeAddress& b) {
    return a.port_ == b.port_ && a.host() == b.host();
  }

 private:
  std::uint16_t port_ = 0;
  std::uint8_t host_size_ = 0;
  std::array<char, host_bytes_max> host_{};
};

}  // namespace plimsoll::inline v0
