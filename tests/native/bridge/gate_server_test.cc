#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/native/bridge/gate/gate.h"
#include "plimsoll/tests/core/memory/test_budget.h"
#include "plimsoll/tests/native/bridge/judged.h"
#include "plimsoll/tests/native/bridge/raw_connection.h"
#include "plimsoll/tests/support/valkey_server.h"

// What a gate lets through, and what it puts in place of the rest, on a real server.

namespace plimsoll::testing::gate_server_test {
namespace {

ValkeyServer& server() {
  static ValkeyServer server;
  return server;
}

// What comes out of a gate for GET on public:*.
class PublicReads final : public bridge::Gate::Sink {
 public:
  std::string pass(std::string bytes) {
    out_.clear();
    std::string_view left = bytes;
    REQUIRE(gate_.feed(left, *this) == bridge::GateOutcome::ok);
    return out_;
  }

 private:
  void write(std::string_view commands) override { out_ += commands; }

  TestBudget test_;
  AccountHandle account_ = test_.budget.open_account(PoolKind::requests);
  bridge::Policy policy_ = policy_of({.allow = {"get"}, .key_prefixes = {"public:"}});
  bridge::Gate gate_{policy_, *account_};
  std::string out_;
};

std::string refusal(std::string_view reason) {
  return "-ERR unknown command 'plimsoll-bridge: " + std::string(reason) +
         "', with args beginning with: \r\n";
}

void set_values() {
  RawConnection connection(server().socket_path());
  REQUIRE(connection.exchange(encoded("SET public:a one") + encoded("SET secret two")) ==
          "+OK\r\n+OK\r\n");
}

TEST_CASE("replies and refusals come in the order of the requests") {
  set_values();
  PublicReads gate;
  RawConnection connection(server().socket_path());
  const std::string longest(1000, 'k');
  CHECK(connection.exchange(gate.pass(encoded("GET public:a") + encoded("GET secret") +
                                      encoded("flushall") + encoded("GET public:none") +
                                      encoded("GET " + longest) + encoded("GET public:a"))) ==
        "$3\r\none\r\n" + refusal("GET: key 'secret' does not begin with an allowed prefix") +
            refusal("FLUSHALL is not allowed") + "$-1\r\n" +
            refusal("GET: key '" + longest.substr(0, 40) +
                    "...' does not begin with an allowed prefix") +
            "$3\r\none\r\n");
  CHECK(connection.exchange(encoded("GET secret")) == "$3\r\ntwo\r\n");
}

TEST_CASE("a refusal within MULTI makes EXEC fail, and the next transaction works") {
  set_values();
  PublicReads gate;
  RawConnection connection(server().socket_path());
  CHECK(connection.exchange(gate.pass(encoded("MULTI") + encoded("GET public:a") +
                                      encoded("SET public:a x") + encoded("EXEC") +
                                      encoded("GET public:a"))) ==
        "+OK\r\n+QUEUED\r\n" + refusal("SET is not allowed") +
            "-EXECABORT Transaction discarded because of previous errors.\r\n" + "$3\r\none\r\n");
  CHECK(connection.exchange(gate.pass(encoded("MULTI") + encoded("GET public:a") +
                                      encoded("EXEC"))) == "+OK\r\n+QUEUED\r\n*1\r\n$3\r\none\r\n");
}

TEST_CASE("what a client begins with works in both protocols") {
  PublicReads gate;
  for (const char* version : {"2", "3"}) {
    RawConnection connection(server().socket_path());
    const std::string replies = connection.exchange(
        gate.pass(encoded("HELLO " + std::string(version) + " SETNAME me") +
                  encoded("CLIENT SETINFO LIB-NAME x") + encoded("SELECT 0") +
                  encoded("CLIENT TRACKING ON BCAST") + encoded("AUTH x") + encoded("PING")));
    CHECK(replies.starts_with(version[0] == '3' ? "%" : "*"));
    CHECK(replies.ends_with("+OK\r\n+OK\r\n" +
                            refusal("CLIENT TRACKING with BCAST needs an allowed PREFIX") +
                            refusal("AUTH is not allowed") + "+PONG\r\n"));
  }
}

}  // namespace
}  // namespace plimsoll::testing::gate_server_test
