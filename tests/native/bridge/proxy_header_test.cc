#include "plimsoll/native/bridge/http/proxy_header.h"

#include <algorithm>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/server.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::proxy_header_test {
namespace {

using namespace std::string_literals;
using bridge::ProxyHeader;

struct Outcome {
  std::string address = {};
  std::string problem = {};
  std::string rest = {};   // that was not taken
  bool has_ended = false;  // what is there was not enough
};

Outcome read(std::string_view bytes) {
  ProxyHeader header;
  while (!header.space().empty()) {
    const std::span<char> space = header.space();
    if (space.size() > bytes.size()) return {.has_ended = true};
    std::copy_n(bytes.begin(), space.size(), space.begin());
    bytes.remove_prefix(space.size());
    header.handle_filled();
  }
  return {.address = header.address(),
          .problem = std::string(header.problem()),
          .rest = std::string(bytes)};
}

const std::string mark = "\r\n\r\n\0\r\nQUIT\n"s;

// Version 2: command and family behind the mark, then what follows them.
std::string binary(char command, char family, const std::string& rest) {
  std::string all = mark + command + family;
  all += static_cast<char>(rest.size() >> 8);
  all += static_cast<char>(rest.size());
  return all + rest;
}

const std::string ip4_addresses = "\xcb\x00\x71\x07\x7f\x00\x00\x01\x13\x88\x1f\x90"s;
const std::string ip6_addresses = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07" +
                                  std::string(15, '\0') + "\x01\x13\x88\x1f\x90";

TEST_CASE("both versions say who a client is, and what follows is not theirs") {
  struct Row {
    std::string header;
    std::string address;
  };
  const Row row = GENERATE_COPY(
      Row{"PROXY TCP4 203.0.113.7 127.0.0.1 5000 8080\r\n", "203.0.113.7"},
      Row{"PROXY TCP6 2001:db8::7 ::1 5000 8080\r\n", "2001:db8::7"}, Row{"PROXY UNKNOWN\r\n", ""},
      Row{"PROXY UNKNOWN what ever\r\n", ""},
      Row{binary('\x21', '\x11', ip4_addresses), "203.0.113.7"},
      Row{binary('\x21', '\x21', ip6_addresses), "2001:db8::7"},
      Row{binary('\x21', '\x11', ip4_addresses + "\x04\x00\x01x"s), "203.0.113.7"},
      Row{binary('\x20', '\x00', ""), ""}, Row{binary('\x20', '\x11', ip4_addresses), ""},
      Row{binary('\x21', '\x00', ""), ""}, Row{binary('\x21', '\x31', std::string(216, 'p')), ""});
  const Outcome outcome = read(row.header + "GET / HTTP/1.1");
  CHECK(outcome.problem.empty());
  CHECK(outcome.address == row.address);
  CHECK(outcome.rest == "GET / HTTP/1.1");
  for (std::size_t size = 0; size < row.header.size(); ++size) {
    CHECK(read(row.header.substr(0, size)).has_ended);
  }
}

TEST_CASE("what is no header is refused") {
  struct Row {
    std::string bytes;
    std::string problem;
  };
  const Row row = GENERATE_COPY(
      Row{"GET / HTTP/1.1\r\n\r\n", "no PROXY header"},
      Row{"PROXY " + std::string(101, 'x'), "a PROXY header without an end"},
      Row{"PROXY TCP4 elsewhere 127.0.0.1 1 2\r\n", "a PROXY header without the client's address"},
      Row{"PROXY TCP4 2001:db8::7 ::1 5000 80\r\n", "a PROXY header without the client's address"},
      Row{"PROXY TCP5 203.0.113.7 1 1 1\r\n", "a PROXY header without the client's address"},
      Row{"PROXY      \r\n  ", "a PROXY header without the client's address"},
      Row{binary('\x11', '\x11', ip4_addresses), "a PROXY header of an unknown version"},
      Row{binary('\x22', '\x11', ip4_addresses), "a PROXY header with an unknown command"},
      Row{binary('\x21', '\x11', ip4_addresses.substr(1)),
          "a PROXY header without the client's address"},
      Row{binary('\x21', '\x21', ip4_addresses), "a PROXY header without the client's address"},
      Row{binary('\x21', '\x11', std::string(ProxyHeader::bytes_max, 'x')),
          "a PROXY header that is too large"});
  CHECK(read(row.bytes).problem == row.problem);
}

TEST_CASE("the largest header there may be is taken") {
  const std::string rest = ip4_addresses + std::string(ProxyHeader::bytes_max - 16 - 12, 'x');
  CHECK(read(binary('\x21', '\x11', rest)).address == "203.0.113.7");
  CHECK(read("PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n").problem.empty());
}

// ---- In front of the bridge

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: resp\r\nAuthorization: Bearer wrong\r\n\r\n";

BridgeOptions with_proxy_protocol(std::string_view trusted) {
  BridgeOptions options;
  options.settings.entry.proxy_protocol = true;
  options.settings.entry.trusted_proxies.push_back(*bridge::Network::parse(trusted));
  options.settings.limits.connections_per_address_max = 1;
  return options;
}

TEST_CASE("a connection is its client's, by what a trusted proxy says") {
  BridgeWorld world(with_proxy_protocol("127.0.0.0/8"));
  const std::string header = "PROXY TCP4 203.0.113.7 127.0.0.1 5000 8080\r\n";
  CHECK(exchange_raw(world.port(), header + std::string(upgrade)).starts_with("HTTP/1.1 401"));
  CHECK(eventually([&] { return world.log().find("203.0.113.7") != std::string::npos; }));
}

TEST_CASE("without its header a proxy gets no answer") {
  BridgeWorld world(with_proxy_protocol("127.0.0.0/8"));
  CHECK(exchange_raw(world.port(), upgrade).empty());
  CHECK(eventually([&] { return world.log().find("no PROXY header") != std::string::npos; }));
}

TEST_CASE("nobody but a trusted proxy gets in") {
  BridgeWorld world(with_proxy_protocol("192.0.2.0/24"));
  const std::string header = "PROXY TCP4 192.0.2.1 127.0.0.1 5000 8080\r\n";
  CHECK(exchange_raw(world.port(), header + std::string(upgrade)).empty());
  CHECK(eventually(
      [&] { return world.log().find("is not in trusted_proxies") != std::string::npos; }));
}

}  // namespace
}  // namespace plimsoll::testing::proxy_header_test
