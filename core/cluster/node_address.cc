#include "plimsoll/core/cluster/node_address.h"

#include <charconv>

namespace plimsoll::inline v0 {
namespace {

// The letters of names and IP addresses, with the zone of an IPv6 address behind a %. An address
// comes from a peer, and gets into logs, certificates' checks and HTTP requests.
bool is_host_letter(char c) {
  constexpr std::string_view others = "-._:%";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         others.find(c) != others.npos;
}

}  // namespace

std::optional<NodeAddress> NodeAddress::read(std::string_view host, std::string_view port) {
  NodeAddress address;
  const auto [end, problem] =
      std::from_chars(port.data(), port.data() + port.size(), address.port_);
  const bool is_port =
      problem == std::errc() && end == port.data() + port.size() && address.port_ != 0;
  const bool is_host = !host.empty() && host.size() <= host_bytes_max &&
                       std::all_of(host.begin(), host.end(), is_host_letter);
  if (!is_port || !is_host) return std::nullopt;
  address.host_size_ = static_cast<std::uint8_t>(host.size());
  std::copy(host.begin(), host.end(), address.host_.begin());
  return address;
}

}  // namespace plimsoll::inline v0
