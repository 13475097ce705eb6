// The model against a real server where commands block.
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/model/comparison/both_servers.h"
#include "plimsoll/tests/sim/model/comparison/random_requests.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::sim::model::real_blocking_test {
namespace {

using testing::ValkeyServer;
using Words = std::vector<std::string>;

constexpr std::uint64_t sequences_count = 20;
constexpr std::size_t connections_count = 5;

class Sequence {
 public:
  Sequence(ValkeyServer& real, std::uint64_t seed)
      : real_(real), servers_(real.socket_path(), {}), random_(seed) {
    for (std::size_t i = 0; i < connections_count; ++i) {
      servers_.connect();
      if (random_.below(2) == 0) servers_.send(i, request({"HELLO", "3"}));
      ids_.push_back(servers_.client_id(i));
    }
  }

  void run() {
    for (int steps = 0; steps < 60; ++steps) step();
    // Nobody is left waiting, for the sake of the next sequence.
    for (std::size_t i = 1; i < connections_count; ++i) say(0, {"CLIENT", "UNBLOCK", ids_[i]});
    say(0, {"FLUSHALL"});
  }

 private:
  // What has no answer has been carried out all the same when another connection is answered.
  void say_bytes(std::size_t connection, const std::string& bytes) {
    servers_.send(connection, bytes);
    (void)real_.ask("PING");
    servers_.compare();
  }
  void say(std::size_t connection, const Words& words) { say_bytes(connection, request(words)); }

  std::string key() { return std::string(1, "abc"[random_.below(3)]); }
  std::string value() { return std::to_string(++values_); }

  void step() {
    // The first connection never blocks.
    std::size_t connection = random_.below(connections_count);
    if (servers_.is_blocked(connection)) connection = 0;
    switch (random_.below(connection == 0 ? 10 : 13)) {
      case 0: return say(connection, {"RPUSH", key(), value()});
      case 1: return say(connection, {"LPUSH", key(), value(), value()});
      case 2: return say(connection, {"LPOP", key()});
      case 3: return say(connection, {"DEL", key()});
      case 4: return say(connection, {"SET", key(), value()});
      case 5: return unblock(connection);
      case 6: return transact(connection);
      case 7: return say(connection, {"BLPOP", key(), bad_timeout()});
      case 8: return say(connection, {"RPUSH", key(), value(), value(), value()});
      case 9: return time_out();
      case 10: return say(connection, {"BRPOP", key(), "0"});
      case 11: return say(connection, {"BLPOP", key(), key(), "1000.5"});
      default: return say(connection, {"BLPOP", key(), "0"});
    }
  }

  std::string bad_timeout() {
    constexpr std::string_view all[] = {"x", "-1", "", "1x", "-0.5"};
    return std::string(all[random_.below(5)]);
  }

  void unblock(std::size_t connection) {
    const std::string id = ids_[random_.below(connections_count)];
    switch (random_.below(6)) {
      case 0: return say(connection, {"CLIENT", "UNBLOCK", id, "ERROR"});
      case 1: return say(connection, {"CLIENT", "UNBLOCK", id, "TIMEOUT"});
      case 2: return say(connection, {"CLIENT", "UNBLOCK", id, "NOW"});
      case 3: return say(connection, {"CLIENT", "UNBLOCK", "x"});
      case 4: return say(connection, {"CLIENT", "UNBLOCK", "999999"});
      default: return say(connection, {"CLIENT", "UNBLOCK", id});
    }
  }

  void transact(std::size_t connection) {
    std::string bytes = request({"MULTI"});
    for (std::uint64_t left = 1 + random_.below(3); left > 0; --left) {
      switch (random_.below(4)) {
        case 0: bytes += request({"BLPOP", key(), "0"}); break;
        case 1: bytes += request({"DEL", key()}); break;
        default: bytes += request({"RPUSH", key(), value()}); break;
      }
    }
    say_bytes(connection, bytes + request({"EXEC"}));
  }

  void time_out() {
    for (std::size_t i = 1; i < connections_count; ++i) {
      if (servers_.is_blocked(i)) continue;
      say(i, {"BLPOP", "never", "0.001"});
      servers_.let_time_pass();
      servers_.remove_expired();
      return servers_.compare();
    }
  }

  ValkeyServer& real_;
  BothServers servers_;
  RandomRequests random_;
  Words ids_;
  int values_ = 0;
};

TEST_CASE("the model blocks, serves and unblocks as the real server does") {
  ValkeyServer real;
  for (std::uint64_t seed = 1; seed <= sequences_count; ++seed) {
    INFO("seed " << seed);
    CHECK_NOTHROW(Sequence(real, seed).run());
    while (real.ask("INFO clients").find("connected_clients:1\r") == std::string::npos) {
    }
  }
}

}  // namespace
}  // namespace plimsoll::sim::model::real_blocking_test
