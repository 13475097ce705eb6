#include "plimsoll/native/bridge/entry/forwarded_for.h"

#include <cstdint>

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/base/to_number.h"

namespace plimsoll::bridge {
namespace {

bool is_port(std::string_view text) { return native::to_number<std::uint16_t>(text).has_value(); }

// Takes brackets and port away. Two colons are part of an IPv6 address without brackets, which has
// no port. Returns nothing if what is taken away is no port.
std::optional<std::string_view> without_port(std::string_view hop) {
  if (hop.starts_with('[')) {
    const std::size_t end = hop.find(']');
    if (end == hop.npos) return std::nullopt;
    const std::string_view rest = hop.substr(end + 1);
    const std::string_view address = hop.substr(1, end - 1);
    const bool is_ipv6 = address.find(':') != address.npos;
    const bool has_good_rest = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    return is_ipv6 && has_good_rest ? std::optional(address) : std::nullopt;
  }
  const std::size_t colon = hop.find(':');
  if (colon == hop.npos || hop.find(':', colon + 1) != hop.npos) return hop;
  return is_port(hop.substr(colon + 1)) ? std::optional(hop.substr(0, colon)) : std::nullopt;
}

}  // namespace

std::optional<std::string> address_of_hop(std::string_view hop) {
  const auto text = without_port(hop);
  // make_address() reads a C string, so it would ignore what follows a zero byte.
  if (!text || text->find('\0') != text->npos) return std::nullopt;
  boost::system::error_code problem;
  const auto address = boost::asio::ip::make_address(std::string(*text), problem);
  if (problem) return std::nullopt;
  return address.to_string();
}

std::string client_of(const Request& request, std::string peer,
                      const std::function<bool(std::string_view address)>& is_trusted) {
  // Several lines are one list (RFC 9110, 5.3): a proxy may append its hop as a line of its own.
  // Were only one line read, a client could send the other and pick its address.
  std::string list;
  const auto [begin, end] = request.equal_range("X-Forwarded-For");
  for (auto line = begin; line != end; ++line) list.append(",").append(line->value());
  std::string_view hops = list;
  while (is_trusted(peer) && !hops.empty()) {
    const std::size_t comma = hops.rfind(',');
    std::string_view hop = comma == hops.npos ? hops : hops.substr(comma + 1);
    hops = comma == hops.npos ? std::string_view() : hops.substr(0, comma);
    while (hop.starts_with(' ')) hop.remove_prefix(1);
    while (hop.ends_with(' ')) hop.remove_suffix(1);
    std::optional<std::string> address = address_of_hop(hop);
    if (!address) break;
    peer = std::move(*address);
  }
  return peer;
}

}  // namespace plimsoll::bridge
