// The model against a real server where nobody's command has changed a key: what a tracking table
// that is too large lets go of, and what is evicted.
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/comparison/both_servers.h"
#include "plimsoll/tests/sim/model/comparison/frames.h"
#include "plimsoll/tests/sim/model/comparison/real_connection.h"
#include "plimsoll/tests/support/test_timeout.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model::real_tracking_test {
namespace {

using testing::ValkeyServer;

const std::string flushed = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

// Keys are random where a table is too large: "k:1" and the like, of which '?' is left.
std::string masked(std::string text) {
  for (std::size_t at = text.find("k:"); at != text.npos; at = text.find("k:", at + 1)) {
    text[at + 2] = '?';
  }
  return text;
}

std::string read_frames(RealConnection& real, std::size_t count) {
  while (frames(real.received()).size() < count) {
    const auto patience = testing::test_timeout(std::chrono::milliseconds(3000));
    REQUIRE(real.read(patience) == RealConnection::Read::bytes);
  }
  return std::exchange(real.received(), {});
}

// Connections to both servers, whose answers are the same but for which keys they name.
class Masked {
 public:
  Masked(const ValkeyServer& real, const ServerOptions& options)
      : socket_path_(real.socket_path()), model(options) {}

  std::size_t connect(std::string_view tracking) {
    pairs_.push_back({RealConnection(socket_path_), model.accept({})});
    const std::size_t number = pairs_.size() - 1;
    say(number, request({"HELLO", "3"}), Hello::differs);
    say(number, "CLIENT TRACKING ON " + std::string(tracking) + "\n");
    return number;
  }

  enum class Hello { same, differs };
  /// Returns what the model says; the real server must say the same to everybody.
  std::string say(std::size_t number, std::string_view bytes, Hello hello = Hello::same) {
    model.handle_bytes(pairs_[number].model, bytes, {});
    model.end_turn();
    pairs_[number].real.send(bytes);
    if (hello == Hello::differs) {
      model.take_output(pairs_[number].model);
      return read_frames(pairs_[number].real, 1);
    }
    return compare().at(number);
  }

  std::vector<std::string> compare() {
    std::vector<std::string> said;
    for (Pair& pair : pairs_) {
      said.push_back(masked(model.take_output(pair.model)));
      CHECK(said.back() == masked(read_frames(pair.real, frames(said.back()).size())));
    }
    return said;
  }

 private:
  struct Pair {
    RealConnection real;
    ClientId model;
  };

  std::string socket_path_;
  std::vector<Pair> pairs_;

 public:
  Server model;
};

std::string invalidation(std::string_view key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" +
         std::string(key) + "\r\n";
}

const std::string some_key = invalidation("k:?");

TEST_CASE("a tracking table that is too large lets go of keys before the next command") {
  const ValkeyServer real({.arguments = {"--tracking-table-max-keys", "1"}});
  Masked servers(real, {.tracking_keys_max = 1});
  const std::size_t reader = servers.connect("");
  const std::size_t other = servers.connect("OPTIN");
  CHECK(servers.say(reader, "GET k:1\nGET k:2\nGET k:3\nPING\n") ==
        "_\r\n_\r\n" + some_key + "_\r\n" + some_key + "+PONG\r\n");
  CHECK(servers.say(reader, "GET\nMGET k:4 k:5\nGET\nNOSUCH k:1\nPING\nPING\n")
            .ends_with(some_key + some_key + "+PONG\r\n+PONG\r\n"));
  // Empties the table: whose key goes would be random.
  CHECK(servers.say(other, "FLUSHALL\n") == "+OK\r\n" + flushed);
  CHECK(servers.say(other, "MULTI\nCLIENT CACHING YES\nGET k:6\nGET k:7\nEXEC\nPING\n")
            .ends_with("_\r\n_\r\n" + some_key + "+PONG\r\n"));
}

TEST_CASE("who asked for NOLOOP is not told which of its keys its own commands pushed out") {
  const ValkeyServer real({.arguments = {"--tracking-table-max-keys", "1"}});
  Masked servers(real, {.tracking_keys_max = 1});
  const std::size_t reader = servers.connect("NOLOOP");
  const std::size_t writer = servers.connect("");
  CHECK(servers.say(reader, "GET k:1\nGET k:2\nPING\n") == "_\r\n_\r\n+PONG\r\n");
  // One of them is still known.
  servers.say(writer, "MSET k:1 1 k:2 2\n");
}

TEST_CASE("a limit that is lowered is felt without any command") {
  const ValkeyServer real({.arguments = {"--hz", "100"}});
  Masked servers(real, {});
  const std::size_t reader = servers.connect("");
  servers.say(reader, "MGET k:1 k:2 k:3 k:4\n");
  (void)real.ask("CONFIG SET tracking-table-max-keys 1");
  servers.model.options().tracking_keys_max = 1;
  servers.model.handle_time({});
  CHECK(servers.compare().at(reader) == some_key + some_key + some_key);
}

TEST_CASE("a key that is evicted is told to who has read it and to who hears of all") {
  const ValkeyServer real({.arguments = {"--maxmemory-policy", "allkeys-random", "--hz", "100"}});
  BothServers servers(real.socket_path(), {});
  const auto track = [&](const std::string& options) {
    const std::size_t connection = servers.connect();
    servers.send(connection, request({"HELLO", "3"}) + "CLIENT TRACKING ON " + options + "\n");
    servers.send(connection, "CLIENT TRACKINGINFO\n");
    return connection;
  };
  const std::size_t reader = track("");
  const std::size_t opted_in = track("OPTIN");
  const std::size_t quiet = track("NOLOOP");
  const std::size_t listener = track("BCAST PREFIX k");
  track("BCAST PREFIX x");
  track("");  // has read nothing
  servers.send(reader, request({"SET", "k", "v"}) + request({"GET", "k"}));
  servers.send(opted_in, "CLIENT CACHING YES\nGET k\n");
  servers.send(quiet, "WATCH k\nGET k\nMULTI\n");
  servers.send(listener, "PING\n");

  (void)real.ask("CONFIG SET maxmemory 1");
  CHECK(servers.model().evict(0, "k", {}));
  servers.end_turn();
  servers.compare();
  (void)real.ask("CONFIG SET maxmemory 0");
  CHECK_FALSE(servers.model().evict(0, "k", {}));
  servers.send(reader, request({"GET", "k"}) + request({"DBSIZE"}));
  servers.send(quiet, "GET k\nEXEC\n");
}

TEST_CASE("a user who may not track is told so, and may do the rest") {
  const ValkeyServer real;
  (void)real.ask("ACL SETUSER guest on nopass +@all ~* &* -client|tracking");
  const User guest{.name = "guest", .denied_commands = {"client|tracking"}};
  BothServers servers(real.socket_path(), {.users = {User{}, guest}});
  const std::size_t connection = servers.connect();
  servers.send(connection, request({"HELLO", "3", "AUTH", "guest", "x"}));
  servers.send(connection, "CLIENT TRACKING ON\nCLIENT TRACKING ON OPTIN\nCLIENT TRACKING OFF\n");
  servers.send(connection, "CLIENT TRACKINGINFO\nCLIENT CACHING YES\nGET k\n");
}

}  // namespace
}  // namespace plimsoll::sim::model::real_tracking_test
