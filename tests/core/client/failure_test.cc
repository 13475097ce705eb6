#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// A server or a connection that does what it should not: what becomes of the requests of a client
// that does not reconnect (reconnect_test.cc has the others).

namespace plimsoll::failure_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::ClientEnd;
using testing::Lines;
using testing::Pair;
using testing::request;

const ClientOptions once{.reconnect_attempts_max = 0};

// Two requests that were sent, one that the transport took a part of, and one behind it.
struct Busy : Pair {
  Busy() : Pair(once) {
    connect();
    end.submit(1, {"ECHO", "one"});
    end.submit(2, {"ECHO", "two"});
    end.write();
    end.submit(3, {"ECHO", "three"});
    end.submit(4, {"ECHO", "four"});
    end.begin_write();
    end.end_write(request({"ECHO", "three"}).size() - 1);
  }
};

TEST_CASE("garbage ends the client; what it may have run fails as a protocol error") {
  Busy pair;
  pair.end.receive("+one\r\nHTTP/1.1 400 Bad Request\r\n");

  CHECK(pair.end.take_events() == Lines{"1: simple \"one\"", "closed: protocol_error",
                                        "2: protocol_error (maybe)", "3: lost_unsent (no)",
                                        "4: lost_unsent (no)"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
}

TEST_CASE("a protocol error says where and what was expected") {
  Pair pair(once);
  pair.connect();
  const std::uint64_t before = pair.end.client().statistics().counters.bytes_read;
  pair.end.submit(1, {"PING"});
  pair.end.write();
  pair.end.receive("$3\r\nabcde");

  CHECK(pair.end.take_events() == Lines{"closed: protocol_error", "1: protocol_error (maybe)"});
  CHECK(pair.end.last_error().offset == before + 7);
  CHECK(pair.end.last_error().expected == std::string("CR LF"));
}

TEST_CASE("a reply that nobody asked for ends the client, which tells what it was") {
  Pair pair(once);
  pair.connect();
  pair.end.receive("-ERR you have been idle for too long\r\n");

  CHECK(pair.end.take_events() ==
        Lines{"closed: protocol_error error \"ERR you have been idle for too long\""});
}

TEST_CASE("a reply that nobody asked for may be larger than any reply may be") {
  Pair pair({.reconnect_attempts_max = 0, .reply_bytes_max = 4096});
  pair.connect();
  pair.end.receive(bulk_reply(std::string(5000, 'x')));

  CHECK(pair.end.take_events() == Lines{"closed: protocol_error"});
}

TEST_CASE("a reply too many ends the client, also when a request is staged but not sent") {
  Pair pair(once);
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.receive("+one\r\n+more\r\n");

  CHECK(pair.end.take_events() == Lines{"1: simple \"one\"",
                                        "closed: protocol_error simple \"more\"",
                                        "2: lost_unsent (no)"});
}

TEST_CASE("a length that no server would announce is an error and not an allocation") {
  for (const char* reply : {"$99999999999\r\n", "*9999999999\r\n", "%99999999999999999999\r\n",
                            "$-2\r\n", "*1\r\n$536870913\r\n"}) {
    INFO(reply);
    Pair pair(once);
    pair.connect();
    pair.end.submit(1, {"PING"});
    pair.end.write();
    pair.end.receive(reply);
    CHECK(pair.end.take_events() == Lines{"closed: protocol_error", "1: protocol_error (maybe)"});
  }
}

TEST_CASE("half a reply and then silence costs the request its deadline, and no other request") {
  Pair pair(once);
  pair.connect();
  pair.end.submit(1, {"ECHO", "stuck"}, 100ms);
  pair.end.write();
  const std::string reply = bulk_reply("stuck");
  pair.end.receive(reply.substr(0, 6));
  pair.end.advance(100ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.submit(2, {"ECHO", "next"});
  pair.end.write();
  pair.end.receive(reply.substr(6) + bulk_reply("next"));

  CHECK(pair.end.take_events() == Lines{"2: \"next\""});
}

TEST_CASE("a connection that ends at any byte of the replies ends every request with one outcome") {
  const std::string replies = "+one\r\n>1\r\n+push\r\n*2\r\n:1\r\n:2\r\n";
  const std::size_t one_ends = 6;
  for (std::size_t cut = 0; cut < replies.size(); ++cut) {
    INFO("cut at " << cut);
    Busy pair;
    pair.end.receive(replies.substr(0, cut));
    pair.end.break_off();

    Lines expected;
    if (cut >= one_ends) expected.push_back("1: simple \"one\"");
    if (cut >= one_ends + 11) expected.push_back("push [simple \"push\"]");
    expected.push_back("closed: connection_lost");
    if (cut < one_ends) expected.push_back("1: lost_in_doubt (maybe)");
    expected.insert(expected.end(),
                    {"2: lost_in_doubt (maybe)", "3: lost_unsent (no)", "4: lost_unsent (no)"});
    CHECK(pair.end.take_events() == expected);
    CHECK(pair.end.last_error().what == std::string("connection reset"));
  }
}

TEST_CASE("a connection that ends at any byte of the requests never runs what is called unsent") {
  const std::string one = request({"ECHO", "one"});
  const std::string both = one + request({"ECHO", "two"});
  for (std::size_t cut = 0; cut <= both.size(); ++cut) {
    INFO("cut at " << cut);
    Pair pair(once);
    pair.connect();
    pair.end.submit(1, {"ECHO", "one"});
    pair.end.submit(2, {"ECHO", "two"});
    CHECK(pair.end.begin_write() == both);
    pair.end.end_write(cut);
    pair.end.break_off();

    CHECK(pair.end.take_events() ==
          Lines{"closed: connection_lost",
                cut >= one.size() ? "1: lost_in_doubt (maybe)" : "1: lost_unsent (no)",
                cut == both.size() ? "2: lost_in_doubt (maybe)" : "2: lost_unsent (no)"});
  }
}

TEST_CASE("what the transport has in hand when the connection ends may have run") {
  Pair pair(once);
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  const std::string given = pair.end.begin_write();
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.break_off();
  CHECK(pair.end.take_events() ==
        Lines{"closed: connection_lost", "1: lost_in_doubt (maybe)", "2: lost_unsent (no)"});
  pair.end.end_write(given.size());
  CHECK(pair.end.segments_in_use() == 0);
}

TEST_CASE("the end of a write may be told when the client has ended the connection meanwhile") {
  for (const bool polled : {false, true}) {
    Pair pair(once);
    pair.connect();
    pair.end.submit(1, {"ECHO", "one"});
    const std::string given = pair.end.begin_write();
    const std::size_t while_written = pair.end.bytes_in_use();
    if (polled) {
      pair.end.receive("garbage\r\n");
      CHECK(pair.end.actions() == Lines{"open", "close"});
    } else {
      pair.end.client().abort();
      while (pair.end.client().poll_event()) {
      }
      // The transport has not been told to close: what it sends is still there.
      CHECK(pair.end.bytes_in_use() > while_written - chunk_bytes);
    }
    pair.end.client().handle_written(first_connection, given.size());
    CHECK(pair.end.bytes_in_use() <= while_written - chunk_bytes);
  }
}

TEST_CASE("requests that had timed out are not told again that they are lost") {
  Pair pair(once);
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 10ms);
  pair.end.submit(2, {"ECHO", "two"}, 1s);
  pair.end.write();
  pair.end.advance(10ms);
  pair.end.break_off();
  CHECK(pair.end.take_events() ==
        Lines{"1: timed_out (maybe)", "closed: connection_lost", "2: lost_in_doubt (maybe)"});
}

TEST_CASE("a client that has ended refuses requests and says why, and nothing else happens") {
  Pair pair(once);
  pair.connect();
  pair.end.break_off();
  CHECK(pair.end.take_events() == Lines{"closed: connection_lost"});
  pair.end.submit(1, {"PING"});
  CHECK(pair.end.take_events() == Lines{"1: refused with closed (no)"});
  pair.end.close();
  pair.end.abort();
  pair.end.advance(10s);
  CHECK(pair.end.take_events().empty());
  CHECK(pair.end.actions() == Lines{"open"});
}

TEST_CASE("a connection that the client gave up is closed, whatever comes before the driver asks") {
  ClientEnd end;
  end.connect();
  end.open();
  Client& client = end.client();
  const std::string refusal = "-LOADING Valkey is loading the dataset in memory\r\n";
  const std::span<char> room = client.read_space(first_connection);
  refusal.copy(room.data(), refusal.size());
  client.handle_read(first_connection, refusal.size(), end.now());
  CHECK_FALSE(client.poll_event());
  client.abort();

  const std::optional<Action> action = client.poll_action();
  REQUIRE(action);
  CHECK(action->kind == Action::Kind::close);
  CHECK_FALSE(client.poll_action());
}

TEST_CASE("a connection that the driver was not asked for yet is not closed either") {
  ClientEnd end;
  Client& client = end.client();
  client.connect(end.now());
  client.abort();
  CHECK_FALSE(client.poll_action());
}

}  // namespace
}  // namespace plimsoll::failure_test
