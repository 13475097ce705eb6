#include "plimsoll/native/bridge/config/addresses.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/base/to_number.h"

namespace plimsoll::bridge {
namespace {

namespace ip = boost::asio::ip;
using native::to_number;

constexpr unsigned ipv4_bits = 32;
constexpr unsigned ipv6_bits = 128;

std::optional<ip::address> read_address(std::string_view text) {
  boost::system::error_code problem;
  const ip::address address = ip::make_address(std::string(text), problem);
  // make_address() reads a C string, so it would ignore what follows a zero byte.
  if (problem || text.find('\0') != text.npos) return std::nullopt;
  return address;
}

}  // namespace

std::string problem_of_address(std::string_view text) {
  const std::string expected = "; expected ADDRESS:PORT, such as 127.0.0.1:8380 or [::]:80";
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (host.empty() || to_number<std::uint16_t>(text)) return "has no address" + expected;
  if (colon == text.npos || text.ends_with(']')) return "has no port" + expected;
  if (!to_number<std::uint16_t>(text.substr(colon + 1))) {
    return "has a port that is not a number from 0 to 65535" + expected;
  }
  if (is_bracketed) return "has no IPv6 address between [ and ]" + expected;
  if (read_address(host)) return "has an IPv6 address without [ ] around it" + expected;
  return "has something else than an IP address in front of the port" + expected;
}

std::optional<Network::Bytes> Network::to_bytes(std::string_view text) {
  const auto address = read_address(text);
  if (!address || text.find('%') != text.npos) return std::nullopt;
  if (address->is_v6()) return address->to_v6().to_bytes();
  return ip::make_address_v6(ip::v4_mapped, address->to_v4()).to_bytes();
}

bool Network::begin_alike(const Bytes& one, const Bytes& other, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(one.begin(), one.begin() + whole, other.begin())) return false;
  const unsigned left = bits % 8;
  return left == 0 || ((one[whole] ^ other[whole]) >> (8 - left)) == 0;
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto bytes = to_bytes(address);
  if (!bytes) return std::nullopt;
  const bool is_ipv6 = address.find(':') != address.npos;
  Network network;
  network.prefix_ = *bytes;
  network.prefix_bits_ = ipv6_bits;
  if (slash == text.npos) return network;
  const unsigned bits_max = is_ipv6 ? ipv6_bits : ipv4_bits;
  const auto bits = to_number<unsigned>(text.substr(slash + 1));
  if (!bits || *bits > bits_max) return std::nullopt;
  network.prefix_bits_ = ipv6_bits - bits_max + *bits;
  for (unsigned bit = network.prefix_bits_; bit < ipv6_bits; ++bit) {
    if ((network.prefix_[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return network;
}

std::string client_network(std::string_view text, unsigned ipv6_prefix_bits) {
  // A zone, as in "fe80::1%eth0", is where the client is, and not who.
  const auto address = read_address(text.substr(0, text.find('%')));
  if (!address) return std::string(text);
  if (address->is_v4()) return address->to_string();
  const ip::address_v6 ipv6 = address->to_v6();
  if (ipv6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, ipv6).to_string();
  ip::address_v6::bytes_type bytes = ipv6.to_bytes();
  for (unsigned bit = ipv6_prefix_bits; bit < ipv6_bits; ++bit) {
    bytes[bit / 8] &= static_cast<unsigned char>(~(0x80U >> bit % 8));
  }
  return ip::address_v6(bytes).to_string() + '/' + std::to_string(ipv6_prefix_bits);
}

bool Network::contains(std::string_view address) const {
  const auto bytes = to_bytes(address.substr(0, address.find('%')));
  return bytes && begin_alike(*bytes, prefix_, prefix_bits_);
}

}  // namespace plimsoll::bridge
