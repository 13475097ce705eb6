#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// A connection that falls silent: when it is asked for a sign of life, and when it is dead.

namespace plimsoll::health_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Lines;
using testing::Pair;
using testing::request;

const std::string ping = request({"PING"});

TEST_CASE("a silent connection is asked for a sign of life") {
  Pair pair({.health_check_interval = 2s});
  pair.connect();
  for (int i = 0; i < 3; ++i) {
    CHECK(pair.end.poll_timeout() == pair.end.now() + 2s);
    pair.end.advance(2s);
    CHECK(pair.end.write() == ping);
    pair.end.receive("+PONG\r\n");
  }
  CHECK(pair.end.take_events().empty());
  CHECK(pair.end.client().statistics().counters.health_checks == 3);
  CHECK(pair.end.segments_in_use() == 0);
}

TEST_CASE("a connection on which something is said, or owed, is not asked") {
  Pair pair({.health_check_interval = 2s});
  pair.connect();
  pair.end.advance(1s);
  pair.end.receive(">1\r\n+push\r\n");
  pair.end.advance(1s);
  CHECK(pair.end.write().empty());
  pair.end.submit(1, {"ECHO", "slow"}, 0s);
  pair.end.write();
  pair.end.advance(10s);
  CHECK(pair.end.write().empty());
}

TEST_CASE("a check that is due when the last request is given up is made at once") {
  Pair pair({.health_check_interval = 2s});
  pair.connect();
  pair.end.let_pass(1s);
  pair.end.submit(1, {"ECHO", "never sent"}, 3s);
  pair.end.advance(3s);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (no)"});
  CHECK(pair.end.write() == ping);
}

TEST_CASE("a server that was idle has as long as any to answer a request that was cancelled") {
  Pair pair({.health_check_interval = 0s, .tombstone_age_max = 3s});
  pair.connect();
  REQUIRE(pair.end.poll_timeout() == never);
  pair.end.let_pass(10s);
  const auto id = pair.end.submit(1, {"ECHO", "one"}, 0s);
  pair.end.write();
  pair.end.client().cancel(*id, pair.end.now());
  while (pair.end.client().poll_event()) {
  }
  CHECK(pair.end.client().poll_timeout() > pair.end.now() + 2s);
  pair.end.let_pass(100ms);
  pair.end.client().handle_timeout(pair.end.now());
  while (pair.end.client().poll_event()) {
  }
  CHECK(pair.end.client().statistics().counters.connections_dead == 0);
}

TEST_CASE("zero switches the health check off") {
  Pair pair({.health_check_interval = 0s});
  pair.connect();
  CHECK(pair.end.poll_timeout() == never);
}

TEST_CASE("a connection without a sign of life is dead, and is replaced") {
  Pair pair({.health_check_interval = 2s, .tombstone_age_max = 3s});
  pair.connect();
  pair.end.advance(2s);
  CHECK(pair.end.write() == ping);
  pair.end.advance(2999ms);
  CHECK(pair.end.take_events().empty());
  pair.end.advance(1ms);

  CHECK(pair.end.take_events() == Lines{"disconnected: connection_dead"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
  CHECK(pair.end.client().statistics().counters.connections_dead == 1);
  pair.end.advance(10ms);
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready"});
}

TEST_CASE("a connection whose oldest tombstone is too old is dead; those behind it are in doubt") {
  Pair pair({.tombstone_age_max = 3s});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 250ms);
  pair.end.submit(2, {"ECHO", "two"}, 0s);
  pair.end.write();
  pair.end.advance(250ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.advance(2999ms);
  CHECK(pair.end.take_events().empty());
  pair.end.advance(1ms);
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_dead", "2: lost_in_doubt (maybe)"});
}

TEST_CASE("a slow command that someone waits for does not make its connection dead") {
  Pair pair({.tombstone_age_max = 3s});
  pair.connect();
  pair.end.submit(1, {"ECHO", "slow"}, 0s);
  pair.end.submit(2, {"ECHO", "given up"}, 250ms);
  pair.end.write();
  pair.end.advance(1min);
  CHECK(pair.end.take_events() == Lines{"2: timed_out (maybe)"});
  pair.end.receive(bulk_reply("slow"));
  CHECK(pair.end.take_events() == Lines{"1: \"slow\""});
  // Only from now on is the server late.
  pair.end.advance(2999ms);
  CHECK(pair.end.take_events().empty());
  pair.end.receive(bulk_reply("given up"));
  pair.end.advance(1s);
  CHECK(pair.end.state() == Session::State::ready);
}

TEST_CASE("a peer that takes nothing is found dead as well") {
  Pair pair({.health_check_interval = 2s, .tombstone_age_max = 3s});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 250ms);
  pair.end.begin_write();
  pair.end.end_write(5);
  pair.end.advance(250ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.advance(3s);
  CHECK(pair.end.take_events() == Lines{"disconnected: connection_dead"});
}

TEST_CASE("a health check takes nobody's place") {
  Pair pair({.inflight_requests_limit = 1, .health_check_interval = 2s});
  pair.connect();
  pair.end.advance(2s);
  CHECK(pair.end.write() == ping);
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.submit(2, {"ECHO", "two"});
  CHECK(pair.end.take_events() == Lines{"2: refused with rejected_by_limit (no)"});
  pair.end.write();
  pair.end.receive("+PONG\r\n" + bulk_reply("one"));
  CHECK(pair.end.take_events() == Lines{"1: \"one\""});
}

TEST_CASE("a health check for which there is no memory is made later") {
  Pair pair({.health_check_interval = 2s});
  pair.connect();
  pair.end.memory().refuse_one_after(0);
  pair.end.advance(2s);
  CHECK(pair.end.write().empty());
  pair.end.advance(2s);
  CHECK(pair.end.write() == ping);
}

}  // namespace
}  // namespace plimsoll::health_test
