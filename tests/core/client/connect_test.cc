#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// From connect() to the moment when a client is ready, or says why it cannot be.

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ClientEnd;
using testing::handshake_replies;
using testing::hello_reply;
using testing::Lines;
using testing::Pair;
using testing::request;
using testing::Words;

// Lets time pass until the client wants a connection again, at most `most`; whether it does.
bool wait_for_open(ClientEnd& end, Duration most) {
  const Instant until = end.now() + most;
  while (end.link() == ClientEnd::Link::none && end.now() < until) end.advance(1ms);
  return end.link() == ClientEnd::Link::opening;
}

TEST_CASE("a client is ready when all of its handshake is answered") {
  ClientEnd end;
  end.connect();
  CHECK(end.actions() == Lines{"open"});
  end.open();
  CHECK(end.write().starts_with(request({"HELLO", "3"})));
  end.receive(hello_reply + "+OK\r\n");
  CHECK(end.take_events().empty());
  CHECK(end.state() == Session::State::handshaking);
  end.receive("+OK\r\n");

  CHECK(end.take_events() == Lines{"ready"});
  CHECK(end.state() == Session::State::ready);
  CHECK(end.actions() == Lines{"open"});
}

TEST_CASE("a handshake works in pieces of any size") {
  for (std::size_t piece = 1; piece <= handshake_replies.size(); ++piece) {
    ClientEnd end;
    end.connect();
    end.open();
    for (std::size_t given = end.begin_write().size(); given > 0;) {
      end.end_write(std::min(piece, given));
      given = end.begin_write().size();
    }
    end.receive_in_pieces(handshake_replies, piece);
    CHECK(end.take_events() == Lines{"ready"});
  }
}

TEST_CASE("requests staged before the client is ready leave after its handshake, in one write") {
  ClientEnd end;
  end.submit(1, {"GET", "before connect"});
  end.connect();
  end.submit(2, {"GET", "before open"});
  end.open();
  end.submit(3, {"GET", "before ready"});
  const std::string handshake = end.write();
  CHECK(handshake.find("GET") == handshake.npos);
  end.receive(hello_reply + "+OK\r\n");
  CHECK(end.write().empty());
  end.receive("+OK\r\n");

  CHECK(end.begin_write() == request({"GET", "before connect"}) + request({"GET", "before open"}) +
                                 request({"GET", "before ready"}));
}

TEST_CASE("a request may time out before there is a connection: it cannot have run") {
  ClientEnd end;
  end.connect();
  end.submit(1, {"GET", "ship"}, 10ms);
  end.submit(2, {"GET", "ship"}, 30ms);
  end.advance(10ms);
  CHECK(end.take_events() == Lines{"1: timed_out (no)"});
  end.open();
  end.write();
  end.advance(20ms);
  CHECK(end.take_events() == Lines{"2: timed_out (no)"});
  end.receive(handshake_replies);
  CHECK(end.take_events() == Lines{"ready"});
  CHECK(end.write().empty());
}

TEST_CASE("a server that is down is asked again, less and less often, until connect_timeout") {
  ClientEnd end;
  end.submit(1, {"GET", "ship"}, 0s);
  end.connect();
  std::vector<Duration> waits;
  Instant last = end.now();
  do {
    end.refuse();
    if (!wait_for_open(end, 3s)) break;
    waits.push_back(end.now() - last);
    last = end.now();
  } while (true);

  CHECK(waits == std::vector<Duration>{10ms, 20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms});
  CHECK(end.take_events() == Lines{"closed: connect_failed", "1: lost_unsent (no)"});
  CHECK(end.state() == Session::State::closed);
  CHECK(end.client().poll_timeout() == never);
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
  CHECK(end.client().poll_timeout() == Instant(300ms));
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
  CHECK(end.client().poll_timeout() == Instant(300ms));
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
  CHECK(end.client().poll_timeout() == end.now() + 10ms);
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
        Lines{"closed: server_error error \"LOADING Valkey is loading\"", "1: lost_unsent (no)"});
  CHECK(pair.end.now() > Instant(1s));
  CHECK(pair.end.now() < Instant(6s));
}

TEST_CASE("credentials that are refused end the client at once, in the server's words") {
  Pair pair({.password = "wrong"});
  pair.peer.set_script([](const Words& words) {
    CHECK((words[0] != "HELLO" || words == Words{"HELLO", "3", "AUTH", "default", "wrong"}));
    return "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  });
  pair.end.connect();
  pair.end.submit(1, {"GET", "ship"});
  pair.drive();

  CHECK(pair.end.take_events() ==
        Lines{"closed: server_error error \"WRONGPASS invalid username-password pair or user is "
              "disabled.\"",
              "1: lost_unsent (no)"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
  CHECK(pair.peer.requests().size() == 3);
}

TEST_CASE("a database that the server does not have ends the client before any request is sent") {
  Pair pair({.database = 99});
  pair.peer.set_script([](const Words& words) -> std::string {
    if (words[0] == "SELECT") return "-ERR DB index is out of range\r\n";
    return testing::Peer::default_reply(words);
  });
  pair.end.connect();
  pair.end.submit(1, {"SET", "ship", "Great Eastern"});
  pair.drive();

  CHECK(
      pair.end.take_events() ==
      Lines{"closed: server_error error \"ERR DB index is out of range\"", "1: lost_unsent (no)"});
  CHECK(pair.peer.requests().back() == Words{"SELECT", "99"});
}

TEST_CASE("a server without RESP3 is refused as one") {
  ClientEnd end;
  end.connect();
  end.open();
  end.receive("*2\r\n$5\r\nproto\r\n:2\r\n");
  CHECK(end.take_events() == Lines{"closed: protocol_error [\"proto\", 2]"});
}

TEST_CASE("a server that speaks something else is refused as soon as it does") {
  ClientEnd end;
  end.connect();
  end.open();
  end.receive("SSH-2.0-OpenSSH_9.2\r\n");
  CHECK(end.take_events() == Lines{"closed: protocol_error"});
  CHECK(end.actions() == Lines{"open", "close"});
}

TEST_CASE("a refusal of any length is one") {
  ClientEnd end;
  end.connect();
  end.open();
  end.receive("!100000\r\nLOADING " + std::string(100'000 - 8, 'x') + "\r\n");
  CHECK(end.take_events().at(0).starts_with("closed: server_error bulk error \"LOADING xxx"));
}

TEST_CASE("a push in the middle of the handshake is a push, and the handshake goes on") {
  ClientEnd end;
  end.connect();
  end.open();
  end.write();
  end.receive(">2\r\n+first\r\n:1\r\n" + hello_reply + ">1\r\n+second\r\n+OK\r\n+OK\r\n");
  CHECK(end.take_events() ==
        Lines{"push [simple \"first\", 1]", "push [simple \"second\"]", "ready"});
}

TEST_CASE("a handshake that is answered before it was sent is a protocol error") {
  for (const bool in_hand : {false, true}) {
    ClientEnd end;
    end.connect();
    end.open();
    end.begin_write();
    if (!in_hand) end.end_write(10);
    end.receive(handshake_replies);
    // Whether the rest of it was sent is not known yet.
    if (in_hand) end.end_write(10);

    const Lines events = end.take_events();
    REQUIRE_FALSE(events.empty());
    CHECK(events.back() == "closed: protocol_error");
    CHECK(end.actions() == Lines{"open", "close"});
  }
}

TEST_CASE("a client that is closed or aborted while it connects is over at once") {
  for (const bool orderly : {true, false}) {
    for (const int stage : {0, 1, 2, 3}) {
      INFO("stage " << stage);
      ClientEnd end;
      end.submit(1, {"GET", "ship"});
      if (stage >= 1) end.connect();
      if (stage == 2) end.refuse();
      if (stage == 3) end.open();
      orderly ? end.close() : end.abort();

      CHECK(end.take_events() == Lines{"closed: closed", "1: lost_unsent (no)"});
      CHECK(end.link() == ClientEnd::Link::none);
      end.advance(10s);
      CHECK(end.link() == ClientEnd::Link::none);
      end.submit(2, {"GET", "ship"});
      CHECK(end.take_events() == Lines{"2: refused with closed (no)"});
    }
  }
}

TEST_CASE("where there is no memory for the handshake the client says so") {
  ClientEnd end;
  end.connect();
  end.memory().refuse_one_after(0);
  end.open();
  CHECK(end.take_events() == Lines{"closed: out_of_memory"});
  CHECK(end.actions() == Lines{"open", "close"});
}

}  // namespace
}  // namespace plimsoll
