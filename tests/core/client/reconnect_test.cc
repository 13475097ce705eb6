#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// A connection that was ready and is lost: what becomes of the requests, and of the client.

namespace plimsoll::reconnect_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::ClientEnd;
using testing::handshake_replies;
using testing::Lines;
using testing::Pair;
using testing::request;
using testing::Words;

CommandView read_of(const std::vector<std::string_view>& words) {
  CommandView command;
  command.args = words;
  command.effect = CommandView::Effect::read;
  return command;
}

TEST_CASE("what was sent is in doubt, the rest waits for the next connection") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.break_off();
  pair.end.submit(3, {"ECHO", "three"});
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_lost", "1: lost_in_doubt (maybe)"});
  CHECK(pair.end.last_error().what == std::string("connection reset"));
  pair.reconnect();

  CHECK(pair.end.take_events() == Lines{"ready", "2: \"two\"", "3: \"three\""});
  CHECK(pair.end.actions() == Lines{"open", "open"});
}

TEST_CASE("a request of which a part was sent is sent anew, from its first byte") {
  const std::string one = request({"ECHO", "one"});
  const std::string two = request({"ECHO", "two"});
  for (std::size_t cut = 0; cut <= (one + two).size(); ++cut) {
    INFO("cut at " << cut);
    Pair pair;
    pair.connect();
    pair.end.submit(1, {"ECHO", "one"});
    pair.end.submit(2, {"ECHO", "two"});
    pair.end.begin_write();
    pair.end.end_write(cut);
    pair.end.break_off();
    pair.end.take_events();
    pair.end.wait_for_open();
    pair.end.open();
    pair.end.write();
    pair.end.receive(handshake_replies);

    const std::size_t whole = cut >= (one + two).size() ? 2 : cut >= one.size() ? 1 : 0;
    CHECK(pair.end.write() == (one + two).substr(whole == 0 ? 0 : whole == 1 ? one.size() : cut));
    CHECK(pair.end.pending_count() == 2 - whole);
  }
}

// The client has given ten bytes of what it has to send.
void write_ten(ClientEnd& end) {
  end.begin_write();
  end.end_write(10);
}

void check_that_only_the_first_was_refused(Pair& pair) {
  CHECK(pair.end.take_events() == Lines{"1: error \"ERR Protocol error: invalid bulk length\"",
                                        "disconnected: connection_lost"});
  pair.reconnect();
  CHECK(pair.end.take_events() == Lines{"ready", "2: \"two\""});
}

TEST_CASE("a refusal that comes before all of a request was sent is that request's") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"SET", "key", "value"});
  pair.end.submit(2, {"ECHO", "two"});
  write_ten(pair.end);
  pair.end.receive("-ERR Protocol error: invalid bulk length\r\n");
  check_that_only_the_first_was_refused(pair);
}

TEST_CASE("so is one that comes behind the answer to the request's first command") {
  Pair pair;
  pair.connect();
  const std::string text =
      request({"MULTI"}) + request({"SET", "key", "value"}) + request({"EXEC"});
  CommandView transaction = CommandView::from_encoded(text);
  transaction.answers = 3;
  pair.end.submit_command(1, transaction, 0s);
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.begin_write();
  pair.end.end_write(25);
  pair.end.receive("+OK\r\n-ERR Protocol error: invalid bulk length\r\n");
  check_that_only_the_first_was_refused(pair);
}

TEST_CASE("a client that is being closed is closed once its last request was refused so") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"SET", "key", "value"});
  pair.end.close();
  write_ten(pair.end);
  pair.end.receive("-ERR Protocol error: invalid bulk length\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"1: error \"ERR Protocol error: invalid bulk length\"", "closed: closed"});
}

TEST_CASE("a request during which half_given_losses_max connections were lost is not sent again") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"SET", "key", "value"});
  pair.end.submit(2, {"ECHO", "two"});
  for (int i = 1; i < half_given_losses_max; ++i) {
    write_ten(pair.end);
    pair.end.break_off();
    CHECK(pair.end.take_events() == Lines{"disconnected: connection_lost"});
    pair.end.wait_for_open();
    pair.end.open();
    pair.end.write();
    pair.end.receive(handshake_replies);
    CHECK(pair.end.take_events() == Lines{"ready"});
  }
  write_ten(pair.end);
  pair.end.break_off();
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_lost", "1: connection_lost (no)"});
  pair.reconnect();
  CHECK(pair.end.take_events() == Lines{"ready", "2: \"two\""});
}

TEST_CASE("a request that waits for a connection ends at its deadline, and cannot have run") {
  Pair pair;
  pair.connect();
  pair.end.break_off();
  pair.end.submit(1, {"ECHO", "one"}, 30ms);
  pair.end.submit(2, {"ECHO", "two"}, 0s);
  pair.end.take_events();
  pair.end.advance(30ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (no)"});
  if (pair.end.link() == ClientEnd::Link::none) pair.end.wait_for_open();
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"ready", "2: \"two\""});
  CHECK(pair.end.segments_in_use() == 0);
}

TEST_CASE("a request may be cancelled while there is no connection") {
  Pair pair;
  pair.connect();
  pair.end.break_off();
  const auto id = pair.end.submit(1, {"ECHO", "one"});
  pair.end.cancel(*id);
  CHECK(pair.end.take_events() == Lines{"disconnected: connection_lost", "1: cancelled (no)"});
  CHECK(pair.end.segments_in_use() == 0);
}

TEST_CASE("tombstones end with their connection") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 10ms);
  pair.end.write();
  pair.end.advance(10ms);
  CHECK(pair.end.client().statistics().in_flight == 1);
  pair.end.break_off();
  CHECK(pair.end.client().statistics().in_flight == 0);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)", "disconnected: connection_lost"});
}

TEST_CASE("attempts go on until the server is back, and its replies are in step") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "before"});
  pair.end.write();
  pair.end.receive("$6\r\nbef");  // half a reply of the old connection
  pair.end.break_off();
  pair.end.submit(2, {"ECHO", "after"}, 0s);
  for (int attempt = 0; attempt < 50; ++attempt) {
    pair.end.wait_for_open();
    pair.end.refuse();
  }
  pair.end.take_events();
  pair.reconnect();

  CHECK(pair.end.take_events() == Lines{"ready", "2: \"after\""});
  const SessionCounters counters = pair.end.client().statistics().counters;
  CHECK(counters.connections == 2);
  CHECK(counters.connections_lost == 1);
  CHECK(counters.attempts_failed == 50);
}

TEST_CASE("a first connection is tried for until its time is up, whatever waits are drawn") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO(seed);
    ClientEnd end({.connect_timeout = 2s, .random_seed = seed});
    const Instant deadline = end.now() + 2s;
    end.connect();
    int attempts = 0;
    while (end.state() != Session::State::closed) {
      if (end.link() != ClientEnd::Link::opening) end.wait_for_open();
      ++attempts;
      end.refuse();
    }
    CHECK(end.now() < deadline);
    CHECK(end.now() > deadline - 10ms);
    CHECK(attempts < 30);
  }
}

TEST_CASE("a last attempt that is not done in time does not hide what the one before it met") {
  Pair pair({.connect_timeout = 2s});
  pair.peer.set_script([](const Words&) { return "-LOADING the dataset\r\n"; });
  pair.end.connect();
  while (pair.end.now() < Instant{} + 1900ms) {
    if (pair.end.link() != ClientEnd::Link::opening) pair.end.wait_for_open();
    pair.drive();
  }
  if (pair.end.link() != ClientEnd::Link::opening) pair.end.wait_for_open();
  pair.end.advance(2s);
  CHECK(pair.end.take_events() == Lines{"closed: server_loading"});
}

TEST_CASE("if even the shortest wait is longer than the time, there is one attempt") {
  ClientEnd end({.connect_timeout = 2s, .reconnect_wait_min = 3s});
  end.connect();
  end.refuse();
  CHECK(end.state() == Session::State::closed);
}

TEST_CASE("the waits between attempts stay under reconnect_wait_max") {
  Pair pair({.reconnect_wait_max = 100ms});
  pair.connect();
  pair.end.break_off();
  for (int attempt = 0; attempt < 30; ++attempt) {
    const Instant before = pair.end.now();
    pair.end.wait_for_open();
    CHECK(pair.end.now() - before <= 100ms);
    pair.end.refuse();
  }
}

TEST_CASE("attempts end at reconnect_attempts_max: those who waited were not sent") {
  Pair pair({.reconnect_attempts_max = 3});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 0s);
  pair.end.break_off();
  CHECK(pair.end.take_events() == Lines{"disconnected: connection_lost"});
  for (int attempt = 0; attempt < 3; ++attempt) {
    pair.end.wait_for_open();
    pair.end.refuse();
  }
  CHECK(pair.end.take_events() == Lines{"closed: connect_failed", "1: lost_unsent (no)"});
  CHECK(pair.end.poll_timeout() == never);
}

TEST_CASE("an attempt that hangs is given up at connect_timeout, and another is made") {
  Pair pair({.connect_timeout = 300ms});
  pair.connect();
  pair.end.break_off();
  for (const bool accepted : {false, true}) {
    pair.end.wait_for_open();
    if (accepted) pair.end.open();
    pair.end.advance(299ms);
    CHECK(pair.end.link() != ClientEnd::Link::none);
    pair.end.advance(1ms);
    CHECK(pair.end.link() == ClientEnd::Link::none);
    CHECK(pair.end.client().statistics().last_problem.code == ErrorCode::connect_failed);
  }
  pair.end.take_events();
  pair.reconnect();
  CHECK(pair.end.take_events() == Lines{"ready"});
}

TEST_CASE("a server that drops every connection is asked less and less often") {
  Pair pair;
  pair.connect();
  Duration spent{};
  for (int i = 0; i < 20; ++i) {
    pair.end.break_off();
    const Instant before = pair.end.now();
    pair.reconnect();
    spent += pair.end.now() - before;
  }
  CHECK(spent > 10s);

  // One that lasted is replaced soon.
  pair.end.advance(1min);
  pair.drive();
  pair.end.break_off();
  const Instant before = pair.end.now();
  pair.end.wait_for_open();
  CHECK(pair.end.now() - before <= 10ms);
}

TEST_CASE("a refusal that will not heal ends a client that was ready before") {
  for (const bool heals : {true, false}) {
    Pair pair({.password = "changed since"});
    pair.connect();
    pair.end.break_off();
    pair.end.submit(1, {"ECHO", "one"}, 0s);
    pair.end.take_events();
    pair.peer.set_script([&](const Words& words) -> std::string {
      if (words[0] != "HELLO") return testing::Peer::default_reply(words);
      return heals ? "-LOADING Valkey is loading\r\n" : "-WRONGPASS invalid password\r\n";
    });
    pair.reconnect();
    if (heals) {
      CHECK(pair.end.take_events().empty());
      CHECK(pair.end.client().statistics().last_problem.code == ErrorCode::server_loading);
      pair.peer.set_script(testing::Peer::default_reply);
      pair.reconnect();
      CHECK(pair.end.take_events() == Lines{"ready", "1: \"one\""});
    } else {
      CHECK(pair.end.take_events() ==
            Lines{"closed: authentication_failed error \"WRONGPASS invalid password\"",
                  "1: lost_unsent (no)"});
    }
  }
}

TEST_CASE("what a server says that was ours before, and we do not understand, is tried again") {
  for (const char* odd : {"-ERR upstream is not there\r\n", "HTTP/1.1 502 Bad Gateway\r\n"}) {
    Pair pair;
    pair.connect();
    pair.end.break_off();
    pair.end.take_events();
    pair.end.wait_for_open();
    pair.end.open();
    pair.end.receive(odd);
    CHECK(pair.end.take_events().empty());
    pair.reconnect();
    CHECK(pair.end.take_events() == Lines{"ready"});
  }
}

TEST_CASE("after garbage the connection is replaced; what may have run is a protocol error") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.receive("HTTP/1.1 400 Bad Request\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: protocol_error", "1: protocol_error (maybe)"});
  CHECK(pair.end.actions() == Lines{"open", "close"});
  pair.reconnect();
  CHECK(pair.end.take_events() == Lines{"ready", "2: \"two\""});
}

TEST_CASE("a server that says why it closes is heard") {
  Pair pair;
  pair.connect();
  pair.end.receive("-ERR you have been idle for too long\r\n");
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: protocol_error error \"ERR you have been idle for too long\""});
}

TEST_CASE("a client that is closed or aborted while it reconnects is over at once") {
  for (const bool orderly : {true, false}) {
    for (const int stage : {0, 1, 2}) {
      INFO("stage " << stage);
      Pair pair;
      pair.connect();
      pair.end.break_off();
      pair.end.submit(1, {"ECHO", "one"}, 0s);
      if (stage >= 1) pair.end.wait_for_open();
      if (stage == 2) pair.end.open();
      pair.end.take_events();
      orderly ? pair.end.close() : pair.end.abort();

      CHECK(pair.end.take_events() == Lines{"closed: closed", "1: lost_unsent (no)"});
      CHECK(pair.end.link() == ClientEnd::Link::none);
      CHECK(pair.end.poll_timeout() == never);
    }
  }
}

TEST_CASE("reads are sent again by option, as often as it says; writes never") {
  Pair pair({.request_timeout = 0s, .read_resends_max = 1});
  pair.connect();
  Client& client = pair.end.client();
  const std::vector<std::string_view> words{"ECHO", "read"};
  pair.end.submit(1, {"ECHO", "write"}, 0s);
  pair.end.submit_command(2, read_of(words), 0s);
  pair.end.write();
  pair.end.break_off();
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_lost", "1: lost_in_doubt (maybe)"});
  pair.reconnect();
  CHECK(pair.end.take_events() == Lines{"ready", "2: \"read\""});
  CHECK(client.statistics().counters.requests_resent == 1);
  CHECK(pair.end.segments_in_use() == 0);

  pair.end.submit_command(3, read_of(words), 0s);
  pair.end.write();
  pair.end.break_off();
  pair.end.wait_for_open();
  pair.end.open();
  pair.end.write();
  pair.end.receive(handshake_replies);
  pair.end.write();
  pair.end.take_events();
  pair.end.break_off();
  CHECK(pair.end.take_events() ==
        Lines{"disconnected: connection_lost", "3: lost_in_doubt (maybe)"});
}

TEST_CASE("a read that was sent before and waits to be sent again may have run") {
  Pair pair({.read_resends_max = 1});
  pair.connect();
  const std::vector<std::string_view> words{"ECHO", "read"};
  pair.end.submit_command(1, read_of(words), 20ms);
  pair.end.submit_command(2, read_of(words), 0s);
  pair.end.write();
  pair.end.break_off();
  pair.end.take_events();
  pair.end.advance(20ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.abort();
  CHECK(pair.end.take_events() == Lines{"closed: closed", "2: lost_in_doubt (maybe)"});
}

TEST_CASE("a read that was sent before and is refused when it is sent again may have run") {
  Pair pair({.request_timeout = 0s, .read_resends_max = 1});
  pair.connect();
  const std::vector<std::string_view> words{"ECHO", "read"};
  pair.end.submit_command(1, read_of(words), 0s);
  pair.end.write();
  pair.end.break_off();
  pair.end.submit_command(2, read_of(words), 0s);
  pair.end.wait_for_open();
  pair.end.open();
  pair.end.write();
  pair.end.receive(handshake_replies);
  pair.end.write();
  pair.end.take_events();
  pair.end.receive("-NOREPLICAS Not enough good replicas to write.\r\n");
  CHECK(pair.end.take_events().size() == 1);
  CHECK(pair.end.last_error().executed == Executed::maybe);
  pair.end.receive("-NOREPLICAS Not enough good replicas to write.\r\n");
  CHECK(pair.end.take_events().size() == 1);
  CHECK(pair.end.last_error().executed == Executed::no);
}

TEST_CASE("what has gathered does not fall on a server that is back all at once") {
  Pair pair({.inflight_requests_limit = 1000, .request_timeout = 0s});
  pair.connect();
  pair.end.break_off();
  for (Tag tag = 1; tag <= 1000; ++tag) pair.end.submit(tag, {"ECHO", "x"}, 0s);
  pair.end.wait_for_open();
  pair.end.open();
  pair.end.write();
  pair.end.receive(handshake_replies);
  pair.end.take_events();

  const std::size_t one = request({"ECHO", "x"}).size();
  CHECK(pair.end.write().size() == reconnect_window_min * one);
  CHECK(pair.end.write().empty());
  pair.end.receive(bulk_reply("x"));
  CHECK(pair.end.write().size() == 2 * one);
  std::size_t owed = reconnect_window_min + 1;
  for (int round = 0; round < 10 && owed > 0; ++round) {
    std::string replies;
    for (std::size_t i = 0; i < owed; ++i) replies += bulk_reply("x");
    pair.end.receive(replies);
    const std::size_t sent = pair.end.write().size() / one;
    CHECK(sent <= 2 * owed);
    owed = sent;
  }
  CHECK(pair.end.pending_count() == 0);
}

}  // namespace
}  // namespace plimsoll::reconnect_test
