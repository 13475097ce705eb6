#include "plimsoll/core/session/handshake.h"

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/error.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/options.h"
#include "plimsoll/core/session/version.h"
#include "plimsoll/tests/core/commands/wire.h"
#include "plimsoll/tests/core/memory/test_memory.h"

namespace plimsoll::handshake_test {
namespace {

using testing::request;
using Verdict = Handshake::Verdict;

// Of a HELLO reply only `proto` counts.
constexpr std::string_view hello_reply =
    "%3\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n";

const std::string named = request({"CLIENT", "SETINFO", "LIB-NAME", std::string(library_name)}) +
                          request({"CLIENT", "SETINFO", "LIB-VER", std::string(library_version)});

class World {
 public:
  explicit World(const SessionOptions& options = {})
      : budget_({}, memory_),
        connections_(budget_.open_account(PoolKind::connections)),
        replies_(budget_.open_account(PoolKind::replies)),
        reader_(*replies_, {}) {
    REQUIRE(handshake.start(*connections_, options));
  }

  /// What the handshake says to the replies in `bytes`, one after the other.
  std::vector<Verdict> replies(std::string_view bytes) {
    const std::span<char> room = reader_.read_space();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader_.handle_read(bytes.size());
    std::vector<Verdict> verdicts;
    while (reader_.next(true) == Reader::Poll::frame) {
      verdicts.push_back(handshake.handle_reply(reader_.value()));
    }
    return verdicts;
  }

  Verdict reply(std::string_view bytes) { return replies(bytes).at(0); }

 private:
  testing::TestMemory memory_;
  Budget budget_;
  AccountHandle connections_;
  AccountHandle replies_;
  Reader reader_;

 public:
  Handshake handshake;
};

const std::string ping = request({"PING"});

std::string sent(const SessionOptions& options) {
  return std::string(World(options).handshake.unsent());
}

TEST_CASE("a handshake asks for RESP3 and says who we are") {
  CHECK(sent({}) == request({"HELLO", "3"}) + named + ping);
}

TEST_CASE("a handshake has the user and the password, the default user where there is none") {
  CHECK(sent({.username = "reader", .password = "secret"}) ==
        request({"HELLO", "3", "AUTH", "reader", "secret"}) + named + ping);
  CHECK(sent({.password = "secret"}) ==
        request({"HELLO", "3", "AUTH", "default", "secret"}) + named + ping);
}

TEST_CASE("a handshake has the client's name and the database where they are given") {
  CHECK(sent({.client_name = "tide"}) == request({"HELLO", "3", "SETNAME", "tide"}) + named + ping);
  CHECK(sent({.database = 7}) == request({"HELLO", "3"}) + named + request({"SELECT", "7"}) + ping);
  CHECK(sent({.database = 4294967295}) ==
        request({"HELLO", "3"}) + named + request({"SELECT", "4294967295"}) + ping);
  CHECK(sent({.username = "u", .password = "p", .client_name = "tide", .database = 1}) ==
        request({"HELLO", "3", "AUTH", "u", "p", "SETNAME", "tide"}) + named +
            request({"SELECT", "1"}) + ping);
}

TEST_CASE("a password may hold any byte") {
  const std::string password("p\0\r\n$", 5);
  CHECK(sent({.password = password}) ==
        request({"HELLO", "3", "AUTH", "default", password}) + named + ping);
}

TEST_CASE("what the transport did not take of a handshake is given again") {
  World world;
  const std::string all(world.handshake.unsent());
  world.handshake.handle_written(5);
  CHECK(world.handshake.unsent() == all.substr(5));
  world.handshake.handle_written(all.size() - 5);
  CHECK(world.handshake.unsent().empty());
}

TEST_CASE("a connection is ready when all of its handshake is answered") {
  World world;
  CHECK(world.replies(std::string(hello_reply) + "+OK\r\n+OK\r\n+PONG\r\n") ==
        std::vector{Verdict::go_on, Verdict::go_on, Verdict::go_on, Verdict::done});

  World selecting({.database = 1});
  CHECK(selecting.replies(std::string(hello_reply) + "+OK\r\n+OK\r\n+OK\r\n+PONG\r\n") ==
        std::vector{Verdict::go_on, Verdict::go_on, Verdict::go_on, Verdict::go_on, Verdict::done});
}

TEST_CASE("a server that does not know SETINFO, or forbids it or PING, is as good as others") {
  World world;
  CHECK(world.replies(std::string(hello_reply) +
                      "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.\r\n"
                      "-NOPERM User u has no permissions to run the 'client|setinfo' command\r\n"
                      "-NOPERM User u has no permissions to run the 'ping' command\r\n") ==
        std::vector{Verdict::go_on, Verdict::go_on, Verdict::go_on, Verdict::done});
}

TEST_CASE("a handshake that starts again is whole again") {
  World world;
  const std::string all(world.handshake.unsent());
  world.handshake.handle_written(all.size());
  world.reply(hello_reply);
  testing::TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle connections = budget.open_account(PoolKind::connections);

  REQUIRE(world.handshake.start(*connections, {}));

  CHECK(world.handshake.unsent() == all);
  CHECK(world.replies(std::string(hello_reply) + "+OK\r\n+OK\r\n+PONG\r\n").back() ==
        Verdict::done);
  world.handshake.release_bytes();
}

struct Refusal {
  const char* text;
  ErrorCode code;
};

TEST_CASE("a server that may serve us later is worth another connection") {
  for (const Refusal& refusal : {
           Refusal{"-LOADING Valkey is loading the dataset in memory\r\n",
                   ErrorCode::server_loading},
           Refusal{"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
                   "'no'.\r\n",
                   ErrorCode::primary_down},
           Refusal{"-BUSY Valkey is busy running a script. You can only call SCRIPT KILL.\r\n",
                   ErrorCode::server_busy},
           Refusal{"-ERR max number of clients reached\r\n", ErrorCode::too_many_clients},
           Refusal{"-ERR max number of clients + cluster connections reached\r\n",
                   ErrorCode::too_many_clients},
           Refusal{"-DENIED Running in protected mode because...\r\n", ErrorCode::protected_mode},
           Refusal{"!12\r\nLOADING soon\r\n", ErrorCode::server_loading},
       }) {
    INFO(refusal.text);
    World first;
    CHECK(first.reply(refusal.text) == Verdict::retry);
    CHECK(first.handshake.error().code == refusal.code);
    CHECK(first.handshake.error().expected != nullptr);

    // A server that is loading takes everything but the PING.
    World last;
    CHECK(last.replies(std::string(hello_reply) + "+OK\r\n+OK\r\n" + refusal.text).back() ==
          Verdict::retry);
    CHECK(last.handshake.error().code == refusal.code);
  }
}

TEST_CASE("a server that refuses for good is not asked again") {
  for (const Refusal& refusal : {
           Refusal{"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
                   ErrorCode::authentication_failed},
           Refusal{"-NOAUTH HELLO must be called with the client already authenticated\r\n",
                   ErrorCode::authentication_failed},
           Refusal{"-NOPROTO unsupported protocol version\r\n", ErrorCode::unsupported_protocol},
           Refusal{"-ERR unknown command 'HELLO', with args beginning with: '3' \r\n",
                   ErrorCode::unsupported_protocol},
       }) {
    INFO(refusal.text);
    World world;
    CHECK(world.reply(refusal.text) == Verdict::refused);
    CHECK(world.handshake.error().code == refusal.code);
    CHECK(world.handshake.error().expected != nullptr);
  }
}

TEST_CASE("a refusal that we do not know is for the session to judge") {
  for (const char* text : {"-ERR upstream is not there\r\n", "-\r\n"}) {
    INFO(text);
    World world;
    CHECK(world.reply(text) == Verdict::odd);
    CHECK(world.handshake.error().code == ErrorCode::server_error);
  }
}

TEST_CASE("a database that cannot be selected refuses the connection") {
  for (const Refusal& refusal : {
           Refusal{"-ERR DB index is out of range\r\n", ErrorCode::unknown_database},
           Refusal{"-ERR SELECT is not allowed in cluster mode\r\n", ErrorCode::unknown_database},
           Refusal{"-NOPERM User u has no permissions to run the 'select' command\r\n",
                   ErrorCode::permission_denied},
       }) {
    INFO(refusal.text);
    World world({.database = 99});
    CHECK(world.replies(std::string(hello_reply) + "+OK\r\n+OK\r\n" + refusal.text).back() ==
          Verdict::refused);
    CHECK(world.handshake.error().code == refusal.code);
  }
}

TEST_CASE("a reply to HELLO that does not promise RESP3 is a protocol error") {
  for (const char* text : {
           "*4\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n$5\r\nproto\r\n:3\r\n",  // RESP2's shape
           "%1\r\n$5\r\nproto\r\n:2\r\n",
           "%1\r\n$5\r\nproto\r\n$1\r\n3\r\n",
           "%1\r\n$6\r\nserver\r\n$6\r\nvalkey\r\n",
           "%1\r\n*0\r\n:3\r\n",
           "%0\r\n",
           "+OK\r\n",
           "_\r\n",
           ":3\r\n",
       }) {
    INFO(text);
    World world;
    CHECK(world.reply(text) == Verdict::odd);
    CHECK(world.handshake.error().code == ErrorCode::protocol_error);
  }
}

TEST_CASE("a reply to HELLO may have more in it than we know") {
  for (const char* text : {
           "%2\r\n%1\r\n+a\r\n+b\r\n*0\r\n+proto\r\n:3\r\n",
           "|1\r\n+ttl\r\n:1\r\n%1\r\n$5\r\nproto\r\n:3\r\n",
           "%?\r\n$5\r\nproto\r\n:3\r\n.\r\n",
       }) {
    INFO(text);
    World world;
    CHECK(world.reply(text) == Verdict::go_on);
  }
}

TEST_CASE("a handshake for which there is no memory does not start") {
  testing::TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle connections = budget.open_account(PoolKind::connections);
  memory.refuse_one_after(0);
  Handshake handshake;

  CHECK_FALSE(handshake.start(*connections, {}));
  CHECK(handshake.start(*connections, {}));
}

TEST_CASE("a handshake that released its bytes pays for none") {
  testing::TestMemory memory;
  Budget budget({}, memory);
  const AccountHandle connections = budget.open_account(PoolKind::connections);
  const std::size_t before = budget.statistics().used;
  Handshake handshake;
  REQUIRE(handshake.start(*connections, {}));
  REQUIRE(budget.statistics().used > before);

  handshake.release_bytes();

  CHECK(budget.statistics().used == before);
}

}  // namespace
}  // namespace plimsoll::handshake_test
