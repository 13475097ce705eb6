#include "plimsoll/native/bridge/http/proxy_header.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace plimsoll::bridge {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view text_mark = "PROXY ";
constexpr std::size_t line_bytes_max = 107;

constexpr std::string_view binary_mark("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t binary_start_bytes = binary_mark.size() + 4;

// Values of the two bytes behind the mark: version and command, then family and transport.
constexpr unsigned version_2 = 2;
constexpr unsigned command_local = 0;
constexpr unsigned command_proxy = 1;
constexpr unsigned family_ip4 = 1;
constexpr unsigned family_ip6 = 2;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

template <class Address>
std::string address_of(std::string_view bytes) {
  typename Address::bytes_type address{};
  std::transform(bytes.begin(), bytes.begin() + address.size(), address.begin(),
                 [](char c) { return static_cast<unsigned char>(c); });
  return Address(address).to_string();
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

void ProxyHeader::handle_filled() {
  size_ += wanted_;
  wanted_ = 0;
  switch (at_) {
    case At::first: return begin();
    case At::line: return take_line();
    case At::binary_start: return take_binary_start();
    case At::binary: return take_binary();
  }
}

void ProxyHeader::begin() {
  if (seen() == binary_mark) {
    at_ = At::binary_start;
    wanted_ = binary_start_bytes - size_;
  } else if (seen().starts_with(text_mark)) {
    at_ = At::line;
    wanted_ = 1;
  } else {
    fail("no PROXY header");
  }
}

// Reads byte by byte, because the bytes behind the line are not part of the header.
void ProxyHeader::take_line() {
  if (!seen().ends_with("\r\n")) {
    if (size_ == line_bytes_max) return fail("a PROXY header without an end");
    wanted_ = 1;
    return;
  }
  std::string_view line = seen().substr(0, size_ - 2);
  line.remove_prefix(text_mark.size());
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return;
  boost::system::error_code problem;
  const auto address = ip::make_address(std::string(take_word(line)), problem);
  const bool is_right =
      (family == "TCP4" && address.is_v4()) || (family == "TCP6" && address.is_v6());
  if (problem || !is_right) return fail("a PROXY header without the client's address");
  address_ = address.to_string();
}

void ProxyHeader::take_binary_start() {
  const std::size_t rest = byte_at(seen(), 14) << 8U | byte_at(seen(), 15);
  if (byte_at(seen(), 12) >> 4U != version_2) return fail("a PROXY header of an unknown version");
  if (size_ + rest > bytes_max) return fail("a PROXY header that is too large");
  at_ = At::binary;
  wanted_ = rest;
  if (rest == 0) take_binary();
}

void ProxyHeader::take_binary() {
  const unsigned command = byte_at(seen(), 12) & 15U;
  const unsigned family = byte_at(seen(), 13) >> 4U;
  const std::string_view addresses = seen().substr(binary_start_bytes);
  if (command == command_local) return;
  if (command != command_proxy) return fail("a PROXY header with an unknown command");
  constexpr std::size_t ports_bytes = 4;
  if (family == family_ip4 && addresses.size() >= 2 * 4 + ports_bytes) {
    address_ = address_of<ip::address_v4>(addresses);
  } else if (family == family_ip6 && addresses.size() >= 2 * 16 + ports_bytes) {
    address_ = address_of<ip::address_v6>(addresses);
  } else if (family == family_ip4 || family == family_ip6) {
    fail("a PROXY header without the client's address");
  }
}

void ProxyHeader::fail(std::string_view why) { problem_ = why; }

}  // namespace plimsoll::bridge
