#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// Requests of several commands, as MULTI..EXEC: one outcome, which is the last answer; errors among
// the answers before it are told besides. Whatever goes wrong, the replies behind keep their
// places.

namespace plimsoll::transaction_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::Pair;
using testing::request;

const std::string bytes =
    request({"MULTI"}) + request({"INCR", "a"}) + request({"GET", "b"}) + request({"EXEC"});

CommandView transaction() {
  CommandView command = CommandView::from_encoded(bytes);
  command.answers = 4;
  return command;
}

struct Conversation : Pair {
  Conversation() {
    peer.set_script([](const testing::Words& words) {
      const bool known = words[0] == "HELLO" || words[0] == "CLIENT" || words[0] == "PING";
      return known ? testing::Peer::default_reply(words) : "";
    });
    connect();
    end.submit(1, {"ECHO", "before"}, 0s);
    id = end.submit_command(2, transaction(), 1s);
    end.submit(3, {"ECHO", "behind"}, 0s);
  }
  std::optional<RequestId> id;
};

TEST_CASE("a transaction is sent whole, in its place, and ends with the last of its answers") {
  Conversation pair;
  CHECK(pair.end.write() == request({"ECHO", "before"}) + bytes + request({"ECHO", "behind"}));
  pair.end.receive_in_pieces(
      "+before\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$-1\r\n+behind\r\n", 3);
  CHECK(pair.end.take_events() ==
        Lines{"1: simple \"before\"", "2: [1, null]", "3: simple \"behind\""});
}

TEST_CASE("an error among the answers is told, and then the outcome") {
  Conversation pair;
  pair.end.write();
  pair.end.receive(
      "+before\r\n+OK\r\n-ERR wrong number\r\n+QUEUED\r\n-EXECABORT discarded\r\n+behind\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"1: simple \"before\"", "2 queueing: error \"ERR wrong number\"",
              "2: error \"EXECABORT discarded\"", "3: simple \"behind\""});
  CHECK(pair.end.last_error().code == ErrorCode::transaction_aborted);
  CHECK(pair.end.last_error().executed == Executed::no);
}

TEST_CASE("where MULTI is refused, the commands may have run, whatever is said to EXEC") {
  Conversation pair;
  pair.end.write();
  SECTION("EXEC does without it") {
    pair.end.receive(
        "+before\r\n-NOPERM no multi\r\n:1\r\n$1\r\nv\r\n"
        "-ERR EXEC without MULTI\r\n+behind\r\n");
  }
  SECTION("EXEC is refused as well, which ends a transaction that there is not") {
    pair.end.receive(
        "+before\r\n-NOPERM no multi\r\n:1\r\n$1\r\nv\r\n"
        "-EXECABORT Transaction discarded because of: NOPERM no exec\r\n+behind\r\n");
  }
  pair.end.take_events();
  CHECK(pair.end.last_error().code == ErrorCode::server_error);
  CHECK(pair.end.last_error().executed == Executed::maybe);
}

TEST_CASE("what is known of MULTI is forgotten with the connection") {
  Conversation pair;
  pair.end.begin_write();
  pair.end.end_write((request({"ECHO", "before"}) + request({"MULTI"})).size() + 5);
  pair.end.receive("+before\r\n+OK\r\n");
  pair.end.break_off();
  pair.end.wait_for_open();
  pair.end.open();
  pair.end.write();
  pair.end.receive(testing::handshake_replies);
  pair.end.take_events();
  pair.end.write();
  pair.end.receive("-NOPERM no multi\r\n:1\r\n$1\r\nv\r\n-EXECABORT no exec\r\n");
  pair.end.take_events();
  CHECK(pair.end.last_error().executed == Executed::maybe);
}

TEST_CASE("one that timed out takes all of its answers, and no more") {
  Conversation pair;
  pair.end.write();
  pair.end.receive("+before\r\n+OK\r\n+QUEUED\r\n");
  pair.end.advance(1s);
  CHECK(pair.end.take_events() == Lines{"1: simple \"before\"", "2: timed_out (maybe)"});
  pair.end.receive("+QUEUED\r\n*2\r\n:1\r\n$-1\r\n+behind\r\n");
  CHECK(pair.end.take_events() == Lines{"3: simple \"behind\""});
}

TEST_CASE("its first commands may be answered before the last ones are sent") {
  Conversation pair;
  const std::string all = pair.end.begin_write();
  const std::string first = request({"ECHO", "before"}) + request({"MULTI"});
  pair.end.end_write(first.size() + 5);
  pair.end.receive("+before\r\n+OK\r\n");
  CHECK(pair.end.take_events() == Lines{"1: simple \"before\""});
  SECTION("and goes on where it was") {
    CHECK(pair.end.write() == all.substr(first.size() + 5));
    pair.end.receive("+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$-1\r\n+behind\r\n");
    CHECK(pair.end.take_events() == Lines{"2: [1, null]", "3: simple \"behind\""});
  }
  SECTION("or is given up, and takes its answers all the same") {
    pair.end.cancel(*pair.id);
    CHECK(pair.end.take_events() == Lines{"2: cancelled (maybe)"});
    CHECK(pair.end.write() == all.substr(first.size() + 5));
    pair.end.receive("+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$-1\r\n+behind\r\n");
    CHECK(pair.end.take_events() == Lines{"3: simple \"behind\""});
  }
  SECTION("or is lost, and then all of it is sent and answered anew") {
    pair.end.break_off();
    pair.end.wait_for_open();
    pair.end.open();
    pair.end.write();
    pair.end.receive(testing::handshake_replies);
    pair.end.take_events();
    CHECK(pair.end.write() == bytes + request({"ECHO", "behind"}));
    pair.end.receive("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n$-1\r\n+behind\r\n");
    CHECK(pair.end.take_events() == Lines{"2: [1, null]", "3: simple \"behind\""});
  }
}

TEST_CASE("one that was not sent is withdrawn whole") {
  Conversation pair;
  pair.end.cancel(*pair.id);
  CHECK(pair.end.take_events() == Lines{"2: cancelled (no)"});
  CHECK(pair.end.write() == request({"ECHO", "before"}) + request({"ECHO", "behind"}));
}

TEST_CASE("wholly written and then lost it is in doubt; cut short it is sent again, whole") {
  Conversation pair;
  const std::string all = pair.end.begin_write();
  const std::size_t before = request({"ECHO", "before"}).size();
  bool whole = false;
  SECTION("whole") { whole = true; }
  SECTION("all but its last byte") {}
  pair.end.end_write(before + bytes.size() - (whole ? 0 : 1));
  pair.end.break_off();
  Lines expected{"disconnected: connection_lost", "1: lost_in_doubt (maybe)"};
  if (whole) expected.push_back("2: lost_in_doubt (maybe)");
  CHECK(pair.end.take_events() == expected);
  pair.reconnect();
  pair.end.take_events();
  const auto& requests = pair.peer.requests();
  CHECK(requests.back() == testing::Words{"ECHO", "behind"});
  CHECK((requests[requests.size() - 2] == testing::Words{"EXEC"}) == !whole);
}

TEST_CASE("a server that does not know EXEC leaves nobody in the middle of a transaction") {
  Conversation pair;
  pair.end.write();
  pair.end.receive(
      "+before\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n-ERR unknown command 'EXEC', with a\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"1: simple \"before\"", "2: error \"ERR unknown command 'EXEC', with a\"",
              "disconnected: connection_lost", "3: lost_in_doubt (maybe)"});
}

TEST_CASE("MOVED tells that this is a cluster, and that nothing has run") {
  Conversation pair;
  pair.end.write();
  pair.end.receive("-MOVED 12182 127.0.0.1:7202\r\n");
  CHECK(pair.end.last_error().code == ErrorCode::cluster_redirect);
  CHECK(pair.end.last_error().executed == Executed::no);
  pair.end.receive("+OK\r\n-ASK 1 :7200\r\n+QUEUED\r\n-EXECABORT discarded\r\n+behind\r\n");
  CHECK(pair.end.take_events().back() == "3: simple \"behind\"");
}

}  // namespace
}  // namespace plimsoll::transaction_test
