#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// A server that is not there yet, or cannot serve us yet: the client tries until connect_timeout.

namespace plimsoll::retry_test {
namespace {

using namespace std::chrono_literals;
using testing::ClientEnd;
using testing::handshake_replies;
using testing::hello_reply;
using testing::Lines;
using testing::Pair;
using testing::Words;

// Lets time pass until the client wants a connection again, at most `most`; whether it does.
bool wait_for_open(ClientEnd& end, Duration most) {
  const Instant until = end.now() + most;
  while (end.link() == ClientEnd::Link::none && end.now() < until) end.advance(1ms);
  return end.link() == ClientEnd::Link::opening;
}

TEST_CASE("a server that is down is asked again, less and less often, until connect_timeout") {
  std::vector<Duration> sums(20);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    ClientEnd end({.random_seed = seed});
    end.submit(1, {"GET", "ship"}, 0s);
    end.connect();
    Duration ceiling = 10ms;
    for (std::size_t attempt = 0;; ++attempt) {
      end.refuse();
      const Instant due = end.poll_timeout();
      if (due == never) break;
      CHECK(due > end.now());
      CHECK(due <= end.now() + ceiling);
      sums[attempt] += due - end.now();
      ceiling *= 2;
      end.advance(due - end.now());
    }
    CHECK(end.take_events() == Lines{"closed: connect_failed", "1: lost_unsent (no)"});
    CHECK(end.state() == Session::State::closed);
    CHECK(end.now() < Instant(2s));
  }

  // Half of what it may be, on average: clients do not come back all at once.
  CHECK(sums[0] > 200 * 4ms);
  CHECK(sums[0] < 200 * 6ms);
  CHECK(sums[3] > 200 * 32ms);
  CHECK(sums[3] < 200 * 48ms);
}

TEST_CASE("a server that comes up in time is used") {
  Pair pair;
  pair.end.connect();
  pair.end.submit(1, {"ECHO", "ship"}, 0s);
  for (int i = 0; i < 3; ++i) {
    pair.end.refuse();
    REQUIRE(wait_for_open(pair.end, 1s));
  }
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"ready", "1: \"ship\""});
  CHECK(pair.end.actions() == Lines{"open", "open", "open", "open"});
}

TEST_CASE("a server that does not accept the connection is given up at connect_timeout") {
  ClientEnd end({.connect_timeout = 300ms});
  end.connect();
  CHECK(end.poll_timeout() == Instant(300ms));
  end.advance(299ms);
  CHECK(end.take_events().empty());
  end.advance(1ms);

  CHECK(end.take_events() == Lines{"closed: connect_failed"});
  CHECK(end.actions() == Lines{"open", "close"});
}

TEST_CASE("a server that does not answer the handshake is given up at connect_timeout") {
  ClientEnd end({.connect_timeout = 300ms});
  end.connect();
  end.advance(100ms);
  end.open();
  end.write();
  end.receive(hello_reply);
  CHECK(end.poll_timeout() == Instant(300ms));
  end.advance(200ms);

  CHECK(end.take_events() == Lines{"closed: connect_failed"});
  CHECK(end.actions() == Lines{"open", "close"});
}

TEST_CASE("a connection that ends in its handshake is tried again") {
  const std::string replies = handshake_replies;
  for (std::size_t cut = 0; cut < replies.size(); cut += 7) {
    Pair pair;
    pair.end.connect();
    pair.end.open();
    pair.end.begin_write();
    pair.end.receive(replies.substr(0, cut));
    pair.end.break_off();
    CHECK(pair.end.take_events().empty());
    REQUIRE(wait_for_open(pair.end, 1s));
    pair.drive();
    CHECK(pair.end.take_events() == Lines{"ready"});
  }
}

TEST_CASE("a server that is loading, or has too many clients, is asked again on a new connection") {
  for (const std::string refusal : {"-LOADING Valkey is loading the dataset in memory\r\n",
                                    "-ERR max number of clients reached\r\n"}) {
    Pair pair;
    pair.end.connect();
    pair.end.open();
    // It is refused before it could say anything.
    pair.end.begin_write();
    pair.end.receive(refusal);
    CHECK(pair.end.actions() == Lines{"open", "close"});
    CHECK(pair.end.take_events().empty());
    REQUIRE(wait_for_open(pair.end, 1s));
    pair.drive();
    CHECK(pair.end.take_events() == Lines{"ready"});
  }
}

TEST_CASE("the wait for another attempt begins when the one before has failed") {
  ClientEnd end;
  end.connect();
  end.open();
  end.let_pass(300ms);
  end.receive("-LOADING Valkey is loading the dataset in memory\r\n");
  CHECK(end.poll_timeout() > end.now());
  CHECK(end.poll_timeout() <= end.now() + 10ms);
  end.advance(10ms);
  CHECK(end.link() == ClientEnd::Link::opening);
}

TEST_CASE("a server that was loading for too long is told so in its own words") {
  Pair pair;
  pair.peer.set_script([](const Words&) { return "-LOADING Valkey is loading\r\n"; });
  pair.end.connect();
  pair.end.submit(1, {"GET", "ship"}, 0s);
  do {
    pair.drive();
  } while (wait_for_open(pair.end, 3s));

  CHECK(pair.end.take_events() ==
        Lines{"closed: server_loading error \"LOADING Valkey is loading\"", "1: lost_unsent (no)"});
  CHECK(pair.end.now() < Instant(6s));
}

}  // namespace
}  // namespace plimsoll::retry_test
