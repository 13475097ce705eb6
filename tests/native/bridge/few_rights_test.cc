// What one client with few rights can make the server keep, over connections of its own and over
// shared ones.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/native/bridge/replies/kept_at_server.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::few_rights_test {
namespace {

using bridge::KeptAtServer;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::string_view refusal = "-NOPERM plimsoll-bridge: ";

// A bridge for a client of few rights, in front of a server, or of shared connections to one.
struct World {
  explicit World(bool shares) {
    BridgeOptions options;
    options.rules = {.allow = {"get", "mget", "set", "watch", "blpop", "xread", "subscribe",
                               "psubscribe", "ssubscribe"},
                     .key_prefixes = {"public:"},
                     .channel_prefixes = {"news:"}};
    if (shares) {
      shared_server = std::make_unique<ValkeyServer>();
      native::Options client = patient_options();
      client.topology = TopologyChoice::standalone;
      options.settings.rules.upstreams["main"].shared =
          std::make_shared<const bridge::SharedServer>(bridge::SharedServer{
              .name = "main", .url = shared_server->url(), .options = std::move(client)});
    }
    bridge = std::make_unique<BridgeWorld>(std::move(options));
  }

  ValkeyServer& server() { return shared_server ? *shared_server : bridge->valkey(); }

  std::size_t used_memory() {
    const std::string info = server().ask("INFO memory");
    constexpr std::string_view name = "used_memory:";
    return std::stoul(info.substr(info.find(name) + name.size()));
  }

  std::unique_ptr<ValkeyServer> shared_server;
  std::unique_ptr<BridgeWorld> bridge;
};

class Peer {
 public:
  explicit Peer(World& world) : client_(world.bridge->port()) { ask("HELLO 3"); }

  // The answer, up to `end`.
  std::string ask(std::string_view command, std::string_view end = "\r\n") {
    client_.send(encoded(command));
    std::string answer;
    do answer += client_.receive();
    while (!answer.ends_with(end) && !answer.starts_with('-'));
    return answer;
  }

 private:
  WebSocketClient client_;
};

// "NAME public:0 public:1 ..."
std::string with_words(std::string_view name, std::string_view prefix, std::size_t count) {
  std::string command(name);
  for (std::size_t i = 0; i < count; ++i) {
    command += ' ';
    command += prefix;
    command += std::to_string(i);
  }
  return command;
}

TEST_CASE(
    "a transaction that is never executed is no larger than its limit, and fails as a whole") {
  const bool shares = GENERATE(false, true);
  World world(shares);
  Peer peer(world);
  const std::string set = "SET public:a " + std::string(100'000, 'v');
  const std::size_t before = world.used_memory();
  for (int turn = 0; turn < 2; ++turn) {
    CHECK(peer.ask("MULTI") == "+OK\r\n");
    int queued = 0;
    std::string answer;
    while (queued < 100 && (answer = peer.ask(set)) == "+QUEUED\r\n") ++queued;
    CHECK(queued == 10);
    CHECK(answer == std::string(refusal) +
                        "SET: the transaction has more than transaction_bytes_max, 1048576\r\n");
    for (int i = 0; i < 50; ++i) CHECK(peer.ask(set).starts_with(refusal));
    CHECK(world.used_memory() < before + 3 * mebibyte);
    CHECK(peer.ask("EXEC").starts_with("-EXECABORT"));
  }
  CHECK(peer.ask("MULTI") == "+OK\r\n");
  for (int i = 0; i < 10; ++i) CHECK(peer.ask(set) == "+QUEUED\r\n");
  CHECK(peer.ask("EXEC").ends_with("+OK\r\n"));
}

TEST_CASE("a refusal has its place in a transaction that is full to the last byte") {
  World world(GENERATE(false, true));
  // Whatever is left of the limit: less than a command takes, less than a refusal takes.
  for (const std::size_t size : {10'000, 14'000, 14'100, 14'200, 14'300, 14'400, 14'500}) {
    Peer peer(world);
    CHECK(peer.ask("MULTI") == "+OK\r\n");
    for (int i = 0; i < 10; ++i) {
      CHECK(peer.ask("SET public:a " + std::string(103'000, 'v')) == "+QUEUED\r\n");
    }
    CHECK(peer.ask("SET public:a " + std::string(size, 'v')) == "+QUEUED\r\n");
    while (peer.ask("GET public:a") == "+QUEUED\r\n") {
    }
    CHECK(peer.ask("FLUSHALL") == std::string(refusal) + "FLUSHALL is not allowed\r\n");
    CHECK(peer.ask("EXEC").starts_with("-EXECABORT"));
  }
}

TEST_CASE("what a client calls the end of a transaction is one, or is refused") {
  const bool shares = GENERATE(false, true);
  World world(shares);
  Peer peer(world);
  for (const std::string command : {"MULTI", "EXEC", "DISCARD"}) {
    CHECK(peer.ask(command + " x") == std::string(refusal) + command + " has no arguments\r\n");
  }
  // A second MULTI is an error, and the bounds of the first one hold.
  const std::string set = "SET public:a " + std::string(100'000, 'v');
  {
    WebSocketClient client(world.bridge->port());
    client.send(encoded("MULTI") + encoded("MULTI") + encoded("EXEC x"));
    std::string answers;
    while (answers.find("has no arguments\r\n") == answers.npos) answers += client.receive();
    CHECK(answers.starts_with("+OK\r\n-ERR "));
    std::string last;
    for (int i = 0; i < 20; ++i) {
      client.send(encoded(set));
      last = client.receive();
    }
    CHECK(last.starts_with(refusal));
    client.send(encoded("SUBSCRIBE news:a"));
    CHECK(client.receive().ends_with("SUBSCRIBE within MULTI is not allowed\r\n"));
    client.send(encoded("EXEC") + encoded("SET public:a b"));
    answers.clear();
    while (!answers.ends_with("+OK\r\n")) answers += client.receive();
    CHECK(answers.starts_with("-EXECABORT"));
  }
  // The server goes on with a transaction whose end it has refused: so does the bridge.
  world.server().ask("ACL SETUSER default -discard");
  if (!shares) {
    CHECK(peer.ask("MULTI") == "+OK\r\n");
    CHECK(peer.ask("DISCARD").starts_with("-NOPERM "));
    CHECK(peer.ask("SUBSCRIBE news:a").ends_with("SUBSCRIBE within MULTI is not allowed\r\n"));
    CHECK(peer.ask("EXEC").starts_with("-EXECABORT"));
    CHECK(peer.ask("SUBSCRIBE news:a", ":1\r\n").ends_with(":1\r\n"));
  }
}

TEST_CASE("commands that every client may use do not let it keep more") {
  World world(GENERATE(false, true));
  Peer peer(world);
  CHECK(peer.ask("MULTI") == "+OK\r\n");
  int queued = 0;
  const std::string echo = "ECHO " + std::string(100'000, 'e');
  while (queued < 100 && peer.ask(echo) == "+QUEUED\r\n") ++queued;
  CHECK(queued == 10);
  CHECK(peer.ask("DISCARD") == "+OK\r\n");

  const std::string longest(256, 'n');
  for (const std::string name :
       {"CLIENT SETNAME ", "CLIENT SETINFO LIB-NAME ", "HELLO 3 SETNAME "}) {
    INFO(name);
    CHECK_FALSE(peer.ask(name + longest).starts_with('-'));
    CHECK(peer.ask(name + longest + "n").starts_with(refusal));
  }
  CHECK(peer.ask("CLIENT SETNAME " + longest + "n") ==
        std::string(refusal) + "CLIENT SETNAME with a name of 257 bytes; expected 256 at most\r\n");
}

// Shared connections wait for the bridge's own client of RESP2 then, which nobody has needed yet.
TEST_CASE("the first request of all may be longer than what is written at a time") {
  World world(GENERATE(false, true));
  const auto size = GENERATE(as<std::size_t>(), 65'000, 66'000, 131'072, 1'000'000);
  WebSocketClient client(world.bridge->port());
  client.send(encoded("SET public:a " + std::string(size, 'v')) + encoded("GET public:none"));
  std::string answers;
  while (answers.size() < 10) answers += client.receive();
  CHECK(answers == "+OK\r\n$-1\r\n");
}

TEST_CASE("prefixes to track are few, since the server looks at all of them for each") {
  World world(false);
  Peer peer(world);
  const std::string track = "CLIENT TRACKING ON BCAST";
  const auto tracking = [&](std::size_t first, std::size_t count) {
    std::string command = track;
    for (std::size_t i = first; i < first + count; ++i) {
      command += " PREFIX public:" + std::to_string(10'000 + i);
    }
    return command;
  };
  CHECK(peer.ask(tracking(0, 30'000)) ==
        std::string(refusal) +
            "CLIENT TRACKING: a connection may have 64 prefixes, with 16384 bytes\r\n");
  CHECK(peer.ask(tracking(0, KeptAtServer::prefixes_max)) == "+OK\r\n");
  CHECK(peer.ask(tracking(100, 1)).starts_with(refusal));
  CHECK(peer.ask("CLIENT TRACKING OFF") == "+OK\r\n");
  CHECK(peer.ask("MULTI") == "+OK\r\n");
  CHECK(peer.ask(tracking(100, 1)) ==
        std::string(refusal) + "CLIENT TRACKING within MULTI is not allowed\r\n");
  CHECK(peer.ask("CLIENT TRACKING OFF").starts_with(refusal));
  CHECK(peer.ask("DISCARD") == "+OK\r\n");
  for (int turn = 0; turn < 5; ++turn) {
    CHECK(peer.ask(tracking(0, 40)) == "+OK\r\n");
    CHECK(peer.ask("CLIENT TRACKING OFF NOLOOP") == "+OK\r\n");
  }
}

TEST_CASE("watched keys are few, since the server looks at all of them for each") {
  World world(GENERATE(false, true));
  Peer peer(world);
  CHECK(peer.ask(with_words("WATCH", "public:", 20'000)) ==
        std::string(refusal) + "WATCH: a connection may have 1024 keys, with 262144 bytes\r\n");
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(peer.ask(with_words("WATCH", "public:", 1000)) == "+OK\r\n");
    CHECK(peer.ask(with_words("WATCH", "public:a", 24)) == "+OK\r\n");
    CHECK(peer.ask("WATCH public:b").starts_with(refusal));
    CHECK(peer.ask("MULTI") == "+OK\r\n");
    CHECK(peer.ask("EXEC") == "*0\r\n");
  }
}

TEST_CASE("channels, patterns and shard channels are as many as there may be") {
  World world(GENERATE(false, true));
  Peer peer(world);
  CHECK(peer.ask(with_words("SUBSCRIBE", "news:", 1024), ":1024\r\n").ends_with(":1024\r\n"));
  for (const std::string command :
       {"SUBSCRIBE news:x", "PSUBSCRIBE news:x*", "SSUBSCRIBE news:x"}) {
    INFO(command);
    CHECK(peer.ask(command).ends_with(
        ": a connection may have 1024 channels, with 262144 bytes\r\n"));
  }
  CHECK(peer.ask("UNSUBSCRIBE news:1", ":1023\r\n").ends_with(":1023\r\n"));
  CHECK(peer.ask("PSUBSCRIBE news:x*", ":1024\r\n").ends_with(":1024\r\n"));
  CHECK(peer.ask("SUBSCRIBE news:1").starts_with(refusal));
  CHECK(peer.ask("PING") == "+PONG\r\n");
}

TEST_CASE("keys are not so long that what a server remembers of them could fill it") {
  World world(GENERATE(false, true));
  Peer peer(world);
  const std::string longest = "public:" + std::string(4096 - 7, 'k');
  CHECK(peer.ask("GET " + longest) == "_\r\n");
  CHECK(peer.ask("SET " + longest + " v") == "+OK\r\n");
  CHECK(peer.ask("SET public:a " + std::string(100'000, 'v')) == "+OK\r\n");
  const std::string too_long = ": a key has 4097 bytes; key_bytes_max is 4096\r\n";
  CHECK(peer.ask("GET " + longest + "k") == std::string(refusal) + "GET" + too_long);
  CHECK(peer.ask("MGET public:a public:b " + longest + "k").ends_with("MGET" + too_long));
}

TEST_CASE("a command that waits has few keys, and the same command without a wait any number") {
  World world(GENERATE(false, true));
  Peer peer(world);
  const std::string many = with_words("BLPOP", "public:", 1100) + " 0.01";
  CHECK(peer.ask(many) ==
        std::string(refusal) + "BLPOP may wait, with more than 1024 words or 32768 bytes\r\n");
  CHECK(peer.ask("BLPOP public:" + std::string(33'000, 'k') + " 0.01").starts_with(refusal));
  CHECK(peer.ask(with_words("BLPOP", "public:", 1000) + " 0.01") == "_\r\n");
  std::string streams = with_words(" STREAMS", "public:", 600);
  for (int i = 0; i < 600; ++i) streams += " 0";
  CHECK(peer.ask("XREAD BLOCK 10" + streams).starts_with(refusal));
  CHECK(peer.ask("XREAD" + streams) == "_\r\n");
}

}  // namespace
}  // namespace plimsoll::testing::few_rights_test
