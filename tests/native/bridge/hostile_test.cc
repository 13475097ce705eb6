// Strangers who open connections and finish nothing: they cost no more than the memory line allows,
// and keep out nobody else.
//
// The bridge takes the clients' addresses from the header of the PROXY protocol, because a test has
// no network of its own.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/tls_bridge.h"
#include "plimsoll/tests/native/bridge/tls_client.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/test_timeout.h"

namespace plimsoll::testing::hostile_test {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

constexpr std::size_t memory_limit = std::size_t{4} << 20;
constexpr std::string_view half_request = "GET / HTTP/1.1\r\nHost: loc";
constexpr std::string_view half_hello = "\x16\x03\x01";

std::string upgrade() {
  return "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
         "Sec-WebSocket-Protocol: resp\r\nAuthorization: Bearer " +
         std::string(good_token) + "\r\n\r\n";
}

std::string proxy_header(const std::string& address) {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return (is_ipv6 ? "PROXY TCP6 " + address + " ::1" : "PROXY TCP4 " + address + " 127.0.0.1") +
         " 5000 8080\r\n";
}

// One of 65,536 addresses of the network with that number.
std::string address_in(int network, int host) {
  return "2001:db8:0:" + std::to_string(network) + "::" + std::to_string(host);
}

BridgeOptions behind_a_proxy() {
  BridgeOptions options;
  options.memory_limit = memory_limit;
  options.settings.entry.proxy_protocol = true;
  options.settings.entry.trusted_proxies = {*bridge::Network::parse("127.0.0.0/8")};
  // No attack of this file ends by itself.
  options.settings.entry.handshake_timeout = test_timeout(std::chrono::seconds(60));
  options.settings.limits.upgrades_per_second_per_address = 100'000;
  return options;
}

class Attack {
 public:
  explicit Attack(BridgeWorld& world) : world_(world) {}

  void open(const std::string& address, std::string_view bytes) {
    Tcp::socket socket(context_);
    socket.connect({asio::ip::address_v4::loopback(), world_.port()});
    boost::system::error_code refused;
    asio::write(socket, asio::buffer(proxy_header(address) + std::string(bytes)), refused);
    sockets_.push_back(std::move(socket));
    ++opened_;
  }

  // Whether the bridge has taken all in, or turned them away.
  bool has_come() {
    return eventually([&] {
      const bridge::Counters counters = world_.counters();
      return counters.connections_accepted >= opened_ &&
             counters.half_open + counters.refused_handshakes >= opened_;
    });
  }

 private:
  BridgeWorld& world_;
  asio::io_context context_;
  std::vector<Tcp::socket> sockets_;
  std::uint64_t opened_ = 0;
};

// An open WebSocket, below Beast, so that the proxy's header may come first.
class Newcomer {
 public:
  Newcomer(const BridgeWorld& world, const std::string& address) {
    socket_.connect({asio::ip::address_v4::loopback(), world.port()});
    asio::write(socket_, asio::buffer(proxy_header(address) + upgrade()));
    boost::system::error_code ended;
    asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n", ended);
  }

  bool is_in() const { return received_.starts_with("HTTP/1.1 101"); }
  std::string status() const { return received_.substr(0, 12); }

  bool is_answered() {
    received_.clear();
    // A masked frame with a mask of zeros.
    asio::write(socket_, asio::buffer("\x82\x8e\0\0\0\0*1\r\n$4\r\nPING\r\n", 20));
    boost::system::error_code ended;
    asio::read_until(socket_, asio::dynamic_buffer(received_), "+PONG\r\n", ended);
    return !ended;
  }

 private:
  asio::io_context context_;
  Tcp::socket socket_{context_};
  std::string received_;
};

TEST_CASE("all addresses of one network get no more places than one address") {
  BridgeOptions options = behind_a_proxy();
  options.settings.limits.connections_per_address_max = 10;
  BridgeWorld world(std::move(options));
  Attack attack(world);
  for (int host = 0; host < 300; ++host) attack.open(address_in(1, host), half_request);
  CHECK(attack.has_come());
  CHECK(eventually([&] { return world.counters().half_open == 10; }));
  CHECK(Newcomer(world, "203.0.113.7").is_in());
  CHECK(Newcomer(world, address_in(2, 1)).is_in());
  CHECK(Newcomer(world, address_in(1, 1000)).status() == "HTTP/1.1 429");
  CHECK(world.counters().dropped_half_open == 0);
}

TEST_CASE("half requests of many networks make room for a client of another one") {
  BridgeOptions options = behind_a_proxy();
  options.settings.limits.connections_max = 100;
  options.settings.limits.connections_per_address_max = 10;
  BridgeWorld world(std::move(options));
  Newcomer before(world, "203.0.113.1");
  REQUIRE(before.is_in());
  Attack attack(world);
  for (int i = 0; i < 300; ++i) attack.open(address_in(i % 30, i), half_request);
  CHECK(attack.has_come());
  Newcomer during(world, "203.0.113.7");
  CHECK(during.is_in());
  CHECK(during.is_answered());
  CHECK(before.is_answered());
  const bridge::Counters counters = world.counters();
  CHECK(counters.dropped_half_open > 0);
  CHECK(counters.relays == 2);
  CHECK(world.ask_all([](const bridge::Servers& servers) { return servers.connections_count(); }) <=
        100);
}

TEST_CASE("half requests stay within the memory line, and a client of another network gets in") {
  BridgeOptions options = behind_a_proxy();
  BridgeWorld world(std::move(options));
  Newcomer before(world, "203.0.113.1");
  Attack attack(world);
  for (int i = 0; i < 400; ++i) {
    attack.open(address_in(i / 100, i), std::string(half_request) + std::string(4000, 'x'));
  }
  CHECK(attack.has_come());
  CHECK(Newcomer(world, "203.0.113.7").is_in());
  CHECK(before.is_answered());
  CHECK(world.memory().peak <= memory_limit);
  CHECK(world.counters().dropped_half_open > 0);
}

TEST_CASE("TLS handshakes stay within the memory line, and a client of another network gets in") {
  TlsBridge bridge(behind_a_proxy());
  Attack attack(bridge.world);
  for (int i = 0; i < 250; ++i) {
    attack.open(address_in(i / 100, i), i % 2 == 0 ? half_hello : std::string_view());
  }
  CHECK(attack.has_come());
  const std::string answer = exchange_tls(bridge.world.port(), bridge.authority.file(), upgrade(),
                                          proxy_header("203.0.113.7"), "\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 101"));
  CHECK(bridge.world.memory().peak <= memory_limit);
  CHECK(bridge.world.counters().dropped_half_open > 0);
}

TEST_CASE("without memory a TLS handshake does not begin, and open WebSockets go on") {
  constexpr int clients_max = 100;
  BridgeOptions options;
  options.memory_limit = 1024 * 1024;
  options.settings.limits.upgrades_per_second_per_address = 100'000;
  TlsBridge bridge(std::move(options));
  std::vector<std::unique_ptr<TlsClient>> clients;
  try {
    while (clients.size() < clients_max) {
      clients.push_back(std::make_unique<TlsClient>(bridge.world.port(), bridge.authority.file()));
    }
  } catch (const std::runtime_error&) {
    // No answer, not even TLS's.
  }
  CHECK(clients.size() < clients_max);
  CHECK(bridge.logs("\"memory_limit\""));
  CHECK(bridge.world.counters().out_of_memory == 1);
  CHECK(bridge.world.counters().dropped_half_open == 0);
  CHECK(bridge.world.memory().peak <= 1024 * 1024);
  REQUIRE_FALSE(clients.empty());
  clients.front()->send("*1\r\n$4\r\nPING\r\n");
  CHECK(clients.front()->receive_bytes(7) == "+PONG\r\n");
}

TEST_CASE("a client that is refused and does not close is not waited for") {
  BridgeWorld world(behind_a_proxy());
  Attack attack(world);
  attack.open("192.0.2.1", "GET / HTTP/1.1\r\n\r\n");  // 400
  CHECK(attack.has_come());
  CHECK(eventually([&] { return world.counters().refused_handshakes == 1; }));
  CHECK(eventually([&] { return world.counters().half_open == 0; }));
}

}  // namespace
}  // namespace plimsoll::testing::hostile_test
