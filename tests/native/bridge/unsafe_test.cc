// Profiles that may do what is for nobody, beside a real server.

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::unsafe_test {
namespace {

std::string ask(WebSocketClient& client, const std::string& command) {
  client.send(encoded(command));
  std::string reply;
  while (!reply.ends_with("\r\n")) reply += client.receive();
  return reply;
}

TEST_CASE("with allow_unsafe other clients can be killed and paused") {
  BridgeOptions options;
  options.rules = {.allow = {"set"},
                   .allow_unsafe = {"client|kill", "client|pause", "client|unpause"}};
  BridgeWorld world(std::move(options));
  WebSocketClient one(world.port());
  WebSocketClient other(world.port());
  const std::string id = ask(other, "CLIENT ID");
  CHECK(ask(one, "CLIENT KILL ID " + id.substr(1, id.size() - 3)) == ":1\r\n");
  CHECK(other.receive_close() == 1011);

  // The write waits until the pause ends.
  CHECK(ask(one, "CLIENT PAUSE 600000 WRITE") == "+OK\r\n");
  WebSocketClient writer(world.port());
  writer.send(encoded("SET a b"));
  CHECK(eventually([&] {
    return world.valkey().ask("INFO clients").find("blocked_clients:1") != std::string::npos;
  }));
  CHECK(ask(one, "CLIENT UNPAUSE") == "+OK\r\n");
  CHECK(writer.receive_bytes(5) == "+OK\r\n");
}

TEST_CASE("without it they cannot") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  CHECK(ask(client, "CLIENT KILL TYPE normal").find("CLIENT KILL is not allowed") !=
        std::string::npos);
  CHECK(ask(client, "CLIENT PAUSE 600000").find("CLIENT PAUSE is not allowed") !=
        std::string::npos);
  CHECK(ask(client, "CLIENT UNPAUSE").find("CLIENT UNPAUSE is not allowed") != std::string::npos);
  CHECK(ask(client, "SET a b") == "+OK\r\n");
}

}  // namespace
}  // namespace plimsoll::testing::unsafe_test
