// A session answers what a server answers: the same commands go to a server, and through a session
// to another one, and the bytes of the replies are compared.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/base/random.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/native/bridge/shared/session_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing {
namespace {

native::Options of_one_server() {
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  return options;
}

// A server, and another one behind a session.
struct Both {
  ValkeyServer server;
  ValkeyServer behind;
  SharedWorld world{behind.url(), of_one_server()};
  RawConnection raw{server.socket_path()};
  SessionPeer peer{world};

  void compare(const std::string& commands) {
    INFO(commands);
    const std::string expected = raw.exchange(commands);
    CHECK(peer.exchange(commands) == expected);
  }
};

std::string join(const std::vector<std::string>& words) {
  std::string out = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    out += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return out;
}

// Commands of all kinds of replies, on few keys, so that errors are as frequent as successes.
class AnyCommands {
 public:
  explicit AnyCommands(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    if (chance(8)) return transaction();
    return plain();
  }

 private:
  bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  std::string key() { return std::string(1, static_cast<char>('a' + random_.below(4))); }
  std::string value() {
    constexpr std::uint64_t large = 40'000;
    if (chance(40)) return std::string(large + random_.below(large), 'v');
    return std::to_string(random_.below(20));
  }

  std::string plain() {
    switch (random_.below(24)) {
      case 0: return join({"SET", key(), value()});
      case 1: return join({"GET", key()});
      case 2: return join({"INCR", key()});
      case 3: return join({"DEL", key()});
      case 4: return join({"RPUSH", key(), value(), value()});
      case 5: return join({"LRANGE", key(), "0", "-1"});
      case 6: return join({"HSET", key(), "f", value(), "g", value()});
      case 7: return join({"HGETALL", key()});
      case 8: return join({"ZADD", key(), value(), "m", "1.5", "n"});
      case 9: return join({"ZRANGE", key(), "0", "-1", "WITHSCORES"});
      case 10: return join({"ZSCORE", key(), "m"});
      case 11: return join({"SADD", key(), "x"});
      case 12: return join({"SMEMBERS", key()});
      case 13: return join({"MGET", key(), key(), key()});
      case 14: return join({"TYPE", key()});
      case 15: return unknown();
      case 16: return join({"GETDEL"});
      case 17: return join({"BLPOP", key(), "0.01"});
      case 18: return join({"LPOP", key(), "2"});
      case 19: return join({"EVAL", "return {1, 'two', {false, {3}}}", "0"});
      case 20: return join({"GEOPOS", key(), "nobody"});
      case 21: return join({"PING", value()});
      case 22: return join({"CLIENT", "SETNAME", "of-" + key()}) + join({"CLIENT", "GETNAME"});
      default: return join({"UNWATCH"});
    }
  }

  // Whose name is repeated in the error: it must not become another reply.
  std::string unknown() {
    switch (random_.below(4)) {
      case 0: return join({"NO_SUCH_COMMAND", key()});
      case 1: return join({"no such\r\n+OK\r\n" + key()});
      case 2: return join({"plimsoll-bridge: no such\r\n+OK\r\n" + key()});
      default: return join({std::string(100 + random_.below(100), 'n')});
    }
  }

  std::string transaction() {
    std::string all;
    if (chance(3)) all += join({"WATCH", key()});
    if (chance(4)) all += plain();
    all += join({"MULTI"});
    if (chance(9)) all += join({"MULTI"});
    for (std::uint64_t left = random_.below(4); left > 0; --left) all += queued();
    return all + join({chance(5) ? "DISCARD" : "EXEC"});
  }

  // What a server answers within MULTI as it does outside. It queues an unknown command's error
  // at once.
  std::string queued() {
    switch (random_.below(6)) {
      case 0: return join({"SET", key(), value()});
      case 1: return join({"INCR", key()});
      case 2: return join({"HGETALL", key()});
      case 3: return join({"LRANGE", key(), "0", "-1"});
      case 4: return join({"ZRANGE", key(), "0", "-1", "WITHSCORES"});
      default: return join({"GET", key()});
    }
  }

  Random random_;
};

}  // namespace

TEST_CASE("a session's replies are those of a server") {
  Both both;
  const bool is_resp3 = GENERATE(false, true);
  if (is_resp3) {
    both.raw.exchange(resp("HELLO", "3"));
    both.peer.exchange(resp("HELLO", "3"));
  }
  both.compare(resp("GET", "no") + resp("BLPOP", "no", "0.01") + resp("LPOP", "no", "1"));
  both.compare(resp("SET", "k", "v") + resp("GET", "k") + resp("LPUSH", "k", "x"));
  both.compare(resp("MULTI") + resp("SET", "k", "w") + resp("GET", "k") + resp("LPUSH", "k", "x") +
               resp("EXEC"));
  both.compare(resp("MULTI") + resp("EXEC"));
  both.compare(resp("EXEC") + resp("DISCARD") + resp("MULTI", "x") + resp("WATCH"));
  both.compare(resp("MULTI") + resp("WATCH", "k") + resp("EXEC"));
  both.compare(resp("SELECT", "0") + resp("CLIENT", "GETNAME"));
  both.compare(resp("CLIENT", "SETNAME", "with space") + resp("CLIENT", "SETNAME", "me") +
               resp("CLIENT", "GETNAME"));
  both.compare(resp("SUBSCRIBE", "one", "two") + resp("PSUBSCRIBE", "t*") +
               resp("SSUBSCRIBE", "s") + resp("UNSUBSCRIBE", "two", "never") +
               resp("SUNSUBSCRIBE") + resp("PUNSUBSCRIBE") + resp("UNSUBSCRIBE"));
}

TEST_CASE("a subscriber in RESP2 may do what a server lets it do") {
  Both both;
  const std::string commands = resp("SUBSCRIBE", "c") + resp("GET", "k") + resp("PING") +
                               resp("PING", "x") + resp("MULTI") + resp("UNSUBSCRIBE");
  both.compare(commands);
  both.compare(resp("SSUBSCRIBE", "c") + resp("GET", "k") + resp("PING") + resp("HELLO", "3") +
               resp("SUNSUBSCRIBE"));
  both.compare(resp("SUBSCRIBE", "c") + resp("no such\r\n*3\r\n$11\r\nunsubscribe\r\n$1") +
               resp(std::string(300, 'n')) + resp("UNSUBSCRIBE"));
}

TEST_CASE("a watched key that has changed ends a transaction as at a server") {
  Both both;
  for (const bool is_resp3 : {false, true}) {
    if (is_resp3) {
      both.raw.exchange(resp("HELLO", "3"));
      both.peer.exchange(resp("HELLO", "3"));
    }
    both.compare(resp("WATCH", "k", "l"));
    both.server.ask("SET l other");
    both.behind.ask("SET l other");
    both.compare(resp("MULTI") + resp("SET", "k", "mine") + resp("EXEC") + resp("GET", "k"));
    both.compare(resp("WATCH", "k") + resp("GET", "k") + resp("MULTI") + resp("SET", "k", "mine") +
                 resp("EXEC") + resp("DEL", "k"));
    both.compare(resp("WATCH", "k") + resp("UNWATCH"));
    both.server.ask("SET k other");
    both.behind.ask("SET k other");
    both.compare(resp("MULTI") + resp("SET", "k", "mine") + resp("EXEC") + resp("DEL", "k"));
  }
}

TEST_CASE("any commands get a server's replies, in any pieces") {
  Both both;
  constexpr std::uint64_t rounds = 60;
  constexpr std::uint64_t commands_max = 30;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    INFO("seed " << seed);
    if (seed == rounds / 2) {
      both.raw.exchange(resp("HELLO", "3"));
      both.peer.exchange(resp("HELLO", "3"));
    }
    Random sizes(seed);
    both.peer.piece_bytes = 1 + sizes.below(seed % 2 == 0 ? 16 : 70'000);
    AnyCommands any(seed);
    std::string commands;
    for (std::uint64_t left = 1 + sizes.below(commands_max); left > 0; --left) {
      commands += any.next();
    }
    both.compare(commands);
  }
}

}  // namespace plimsoll::testing
