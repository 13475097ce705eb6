#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// How a user ends a client, in order or at once.

namespace plimsoll::closing_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Lines;
using testing::Pair;
using testing::request;

TEST_CASE("a client that owes nobody a reply closes at once") {
  Pair pair;
  pair.connect();
  pair.end.close();

  CHECK(pair.end.take_events() == Lines{"closed: closed"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
  CHECK(pair.end.state() == Session::State::closed);
}

TEST_CASE("a client that is closed sends what is staged and waits for every reply") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "sent"});
  pair.end.write();
  pair.end.submit(2, {"ECHO", "staged"});
  pair.end.close();
  CHECK(pair.end.take_events().empty());
  CHECK(pair.end.state() == Session::State::closing);
  CHECK(pair.end.write() == request({"ECHO", "staged"}));
  pair.end.receive(bulk_reply("sent"));
  CHECK(pair.end.take_events() == Lines{"1: \"sent\""});
  pair.end.receive(bulk_reply("staged"));

  CHECK(pair.end.take_events() == Lines{"2: \"staged\"", "closed: closed"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
}

TEST_CASE("a client that is being closed takes no more requests") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.close();
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.close();
  pair.drive();

  CHECK(pair.end.take_events() ==
        Lines{"2: refused with closed (no)", "1: \"one\"", "closed: closed"});
}

TEST_CASE("an orderly close gives up when close_timeout is over") {
  Pair pair({.close_timeout = 300ms});
  pair.connect();
  pair.end.submit(1, {"ECHO", "sent"}, 0s);
  pair.end.write();
  pair.end.submit(2, {"ECHO", "staged"}, 0s);
  pair.end.close();
  CHECK(pair.end.poll_timeout() == pair.end.now() + 300ms);
  pair.end.advance(299ms);
  CHECK(pair.end.take_events().empty());
  pair.end.advance(1ms);

  CHECK(pair.end.take_events() ==
        Lines{"closed: closed", "1: lost_in_doubt (maybe)", "2: lost_unsent (no)"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
}

TEST_CASE("requests keep their deadlines while the client is being closed") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "slow"}, 50ms);
  pair.end.submit(2, {"ECHO", "staged"}, 0s);
  pair.end.write();
  pair.end.close();
  pair.end.advance(50ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.receive(bulk_reply("slow") + bulk_reply("staged"));
  CHECK(pair.end.take_events() == Lines{"2: \"staged\"", "closed: closed"});
}

TEST_CASE("a server that closes first, with nothing owed, ends an orderly close") {
  Pair pair;
  pair.connect();
  pair.end.client().close(pair.end.now());
  pair.end.break_off();
  CHECK(pair.end.take_events() == Lines{"closed: closed"});
}

TEST_CASE("a server that closes first loses what it owes") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.close();
  pair.end.break_off();
  CHECK(pair.end.take_events() == Lines{"closed: connection_lost", "1: lost_in_doubt (maybe)"});
  CHECK(pair.end.actions() == Lines{"open"});
}

TEST_CASE("cancelling the last request lets the close go on") {
  Pair pair;
  pair.connect();
  const auto staged = pair.end.submit(1, {"ECHO", "staged"});
  pair.end.close();
  CHECK(pair.end.take_events().empty());
  pair.end.cancel(*staged);
  CHECK(pair.end.take_events() == Lines{"1: cancelled (no)", "closed: closed"});
}

TEST_CASE("a close_timeout of zero waits for nothing") {
  Pair pair({.close_timeout = 0s});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.close();
  CHECK(pair.end.poll_timeout() <= pair.end.now());
  pair.end.advance(0s);
  CHECK(pair.end.take_events() == Lines{"closed: closed", "1: lost_in_doubt (maybe)"});
}

TEST_CASE("an aborted client ends every request at once, also while it is being closed") {
  for (const bool closing : {false, true}) {
    Pair pair;
    pair.connect();
    pair.end.submit(1, {"ECHO", "sent"});
    pair.end.write();
    pair.end.submit(2, {"ECHO", "staged"});
    if (closing) pair.end.close();
    pair.end.abort();

    CHECK(pair.end.take_events() ==
          Lines{"closed: closed", "1: lost_in_doubt (maybe)", "2: lost_unsent (no)"});
    CHECK(pair.end.actions() == Lines{"open", "close"});
  }
}

TEST_CASE("pushes are still told while the client is being closed") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.close();
  pair.end.receive(">1\r\n+push\r\n" + bulk_reply("one"));
  CHECK(pair.end.take_events() == Lines{"push [simple \"push\"]", "1: \"one\"", "closed: closed"});
}

TEST_CASE("a client may be destroyed in the middle of everything") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", std::string(200'000, 'x')});
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.begin_write();
  pair.end.receive("*3\r\n$100000\r\nhalf a reply");
  // Its Budget checks that everything has come back.
}

}  // namespace
}  // namespace plimsoll::closing_test
