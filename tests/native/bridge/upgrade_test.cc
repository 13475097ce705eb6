// Who is let in, and what the others are told.

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"

namespace plimsoll::testing::upgrade_test {
namespace {

TEST_CASE("whoever brings a token and speaks a subprotocol is let in") {
  BridgeWorld world;
  CHECK(status_of_upgrade(world.port(), {}) == 101);
  CHECK(status_of_upgrade(world.port(), {}, "/main") == 101);
  CHECK(status_of_upgrade(world.port(),
                          {{"Authorization", ""},
                           {"Sec-WebSocket-Protocol", "resp, bearer.bGV0IG1lIGlu"}}) == 101);
}

TEST_CASE("a token that is missing, another, or one of two is not let in") {
  BridgeWorld world;
  const std::uint16_t port = world.port();
  CHECK(status_of_upgrade(port, {{"Authorization", ""}}) == 401);
  CHECK(status_of_upgrade(port, {{"Authorization", "Bearer forged"}}) == 401);
  CHECK(status_of_upgrade(port, {{"Authorization", "Basic bGV0IG1lIGlu"}}) == 401);
  CHECK(status_of_upgrade(port, {{"Sec-WebSocket-Protocol", "resp, bearer.bGV0IG1lIGlu"}}) == 401);
  CHECK(status_of_upgrade(
            port, {{"Authorization", ""}, {"Sec-WebSocket-Protocol", "resp, bearer.!!"}}) == 401);
  CHECK(world.log().find("let me in") == std::string::npos);
  CHECK(world.log().find("\"why\":\"token: ") != std::string::npos);
}

TEST_CASE("the subprotocol is one of ours, and the token is not said back") {
  BridgeWorld world;
  const std::uint16_t port = world.port();
  CHECK(status_of_upgrade(port, {{"Sec-WebSocket-Protocol", ""}}) == 400);
  CHECK(status_of_upgrade(port, {{"Sec-WebSocket-Protocol", "mqtt, resp2"}}) == 400);
  CHECK(WebSocketClient(port, "mqtt, resp, plimsoll.resp.v1").protocol() == "resp");
  CHECK(WebSocketClient(port, "plimsoll.resp.v1").protocol() == "plimsoll.resp.v1");
}

TEST_CASE("a page is let in from where it may come") {
  BridgeOptions options;
  options.settings.rules.origins = {"https://shop.example"};
  BridgeWorld world(std::move(options));
  const std::uint16_t port = world.port();
  CHECK(status_of_upgrade(port, {{"Origin", "https://shop.example"}}) == 101);
  CHECK(status_of_upgrade(port, {{"Origin", "https://shop.example.evil"}}) == 403);
  CHECK(status_of_upgrade(port, {{"Origin", "http://shop.example"}}) == 403);
  CHECK(status_of_upgrade(port, {{"Origin", "null"}}) == 403);
}

TEST_CASE("where somebody comes from is what the proxies say that are trusted, and not himself") {
  BridgeOptions options;
  options.settings.entry.trusted_proxies = {*bridge::Network::parse("127.0.0.1"),
                                            *bridge::Network::parse("10.0.0.0/8")};
  BridgeWorld world(std::move(options));
  const auto address_of = [&](const std::string& lines) {
    exchange_raw(world.port(), "GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + "\r\n");
    world.wait_until_idle();
    std::string log = world.log();
    log.pop_back();
    log.erase(0, log.rfind('\n') + 1);
    log.erase(0, log.find("\"address\":\"") + 11);
    return log.substr(0, log.find('"'));
  };
  CHECK(address_of("") == "127.0.0.1");
  CHECK(address_of("X-Forwarded-For: 192.0.2.1\r\n") == "192.0.2.1");
  CHECK(address_of("X-Forwarded-For: 203.0.113.9, 192.0.2.1, 10.1.2.3\r\n") == "192.0.2.1");
  CHECK(address_of("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n") ==
        "192.0.2.1");
  CHECK(address_of("X-Forwarded-For: 192.0.2.1, somebody\r\n") == "127.0.0.1");
  CHECK(address_of("X-Forwarded-For: 192.0.2.1:5678, 10.1.2.3:443\r\n") == "192.0.2.1");
  CHECK(address_of("X-Forwarded-For: [2001:db8::1]:443\r\n") == "2001:db8::1");
}

TEST_CASE("a name that resolves to this machine is not this machine's") {
  BridgeOptions options;
  options.settings.rules.hosts = {"valkey.test"};
  BridgeWorld world(std::move(options));
  const std::uint16_t port = world.port();
  CHECK(status_of_upgrade(port, {{"Host", "evil.example"}}) == 421);
  CHECK(status_of_upgrade(port, {{"Host", "169.254.169.254"}}) == 421);
  CHECK(status_of_upgrade(port, {{"Host", "localhost:8380"}}) == 101);
  CHECK(status_of_upgrade(port, {{"Host", "[::1]:8380"}}) == 101);
  CHECK(status_of_upgrade(port, {{"Host", "Valkey.Test"}}) == 101);
}

TEST_CASE("servers go by their names, and only for those with a token") {
  BridgeWorld world;
  CHECK(status_of_upgrade(world.port(), {}, "/other") == 404);
  CHECK(status_of_upgrade(world.port(), {}, "/127.0.0.1:6379") == 404);
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}, "/other") == 401);
}

TEST_CASE("what is no request for a WebSocket is answered as such") {
  BridgeWorld world;
  const std::uint16_t port = world.port();
  CHECK(status_of_upgrade(port, {{"Upgrade", ""}}) == 400);
  CHECK(status_of_upgrade(port, {{"Sec-WebSocket-Version", "8"}}) == 400);
  CHECK(exchange_raw(port, "PING\r\n").starts_with("HTTP/1.1 400"));
  CHECK(exchange_raw(port, "*1\r\n$4\r\nPING\r\n").starts_with("HTTP/1.1 400"));
  CHECK(exchange_raw(port, "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x'))
            .starts_with("HTTP/1.1 400"));
  CHECK(exchange_raw(port, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
            .starts_with("HTTP/1.1 400"));
}

TEST_CASE("a request that does not come to its end is given up") {
  BridgeOptions options;
  options.settings.entry.handshake_timeout = std::chrono::seconds(1);
  BridgeWorld world(std::move(options));
  CHECK(exchange_raw(world.port(), "GET / HTTP/1.1\r\nHost: loc").starts_with("HTTP/1.1 408"));
}

TEST_CASE("there are bounds of connections, of attempts, and of a token's") {
  BridgeOptions options;
  SECTION("in all") {
    options.settings.limits.connections_max = 1;
    BridgeWorld world(std::move(options));
    const WebSocketClient first(world.port());
    CHECK(status_of_upgrade(world.port(), {}) == 503);
  }
  SECTION("of an address") {
    options.settings.limits.connections_per_address_max = 1;
    BridgeWorld world(std::move(options));
    const WebSocketClient first(world.port());
    CHECK(status_of_upgrade(world.port(), {}) == 429);
  }
  SECTION("of a token") {
    options.token_connections_max = 1;
    BridgeWorld world(std::move(options));
    const WebSocketClient first(world.port());
    CHECK(status_of_upgrade(world.port(), {}) == 429);
  }
  SECTION("attempts") {
    options.settings.limits.upgrades_per_second_per_address = 2;
    BridgeWorld world(std::move(options));
    unsigned refused = 0;
    for (int i = 0; i < 5; ++i) refused += status_of_upgrade(world.port(), {}) == 429 ? 1 : 0;
    CHECK(refused >= 2);
  }
}

TEST_CASE("a place is free again when its connection has ended") {
  BridgeOptions options;
  options.token_connections_max = 1;
  BridgeWorld world(std::move(options));
  for (int i = 0; i < 3; ++i) {
    WebSocketClient client(world.port());
    client.close();
    world.wait_until_idle();
  }
  CHECK(world.counters().upgrades == 3);
}

TEST_CASE("without a server there is no connection") {
  BridgeWorld world;
  world.valkey().kill();
  CHECK(status_of_upgrade(world.port(), {}) == 502);
  CHECK(world.counters().upstream_failures == 1);
}

}  // namespace
}  // namespace plimsoll::testing::upgrade_test
