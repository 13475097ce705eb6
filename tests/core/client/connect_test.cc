#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// From connect() to the moment when a client is ready, or says why it cannot be.

namespace plimsoll::connect_test {
namespace {

using namespace std::chrono_literals;
using testing::ClientEnd;
using testing::handshake_replies;
using testing::hello_reply;
using testing::Lines;
using testing::Pair;
using testing::request;
using testing::Words;

TEST_CASE("a client is ready when all of its handshake is answered") {
  ClientEnd end;
  end.connect();
  CHECK(end.actions() == Lines{"open"});
  end.open();
  CHECK(end.write().starts_with(request({"HELLO", "3"})));
  end.receive(hello_reply + "+OK\r\n+OK\r\n");
  CHECK(end.take_events().empty());
  CHECK(end.state() == Session::State::handshaking);
  end.receive("+PONG\r\n");

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
  end.receive(hello_reply + "+OK\r\n+OK\r\n");
  CHECK(end.write().empty());
  end.receive("+PONG\r\n");

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

TEST_CASE("credentials that are refused end the client at once, in the server's words") {
  Pair pair({.password = "wrong"});
  pair.peer.set_script([](const Words& words) {
    CHECK((words[0] != "HELLO" || words == Words{"HELLO", "3", "AUTH", "default", "wrong"}));
    return "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  });
  pair.end.connect();
  pair.end.submit(1, {"GET", "ship"});
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"closed: authentication_failed error \"WRONGPASS invalid "
                                        "username-password pair or user is "
                                        "disabled.\"",
                                        "1: lost_unsent (no)"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
  CHECK(pair.peer.requests().size() == 4);
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

  CHECK(pair.end.take_events() ==
        Lines{"closed: unknown_database error \"ERR DB index is out of range\"",
              "1: lost_unsent (no)"});
  CHECK(pair.peer.requests().back() == Words{"PING"});
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
  end.receive(">2\r\n+first\r\n:1\r\n" + hello_reply + ">1\r\n+second\r\n+OK\r\n+OK\r\n+PONG\r\n");
  CHECK(end.take_events() ==
        Lines{"push [simple \"first\", 1]", "push [simple \"second\"]", "ready"});
}

TEST_CASE("a handshake that is answered before it was sent is a protocol error") {
  ClientEnd end;
  end.connect();
  end.open();
  end.begin_write();
  end.end_write(10);
  end.receive(handshake_replies);
  CHECK(end.take_events() == Lines{"closed: protocol_error"});
  CHECK(end.actions() == Lines{"open", "close"});

  // While the transport has it in hand nobody knows how much of it was sent.
  ClientEnd late;
  late.connect();
  late.open();
  late.begin_write();
  late.receive(handshake_replies);
  CHECK(late.take_events() == Lines{"ready"});
  late.end_write(10);
  CHECK(late.take_events() == Lines{"disconnected: protocol_error"});
  CHECK(late.actions() == Lines{"open", "close"});
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
  while (end.state() != Session::State::closed) {
    end.memory().refuse_one_after(0);
    end.advance(100ms);
    if (end.link() == ClientEnd::Link::opening) end.open();
  }
  CHECK(end.take_events() == Lines{"closed: out_of_memory"});
  CHECK(end.now() <= Instant(2s));
  CHECK(end.link() == ClientEnd::Link::none);
}

TEST_CASE("memory for the handshake may be there at the next attempt") {
  Pair pair;
  pair.end.connect();
  pair.end.memory().refuse_one_after(0);
  pair.end.open();
  CHECK(pair.end.take_events().empty());
  pair.end.advance(10ms);
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready"});
}

}  // namespace
}  // namespace plimsoll::connect_test
