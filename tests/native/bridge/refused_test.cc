// Bad input of all kinds, over the bridge to a server: what it is answered, and that the server has
// nothing of it. docs/bridge.md lists what was tried.

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/bridge_config/jwt_signing.h"
#include "plimsoll/tests/native/patience.h"

namespace plimsoll::testing::refused_test {
namespace {

constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view refusal = "-NOPERM plimsoll-bridge: ";

TEST_CASE("a JWT that is not good is answered with 401, whatever it says of itself") {
  BridgeOptions options;
  options.jwt_keys = {hs256_key()};
  BridgeWorld world(std::move(options));
  constexpr std::string_view header = R"({"alg":"HS256"})";
  constexpr std::string_view none = R"({"alg":"none"})";
  constexpr std::string_view claims = R"({"exp":4102444800,"profile":"page"})";
  const std::string good = sign_hs256(header, claims);
  const std::string others = sign_hs256(header, R"({"exp":4102444800,"profile":"root"})");
  const struct {
    const char* what;
    std::string token;
    unsigned status;
  } rows[] = {
      {"a good one", good, 101},
      {"expired", sign_hs256(header, R"({"exp":1000000000,"profile":"page"})"), 401},
      {"without an end", sign_hs256(header, R"({"profile":"page"})"), 401},
      {"not yet valid",
       sign_hs256(header, R"({"exp":4102444800,"nbf":4102444000,"profile":"page"})"), 401},
      {"of a profile that is none", others, 401},
      {"another's payload", good.substr(0, good.rfind('.')) + others.substr(others.rfind('.')),
       401},
      {"another's secret", sign_hs256(header, claims, "another secret of thirty-two bytes, too"),
       401},
      {"no algorithm, no signature", signing_input(none, claims) + ".", 401},
      {"no algorithm, a signature", sign_hs256(none, claims), 401},
      {"another algorithm", sign_hs256(R"({"alg":"EdDSA"})", claims), 401},
      {"two parts", signing_input(header, claims), 401},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(status_of_upgrade(world.port(), {{"Authorization", "Bearer " + row.token}}) ==
          row.status);
  }
}

std::string all_of(std::initializer_list<std::string_view> commands) {
  std::string bytes;
  for (const std::string_view command : commands) bytes += encoded(command);
  return bytes;
}

BridgeOptions of_a_page() {
  BridgeOptions options;
  options.rules = {.allow = {"@all"},
                   .deny = {"@admin"},
                   .key_prefixes = {"p:"},
                   .channel_prefixes = {"news:"},
                   .databases = {0, 3}};
  return options;
}

// The lines that come for these requests, up to the answer of a PING behind them.
std::vector<std::string> lines_of(WebSocketClient& client, std::string_view requests) {
  client.send(std::string(requests) + std::string(ping));
  std::string text;
  while (!text.ends_with("+PONG\r\n")) text += client.receive();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  lines.pop_back();
  return lines;
}

// The answer to a handshake of a client that wants to be told by a close.
std::string answer_to(const BridgeWorld& world, const std::string& lines,
                      const std::string& target = "/") {
  return exchange_raw(world.port(), "GET " + target +
                                        " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                                        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                        "Sec-WebSocket-Protocol: resp, plimsoll.refusal.v1\r\n" +
                                        lines + "\r\n");
}

TEST_CASE("who asks for it is refused by a close, behind the check of its origin") {
  const BridgeWorld world(of_a_page());
  const std::string refused = answer_to(world, "");
  CHECK(refused.starts_with("HTTP/1.1 101 "));
  CHECK(refused.find("\r\nSec-WebSocket-Protocol: plimsoll.refusal.v1\r\n") != refused.npos);
  // As in RFC 6455, 1.3.
  CHECK(refused.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != refused.npos);
  const std::string frame = refused.substr(refused.find("\r\n\r\n") + 4);
  CHECK(frame ==
        "\x88\x20\x11\x31"
        "no token, or none that is good");  // 4401
  CHECK(answer_to(world, "Origin: https://other.example\r\n").starts_with("HTTP/1.1 403 "));
  CHECK(answer_to(world, "Authorization: Bearer let me in\r\n", "/?max_staleness_ms=soon")
            .ends_with("\x11\x30max_staleness_ms has to be one number of 1 to 3600000"));  // 4400
}

TEST_CASE("a client learns whether the server cannot be reached, or refuses the bridge") {
  BridgeWorld world(of_a_page());
  world.valkey().ask("CONFIG SET requirepass secret");
  const std::string token = "Authorization: Bearer " + std::string(good_token) + "\r\n";
  CHECK(answer_to(world, token).ends_with("the server refused the bridge's login"));
  world.valkey().kill();
  CHECK(answer_to(world, token).ends_with("the server cannot be reached"));
}

TEST_CASE("what a page may not do is an error in its place, and does not reach the server") {
  BridgeWorld world(of_a_page());
  world.valkey().ask("SET secret s");
  const char* commands[] = {
      "AUTH default x",
      "AUTH x",
      "HELLO 3 AUTH default x",
      "HELLO 2 AUTH default x SETNAME a",
      "RESET",
      "MONITOR",
      "CLIENT KILL ID 1",
      "CLIENT REPLY OFF",
      "CLIENT PAUSE 1000",
      "CLIENT TRACKING ON REDIRECT 1",
      "CLIENT TRACKING ON BCAST",
      "CLIENT TRACKING ON BCAST PREFIX q:",
      "SELECT 1",
      "SELECT -1",
      "SWAPDB 0 1",
      "MOVE p:a 1",
      "COPY p:a p:b DB 2",
      "SUBSCRIBE other",
      "SUBSCRIBE news:a other",
      "PSUBSCRIBE *",
      "PSUBSCRIBE n*",
      "SSUBSCRIBE other",
      "SUBSCRIBE __keyevent@0__:set",
      "PUBLISH other x",
      "EVAL return 1 secret",
      "EVAL return 0",
      "EVALSHA abc 1 p:a",
      "EVAL_RO return 1 p:a",
      "FCALL f 1 p:a",
      "SORT p:a BY secret*",
      "SORT p:a GET secret",
      "KEYS *",
      "SCAN 0",
      "RANDOMKEY",
      "GET secret",
      "MGET p:a secret",
      "RENAME p:a secret",
      "ZUNIONSTORE p:a 2 p:b secret",
      "XREAD STREAMS p:a secret 0 0",
      "MIGRATE 127.0.0.1 1 secret 0 1",
      "FLUSHALL",
      "FLUSHDB",
      "CONFIG GET *",
      "DEBUG SLEEP 0",
      "SHUTDOWN NOSAVE",
      "REPLICAOF 127.0.0.1 1",
      "SYNC",
      "PSYNC ? -1",
      "ACL SETUSER x",
      "CLUSTER RESET",
      "MODULE LOAD /x",
      "NOSUCHCOMMAND secret",
  };
  WebSocketClient client(world.port());
  for (const char* command : commands) {
    INFO(command);
    const auto lines = lines_of(client, encoded(command));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with(refusal));
  }
  CHECK(world.valkey().ask("GET secret") == "$1\r\ns\r\n");
  const std::string statistics = world.valkey().ask("INFO commandstats");
  for (const char* name : {"auth", "eval", "select", "subscribe", "flushall", "client|kill"}) {
    INFO(name);
    CHECK(statistics.find("cmdstat_" + std::string(name) + ":") == std::string::npos);
  }
}

TEST_CASE("wherever a request is cut, and whatever is around it, it is judged whole") {
  BridgeWorld world(of_a_page());
  WebSocketClient client(world.port());
  SECTION("AUTH in messages of a byte") {
    const std::string request = encoded("AUTH default x");
    for (const char& byte : request) client.send({&byte, 1});
    const auto lines = lines_of(client, "");
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with(refusal));
  }
  SECTION("HELLO with AUTH within MULTI") {
    const auto lines =
        lines_of(client, all_of({"MULTI", "SET p:a 1", "HELLO 3 AUTH default x", "EXEC"}));
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "+OK");
    CHECK(lines[1] == "+QUEUED");
    CHECK(lines[2].starts_with(refusal));
    CHECK(lines[3].starts_with("-EXECABORT"));
    CHECK(world.valkey().ask("DBSIZE") == ":0\r\n");
  }
  SECTION("what is allowed around what is not") {
    const auto lines =
        lines_of(client, all_of({"SELECT 3", "SET p:a 1", "SELECT 1", "GET secret", "STRLEN p:a"}));
    REQUIRE(lines.size() == 5);
    CHECK(lines[0] == "+OK");
    CHECK(lines[1] == "+OK");
    CHECK(lines[2].starts_with(refusal));
    CHECK(lines[3].starts_with(refusal));
    CHECK(lines[4] == ":1");
  }
  SECTION("a command within a value is a value") {
    const std::string smuggled = "*1\r\n$8\r\nFLUSHALL\r\n";
    const auto lines =
        lines_of(client, "*3\r\n$3\r\nSET\r\n$3\r\np:a\r\n$" + std::to_string(smuggled.size()) +
                             "\r\n" + smuggled + "\r\n");
    CHECK(lines == std::vector<std::string>{"+OK"});
    CHECK(world.valkey().ask("DBSIZE") == ":1\r\n");
  }
}

TEST_CASE("bytes that are no arrays of bulk strings close the connection, and do nothing") {
  const struct {
    const char* what;
    std::string bytes;
    unsigned code;
  } rows[] = {
      {"inline", "SET p:inline 1\r\n", 1008},
      {"inline behind a request", encoded("SET p:array 1") + "SET p:inline 1\r\n", 1008},
      {"inline behind an empty line", "\r\nSET p:inline 1\r\n", 1008},
      {"inline behind an array of nothing", "*0\r\nSET p:inline 1\r\n", 1008},
      {"inline behind an array that is null", "*-1\r\nSET p:inline 1\r\n", 1008},
      {"an array in an array", "*1\r\n*3\r\n$3\r\nSET\r\n$8\r\np:inline\r\n$1\r\n1\r\n", 1008},
      {"a word that is null", "*2\r\n$3\r\nGET\r\n$-1\r\n", 1008},
      {"a word that is longer than it says", "*2\r\n$3\r\nGET\r\n$1\r\np:a\r\n", 1008},
      {"a line end of one byte", "*1\n$4\nPING\n", 1008},
      {"a number with a sign", "*+1\r\n$4\r\nPING\r\n", 1008},
      {"another request for a WebSocket", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 1008},
      {"a size beyond all", "*1\r\n$99999999999999999999\r\n", 1009},
      {"more words than may be", "*99999999\r\n", 1009},
  };
  BridgeWorld world(of_a_page());
  for (const auto& row : rows) {
    INFO(row.what);
    WebSocketClient client(world.port());
    client.send(row.bytes);
    CHECK(client.receive_close() == row.code);
    CHECK(world.valkey().ask("EXISTS p:inline") == ":0\r\n");
  }
}

// A frame that announces a mebibyte, less a few bytes of type and length.
constexpr std::string_view frame_head("\x82\xff\0\0\0\0\0\x0f\xff\0\0\0\0\0", 14);

TEST_CASE("a frame whose head does not come is no sign of life") {
  BridgeOptions options;
  options.settings.relay.ping_interval = std::chrono::milliseconds(40);
  BridgeWorld world(std::move(options));
  WebSocketClient client(world.port());
  boost::asio::write(client.socket(), boost::asio::buffer(frame_head.data(), 5));
  CHECK(eventually([&] { return world.counters().silent_cuts == 1; }));
  world.wait_until_idle();
}

TEST_CASE("a frame that does not end holds what has come of it, and goes with its client") {
  BridgeWorld world;
  const std::size_t before = world.memory().used;
  {
    WebSocketClient slow(world.port());
    const std::string begin = std::string(frame_head) + "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\n";
    boost::asio::write(slow.socket(), boost::asio::buffer(begin));
    for (int i = 0; i < 100; ++i) {
      boost::asio::write(slow.socket(), boost::asio::buffer(std::string(100, 'v')));
      // Others are served meanwhile.
      if (i % 20 == 0) CHECK(status_of_upgrade(world.port(), {}) == 101);
    }
    CHECK(eventually([&] {
      return world.ask([](const bridge::Server& server) {
        return server.counters().bytes_from_clients;
      }) >= 10'000;
    }));
    // Itself, an idle relay's share, a buffer to read into, and twice what it sent.
    CHECK(world.memory().used - before <= 12 * 1024 + 64 * 1024 + 2 * 16 * 1024);
  }
  world.wait_until_idle();
  CHECK(world.memory().used == before);
  CHECK(world.valkey().ask("DBSIZE") == ":0\r\n");
}

TEST_CASE("a server that falls silent holds up its own clients alone, and goes on with them") {
  BridgeWorld world;
  WebSocketClient client(world.port());
  client.send(ping);
  CHECK(client.receive() == "+PONG\r\n");
  world.valkey().pause();
  client.send(encoded("SET p:a 1"));
  CHECK(status_of_upgrade(world.port(), {{"Authorization", ""}}) == 401);
  world.valkey().resume();
  CHECK(client.receive() == "+OK\r\n");
}

TEST_CASE(
    "a client that is reset, at rest or amid a message, takes its server's connection along") {
  BridgeWorld world;
  for (const std::string_view bytes : {std::string_view(), frame_head, frame_head.substr(0, 3)}) {
    WebSocketClient client(world.port());
    boost::asio::write(client.socket(), boost::asio::buffer(bytes.data(), bytes.size()));
    client.socket().set_option(boost::asio::socket_base::linger(true, 0));
    client.socket().close();
    world.wait_until_idle();
  }
  CHECK(eventually([&] {
    return world.valkey().ask("INFO clients").find("connected_clients:1\r\n") != std::string::npos;
  }));
}

}  // namespace
}  // namespace plimsoll::testing::refused_test
