#include "plimsoll/core/cluster/node_address.h"

#include "plimsoll/core/base/text_writer.h"

namespace plimsoll::inline v0 {
namespace {

// The letters of names and IP addresses, with the zone of an IPv6 address behind a %. An address
// comes from a peer, and gets into logs, certificates' checks and HTTP requests.
bool is_host_letter(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= ':') || c == '-' || c == '.' ||
         c == '_' || c == '%';
}

// 0 if this is no port. Not std::from_chars, which takes many times the code.
std::uint16_t read_port(std::string_view text) {
  std::uint32_t number = 0;
  for (char c : text) {
    if (c < '0' || c > '9' || number > UINT16_MAX / 10) return 0;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return number <= UINT16_MAX ? static_cast<std::uint16_t>(number) : std::uint16_t{0};
}

}  // namespace

std::optional<NodeAddress> NodeAddress::read(std::string_view host, std::string_view port) {
  return read(host, read_port(port));
}

std::optional<NodeAddress> NodeAddress::read(std::string_view host, std::uint16_t port) {
  NodeAddress address;
  address.port_ = port;
  if (port == 0 || host.empty() || host.size() > host_bytes_max) return std::nullopt;
  char* out = address.host_.data();
  for (char c : host) {
    if (!is_host_letter(c)) return std::nullopt;
    *out++ = c;
  }
  address.host_size_ = static_cast<std::uint8_t>(host.size());
  return address;
}

std::string_view NodeAddress::write(std::span<char, text_bytes_max> out) const {
  const bool is_ipv6 = host().find(':') != std::string_view::npos;
  TextWriter text(out);
  if (is_ipv6) text.append("[");
  text.append(host());
  text.append(is_ipv6 ? "]:" : ":");
  text.append(std::uint64_t{port_});
  return text.text();
}

}  // namespace plimsoll::inline v0
