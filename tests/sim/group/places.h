#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/core/cluster/node_address.h"

// Where the servers and the sentinels of a group live: 10.0.0.1 is the server that the network
// knows as number 0, and so on. All have the same port.

namespace plimsoll::sim {

inline constexpr std::string_view group_port = "6379";
inline constexpr std::string_view group_hosts = "10.0.0.";

/// The name under which the sentinels of a group watch its primary.
inline constexpr std::string_view group_name = "group";

inline std::string host_of(std::size_t server) {
  return std::string(group_hosts) + std::to_string(server + 1);
}

/// Nothing if nobody lives there.
inline std::optional<std::size_t> server_at(const NodeAddress& address) {
  std::string_view host = address.host();
  if (!host.starts_with(group_hosts)) return std::nullopt;
  host.remove_prefix(group_hosts.size());
  std::size_t number = 0;
  const auto read = std::from_chars(host.data(), host.data() + host.size(), number);
  if (read.ec != std::errc() || number == 0) return std::nullopt;
  return number - 1;
}

}  // namespace plimsoll::sim
