// The bridge with TLS, to its clients and to servers.

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/tls_bridge.h"
#include "plimsoll/tests/native/bridge/tls_client.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/tls_world.h"
#include "plimsoll/tests/support/certificates.h"

namespace plimsoll::testing::tls_test {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";

TEST_CASE("large values go both ways over TLS") {
  TlsBridge bridge;
  TlsClient client(bridge.world.port(), bridge.authority.file());
  const std::string value(900'000, 'v');
  client.send("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$900000\r\n" + value + "\r\n");
  CHECK(client.receive_bytes(5) == "+OK\r\n");
  for (int i = 0; i < 5; ++i) client.send("*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n");
  const std::string reply = "$900000\r\n" + value + "\r\n";
  std::string replies = client.receive_bytes(5 * reply.size());
  for (int i = 0; i < 5; ++i) {
    CHECK(replies.starts_with(reply));
    replies.erase(0, reply.size());
  }
}

TEST_CASE("a certificate that was replaced is the next connection's, and no other") {
  TlsBridge bridge;
  TlsClient before(bridge.world.port(), bridge.authority.file());
  bridge.authority.issue("bridge", {.names = "DNS:another.example"});
  CHECK_THROWS_MATCHES(TlsClient(bridge.world.port(), bridge.authority.file()), std::runtime_error,
                       MessageMatches(ContainsSubstring("it is of another.example")));
  before.send(ping);
  CHECK(before.receive_bytes(7) == "+PONG\r\n");
}

TEST_CASE("a certificate that cannot be read leaves the one before in force") {
  TlsBridge bridge;
  SECTION("none") { std::ofstream(bridge.files.certificate) << "no certificate"; }
  SECTION("a pipe into which nobody writes") {
    std::filesystem::remove(bridge.files.certificate);
    REQUIRE(::mkfifo(bridge.files.certificate.c_str(), 0600) == 0);
  }
  TlsClient client(bridge.world.port(), bridge.authority.file());
  client.send(ping);
  CHECK(client.receive_bytes(7) == "+PONG\r\n");
  CHECK_THAT(bridge.context->problem(), ContainsSubstring(bridge.files.certificate));
}

TEST_CASE("whoever speaks no TLS gets no answer but TLS's, and the log says why") {
  TlsBridge bridge;
  const std::string answer = exchange_raw(bridge.world.port(), "GET / HTTP/1.1\r\n\r\n");
  CHECK(answer.find("HTTP") == std::string::npos);
  CHECK(bridge.logs("TLS: http request"));
  TlsClient client(bridge.world.port(), bridge.authority.file());
}

TEST_CASE("attempts of an address are counted before TLS costs anything") {
  BridgeOptions options;
  options.settings.limits.upgrades_per_second_per_address = 1;
  TlsBridge bridge(std::move(options));
  TlsClient client(bridge.world.port(), bridge.authority.file());
  CHECK(exchange_raw(bridge.world.port(), "").empty());
  CHECK(bridge.logs("upgrades_per_second_per_address"));
}

TEST_CASE("TLS handshakes end in time") {
  BridgeOptions options;
  options.settings.entry.handshake_timeout = std::chrono::milliseconds(50);
  TlsBridge bridge(std::move(options));
  CHECK(exchange_raw(bridge.world.port(), "\x16\x03\x01").empty());
  CHECK(bridge.logs("handshake_timeout"));
}

// ---- Towards servers

BridgeOptions towards(native::TlsContext& context) {
  BridgeOptions options;
  bridge::Target target;
  target.endpoint.host = "localhost";
  target.endpoint.port = shared_tls_server().port();
  target.tls = &context;
  options.settings.rules.upstreams.emplace("main", std::move(target));
  return options;
}

std::unique_ptr<native::TlsContext> trusting_file(const std::string& ca_file) {
  native::TlsOptions options;
  options.ca_file = ca_file;
  return native::TlsContext::create(options, "localhost").value();
}

TEST_CASE("a server's TLS is the bridge's business") {
  const auto context = trusting_file(shared_authority().file());
  BridgeWorld world(towards(*context));
  WebSocketClient client(world.port());
  const std::string value(900'000, 'v');
  client.send("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$900000\r\n" + value + "\r\n");
  CHECK(client.receive_bytes(5) == "+OK\r\n");
  for (int i = 0; i < 3; ++i) client.send("*2\r\n$3\r\nGET\r\n$5\r\nlarge\r\n");
  const std::string reply = "$900000\r\n" + value + "\r\n";
  CHECK(client.receive_bytes(3 * reply.size()) == reply + reply + reply);
}

TEST_CASE("a server that is not trusted is not reached, and the client learns no more than that") {
  const CertificateAuthority another("Another CA");
  const auto context = trusting_file(another.file());
  BridgeWorld world(towards(*context));
  CHECK(status_of_upgrade(world.port(), {}) == 502);
  CHECK(eventually([&] { return world.log().find("issued by") != std::string::npos; }));
}

}  // namespace
}  // namespace plimsoll::testing::tls_test
