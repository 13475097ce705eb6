#include "plimsoll/native/observe/listen_address.h"

#include <boost/asio/ip/address.hpp>

#include "plimsoll/native/base/to_number.h"

namespace plimsoll::inline v0::native {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> read_address(std::string_view text) {
  boost::system::error_code problem;
  const ip::address address = ip::make_address(std::string(text), problem);
  // make_address() reads a C string, so it would ignore what follows a zero byte.
  if (problem || text.find('\0') != text.npos) return std::nullopt;
  return address;
}

}  // namespace

bool ListenAddress::is_loopback() const {
  const auto address = read_address(host);
  return address && address->is_loopback();
}

std::string ListenAddress::to_string() const {
  const bool bracketed = host.find(':') != host.npos;
  return (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  const auto port = to_number<std::uint16_t>(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port) return std::nullopt;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto address = read_address(host);
  if (!address || address->is_v6() != bracketed) return std::nullopt;
  return ListenAddress{.host = std::string(host), .port = *port};
}

}  // namespace plimsoll::inline v0::native
