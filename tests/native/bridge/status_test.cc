// What the bridge tells those who run it.

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"

namespace plimsoll::testing::status_test {
namespace {

std::string get(const BridgeWorld& world, const std::string& target) {
  return exchange_raw(world.status_port(), "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("whether it lives, and whether it reaches every server") {
  BridgeWorld world;
  CHECK(get(world, "/healthz").ends_with("\r\n\r\nok\n"));
  CHECK(get(world, "/readyz").ends_with("\r\n\r\nready\n"));
  world.valkey().kill();
  const std::string out_of_reach = get(world, "/readyz");
  CHECK(out_of_reach.starts_with("HTTP/1.1 503"));
  CHECK_FALSE(has(out_of_reach, "main"));
  CHECK(get(world, "/healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a server that wants a login is within reach") {
  BridgeWorld world;
  world.valkey().ask("CONFIG SET requirepass secret");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("so is one that lets nobody PING without a login") {
  BridgeWorld world;
  world.valkey().ask("ACL SETUSER default -ping");
  CHECK(get(world, "/readyz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("what it has done, in figures") {
  BridgeWorld world;
  const WebSocketClient client(world.port());
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}) == 401);
  const std::string metrics = get(world, "/metrics");
  CHECK(has(metrics, "\nplimsoll_bridge_relays 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_upgrades_total 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_refused_handshakes_total 1\n"));
  CHECK(has(metrics, "\nplimsoll_bridge_memory_limit_bytes 67108864\n"));
}

TEST_CASE("other pages, and what is no request, are answered, too") {
  BridgeWorld world;
  CHECK(get(world, "/").starts_with("HTTP/1.1 404"));
  CHECK(get(world, "/metrics/").starts_with("HTTP/1.1 404"));
  CHECK(exchange_raw(world.status_port(), "PING\r\n").empty());
}

}  // namespace
}  // namespace plimsoll::testing::status_test
