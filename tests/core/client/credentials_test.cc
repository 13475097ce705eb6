#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/tests/core/client/fleet.h"
#include "plimsoll/tests/core/client/pair.h"

// Credentials that change while connections are there: told by an AUTH that nobody notices, and
// used by the connections that follow.

namespace plimsoll::credentials_test {
namespace {

using namespace std::chrono_literals;
using testing::Fleet;
using testing::Lines;
using testing::Pair;
using testing::request;

// A HELLO follows each AUTH, as a witness.
std::string told(const testing::Words& auth) { return request(auth) + request({"HELLO"}); }
const std::string hello = "%1\r\n$5\r\nproto\r\n:3\r\n";

TEST_CASE("new credentials are told in the pipeline, between the users' requests") {
  Pair pair({.username = "ship", .password = "old"});
  pair.connect();
  pair.end.submit(1, {"ECHO", "a"}, 0s);
  pair.end.client().set_credentials({"ship", "new"});
  pair.end.submit(2, {"ECHO", "b"}, 0s);
  CHECK(pair.end.write() ==
        request({"ECHO", "a"}) + told({"AUTH", "ship", "new"}) + request({"ECHO", "b"}));
  pair.end.receive("+a\r\n+OK\r\n" + hello + "+b\r\n");
  CHECK(pair.end.take_events() == Lines{"1: simple \"a\"", "2: simple \"b\""});
}

TEST_CASE("credentials that are refused are told, and the connection goes on with the old ones") {
  Pair pair({.password = "old"});
  pair.connect();
  pair.end.client().set_credentials({"", "wrong"});
  CHECK(pair.end.write() == told({"AUTH", "default", "wrong"}));
  pair.end.receive("-WRONGPASS invalid\r\n" + hello);
  CHECK(pair.end.take_events() == Lines{"credentials refused: error \"WRONGPASS invalid\""});
  pair.end.submit(1, {"ECHO", "a"});
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"1: \"a\""});
}

TEST_CASE("credentials for which there is no room yet wake nobody who waits for memory") {
  struct CountingWaiter final : BudgetWaiter {
    void handle_budget_available() override { ++calls; }
    int calls = 0;
  } waiter;
  Pair pair({.password = "old"});
  pair.connect();
  Budget& budget = pair.end.budget();
  {
    const AccountHandle stranger = budget.open_account(PoolKind::requests);
    Charge all(*stranger);
    for (std::size_t bytes = budget.limit(PoolKind::requests); bytes > 0; bytes /= 2) {
      while (all.grow(bytes)) {
      }
    }
    budget.wait(waiter);
    pair.end.client().set_credentials({"", "new"});
    CHECK_FALSE(pair.end.client().poll_event());
    CHECK(pair.end.write().empty());
    CHECK(waiter.calls == 0);
  }
  CHECK(waiter.calls == 1);
  CHECK_FALSE(pair.end.client().poll_event());
  CHECK(pair.end.write() == told({"AUTH", "default", "new"}));
}

// Valkey and Redis say nothing of a refused AUTH while other replies wait to be sent.
TEST_CASE("a refusal that the server does not say is noticed, and no reply changes places") {
  Pair pair({.password = "old"});
  pair.connect();
  pair.end.submit(1, {"ECHO", "a"}, 0s);
  pair.end.client().set_credentials({"", "wrong"});
  pair.end.submit(2, {"ECHO", "b"}, 0s);
  pair.end.write();
  pair.end.receive("+a\r\n" + hello + "+b\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"1: simple \"a\"", "credentials refused: ", "2: simple \"b\""});
  CHECK(pair.end.client().statistics().in_flight == 0);
}

TEST_CASE("a witness that comes before it was asked for ends the connection") {
  Pair pair({.password = "old"});
  pair.connect();
  pair.end.client().set_credentials({"", "new"});
  pair.end.begin_write();
  pair.end.end_write(10);
  pair.end.receive(hello);
  const Lines events = pair.end.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].find("protocol_error") != std::string::npos);
}

TEST_CASE("a connection that does not answer them is dead as any other") {
  Pair pair({.tombstone_age_max = 1s});
  pair.connect();
  pair.end.client().set_credentials({"", "new"});
  pair.end.write();
  pair.end.advance(999ms);
  CHECK(pair.end.take_events().empty());
  pair.end.advance(1s);
  CHECK(pair.end.take_events() == Lines{"disconnected: connection_dead"});
}

TEST_CASE("the next connection is made with the new ones") {
  Pair pair({.password = "old"});
  pair.connect();
  pair.end.client().set_credentials({"ship", "new"});
  pair.end.write();
  pair.end.break_off();
  pair.end.wait_for_open();
  pair.end.open();
  CHECK(pair.end.write().starts_with(request({"HELLO", "3", "AUTH", "ship", "new"})));
}

TEST_CASE("those that come during a handshake are told behind it") {
  Pair pair({.password = "old"});
  pair.end.connect();
  pair.end.open();
  pair.end.write();
  pair.end.client().set_credentials({"", "new"});
  pair.end.receive(testing::handshake_replies);
  CHECK(pair.end.take_events() == Lines{"ready"});
  CHECK(pair.end.write() == told({"AUTH", "default", "new"}));
}

TEST_CASE("every connection is told") {
  Fleet fleet({.password = "old"});
  fleet.set_script([](std::uint32_t, const testing::Words&) { return "+OK\r\n"; });
  fleet.connect();
  REQUIRE(fleet.client().open_exclusive(fleet.now()));
  REQUIRE(fleet.client().open_subscription(fleet.now()));
  fleet.settle();
  fleet.drive();
  fleet.client().set_credentials({"", "new"});
  fleet.settle();
  fleet.drive();
  for (std::uint32_t index = 0; index < 3; ++index) {
    CHECK(fleet.take_requests(index) == Lines{"AUTH default new"});
  }
  CHECK(fleet.take_events().empty());
}

}  // namespace
}  // namespace plimsoll::credentials_test
