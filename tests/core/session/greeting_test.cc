#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/resp/reader.h"
#include "plimsoll/core/session/handshake.h"
#include "plimsoll/core/session/version.h"
#include "plimsoll/tests/core/commands/wire.h"
#include "plimsoll/tests/core/memory/test_memory.h"

// Handshakes beyond the usual one: in RESP2, and with what the options want besides.

namespace plimsoll::greeting_test {
namespace {

using testing::request;
using Verdict = Handshake::Verdict;

const std::string named = request({"CLIENT", "SETINFO", "LIB-NAME", std::string(library_name)}) +
                          request({"CLIENT", "SETINFO", "LIB-VER", std::string(library_version)});
const std::string ping = request({"PING"});
const std::string client_id = request({"CLIENT", "ID"});
constexpr std::string_view hello_reply = "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:42\r\n";

/// A handshake, and what it made of the replies in `bytes`.
struct Greeting {
  explicit Greeting(const SessionOptions& options, std::string_view bytes = "") {
    testing::TestMemory memory;
    Budget budget({}, memory);
    const AccountHandle connections = budget.open_account(PoolKind::connections);
    const AccountHandle replies = budget.open_account(PoolKind::replies);
    Handshake handshake;
    REQUIRE(handshake.start(*connections, options));
    said = handshake.unsent();
    Reader reader(*replies, {});
    const std::span<char> room = reader.read_space();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    reader.handle_read(bytes.size());
    while (reader.next(true) == Reader::Poll::frame) {
      verdict = handshake.handle_reply(reader.value());
    }
    error = handshake.error();
    id = handshake.client_id();
  }

  std::string said;
  Verdict verdict = Verdict::go_on;
  Error error;
  std::uint64_t id = 0;
};

TEST_CASE("in RESP2 there is no HELLO: AUTH, the name and the id are asked for one by one") {
  CHECK(Greeting({.protocol = Protocol::resp2}).said == client_id + named + ping);
  CHECK(Greeting({.password = "secret", .protocol = Protocol::resp2}).said ==
        request({"AUTH", "secret"}) + client_id + named + ping);
  CHECK(Greeting({.username = "u",
                  .password = "p",
                  .client_name = "tide",
                  .database = 3,
                  .protocol = Protocol::resp2})
            .said == request({"AUTH", "u", "p"}) + request({"CLIENT", "SETNAME", "tide"}) +
                         client_id + named + request({"SELECT", "3"}) + ping);
}

TEST_CASE(
    "with sentinels RESP2 begins with HELLO, too, which says whether the server is a primary") {
  const SentinelOptions sentinel{.primary_name = "fleet"};
  const SessionOptions options{.username = "u",
                               .password = "p",
                               .client_name = "tide",
                               .protocol = Protocol::resp2,
                               .primary_only = true,
                               .sentinel = &sentinel};
  const std::string hello = "*6\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:7\r\n$4\r\nrole\r\n";
  const Greeting primary(options, hello + "$6\r\nmaster\r\n+OK\r\n+OK\r\n+PONG\r\n");
  CHECK(primary.said ==
        request({"HELLO", "2", "AUTH", "u", "p", "SETNAME", "tide"}) + named + ping);
  CHECK(primary.verdict == Verdict::done);
  CHECK(primary.id == 7);
  const Greeting replica(options, hello + "$7\r\nreplica\r\n");
  CHECK(replica.verdict == Verdict::retry);
  CHECK(replica.error.code == ErrorCode::read_only_replica);
  CHECK(Greeting(options, hello_reply).verdict == Verdict::odd);
}

TEST_CASE("a server that knows next to nothing is ready in RESP2") {
  const Greeting greeting({.client_name = "tide", .protocol = Protocol::resp2},
                          "-ERR unknown\r\n-ERR unknown\r\n-ERR unknown\r\n-ERR unknown\r\n"
                          "+PONG\r\n");
  CHECK(greeting.verdict == Verdict::done);
  CHECK(greeting.id == 0);
}

TEST_CASE("the id by which the server knows a connection is kept") {
  CHECK(Greeting({}, std::string(hello_reply)).id == 42);
  CHECK(Greeting({.protocol = Protocol::resp2}, ":7\r\n").id == 7);
  CHECK(Greeting({}, "%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:-1\r\n").id == 0);
}

TEST_CASE("a password that is missing or wrong is found out in RESP2 as well") {
  const Greeting missing({.protocol = Protocol::resp2},
                         "-NOAUTH a\r\n-NOAUTH b\r\n-NOAUTH c\r\n-NOAUTH d\r\n");
  CHECK(missing.verdict == Verdict::refused);
  CHECK(missing.error.code == ErrorCode::authentication_failed);
  for (const char* text : {"-WRONGPASS no\r\n", "-ERR invalid password\r\n",
                           "-ERR AUTH <password> called without any password configured\r\n"}) {
    INFO(text);
    const Greeting wrong({.password = "p", .protocol = Protocol::resp2}, text);
    CHECK(wrong.verdict == Verdict::refused);
    CHECK(wrong.error.code == ErrorCode::authentication_failed);
  }
}

TEST_CASE("NO-EVICT and NO-TOUCH are said where they are wanted, and must be taken") {
  const SessionOptions both{.no_evict = true, .no_touch = true};
  CHECK(Greeting(both).said == request({"HELLO", "3"}) + named +
                                   request({"CLIENT", "NO-EVICT", "ON"}) +
                                   request({"CLIENT", "NO-TOUCH", "ON"}) + ping);
  const std::string before = std::string(hello_reply) + "+OK\r\n+OK\r\n";
  CHECK(Greeting(both, before + "+OK\r\n+OK\r\n+PONG\r\n").verdict == Verdict::done);

  const Greeting old(both, before + "+OK\r\n-ERR unknown subcommand 'NO-TOUCH'.\r\n");
  CHECK(old.verdict == Verdict::refused);
  CHECK(std::string(old.error.what) == "the server does not take CLIENT NO-TOUCH");

  const Greeting forbidden(both, before + "-NOPERM no\r\n");
  CHECK(forbidden.verdict == Verdict::refused);
  CHECK(forbidden.error.code == ErrorCode::permission_denied);
}

}  // namespace
}  // namespace plimsoll::greeting_test
