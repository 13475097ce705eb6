#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/pair.h"

// Requests and their replies on a connection that works.

namespace plimsoll::conversation_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Lines;
using testing::Pair;
using testing::request;
using testing::Words;

TEST_CASE("each request gets its own reply") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.submit(2, {"PING"});
  pair.end.submit(3, {"ECHO", ""});
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"1: \"one\"", "2: simple \"PONG\"", "3: \"\""});
}

TEST_CASE("all requests that are staged leave in one write") {
  Pair pair;
  pair.connect();
  std::string expected;
  for (Tag tag = 1; tag <= 500; ++tag) {
    const Words words{"ECHO", std::to_string(tag)};
    pair.end.submit(tag, words);
    expected += request(words);
  }

  CHECK(pair.end.begin_write() == expected);
}

TEST_CASE("an error from the server is the outcome of its request alone") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"NONSENSE"});
  pair.end.submit(2, {"PING"});
  pair.drive();

  CHECK(pair.end.take_events() ==
        Lines{"1: error \"ERR unknown command 'NONSENSE'\"", "2: simple \"PONG\""});
}

TEST_CASE("replies of every kind reach their requests") {
  Pair pair;
  pair.connect();
  for (Tag tag = 1; tag <= 6; ++tag) pair.end.submit(tag, {"GET", "ship"});
  pair.end.write();
  pair.end.receive("_\r\n:7\r\n*2\r\n+a\r\n*0\r\n%1\r\n+k\r\n+v\r\n~1\r\n:1\r\n!3\r\nERR\r\n");

  CHECK(pair.end.take_events() == Lines{"1: null", "2: 7", "3: [simple \"a\", []]",
                                        "4: {simple \"k\": simple \"v\"}", "5: set [1]",
                                        "6: bulk error \"ERR\""});
}

TEST_CASE("pushes between replies are told apart from them, in the order of the wire") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"GET", "a"});
  pair.end.submit(2, {"GET", "b"});
  pair.end.write();
  const std::string push = ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n";
  pair.end.receive(push + "+one\r\n" + push + push + "+two\r\n" + push);

  const std::string pushed = "push [simple \"invalidate\", [\"a\"]]";
  CHECK(pair.end.take_events() ==
        Lines{pushed, "1: simple \"one\"", pushed, pushed, "2: simple \"two\"", pushed});
  CHECK(pair.end.client().statistics().counters.pushed == 4);
}

TEST_CASE("a conversation is the same in pieces of any size") {
  const std::string replies = "$4\r\nship\r\n>1\r\n+push\r\n*2\r\n:1\r\n_\r\n-ERR no\r\n";
  for (std::size_t piece = 1; piece <= replies.size(); ++piece) {
    Pair pair;
    pair.connect();
    for (Tag tag = 1; tag <= 3; ++tag) pair.end.submit(tag, {"GET", "ship"});
    pair.end.write();
    pair.end.receive_in_pieces(replies, piece);

    CHECK(pair.end.take_events() ==
          Lines{"1: \"ship\"", "push [simple \"push\"]", "2: [1, null]", "3: error \"ERR no\""});
  }
}

TEST_CASE("a reply may come before the transport says that it sent the request") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  const std::string written = pair.end.begin_write();
  pair.end.receive("+one\r\n");
  CHECK(pair.end.take_events() == Lines{"1: simple \"one\""});
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.end_write(written.size());

  CHECK(pair.end.write() == request({"ECHO", "two"}));
  pair.end.receive("+two\r\n");
  CHECK(pair.end.take_events() == Lines{"2: simple \"two\""});
}

TEST_CASE("an argument of megabytes comes through a transport that takes a little at a time") {
  Pair pair;
  pair.connect();
  const std::string large(3 * 1024 * 1024 + 1, 'x');
  pair.end.submit(1, {"ECHO", large}, 0s);
  pair.end.submit(2, {"PING"}, 0s);
  std::string written;
  for (std::string given = pair.end.begin_write(); !given.empty(); given = pair.end.begin_write()) {
    const std::size_t taken = std::min<std::size_t>(given.size(), 100'001);
    written += given.substr(0, taken);
    pair.end.end_write(taken);
  }

  CHECK(written == request({"ECHO", large}) + request({"PING"}));
}

TEST_CASE("a reply of megabytes comes whole") {
  Pair pair;
  pair.connect();
  const std::string large(3 * 1024 * 1024 + 1, 'x');
  pair.end.submit(1, {"ECHO", large}, 0s);
  pair.end.submit(2, {"PING"}, 0s);
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"1: \"" + large + "\"", "2: simple \"PONG\""});
}

TEST_CASE("a request that timed out gets no other outcome, and its reply is passed over") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "slow"}, 20ms);
  pair.end.submit(2, {"ECHO", "patient"}, 1s);
  pair.end.write();
  CHECK(pair.end.poll_timeout() == pair.end.now() + 20ms);
  pair.end.advance(19ms);
  CHECK(pair.end.take_events().empty());
  pair.end.advance(1ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  pair.end.receive(bulk_reply("slow") + bulk_reply("patient"));

  CHECK(pair.end.take_events() == Lines{"2: \"patient\""});
  CHECK(pair.end.client().statistics().in_flight == 0);
}

TEST_CASE("request_timeout holds for requests that bring none, zero is for ever") {
  Pair pair({.request_timeout = 50ms});
  pair.connect();
  const std::string_view words[] = {"PING"};
  CommandView ping;
  ping.args = words;
  const auto submitted = pair.end.client().submit(ping, pair.end.now(), Tag{1});
  REQUIRE(submitted.ok());
  CHECK(pair.end.poll_timeout() == pair.end.now() + 50ms);
  pair.end.client().cancel(*submitted, pair.end.now());

  Pair patient({.request_timeout = 0ms});
  patient.connect();
  REQUIRE(patient.end.client().submit(ping, patient.end.now(), Tag{1}).ok());
  CHECK(patient.end.poll_timeout() == never);
}

TEST_CASE("a request can be cancelled until it has its reply") {
  Pair pair;
  pair.connect();
  const auto sent = pair.end.submit(1, {"ECHO", "sent"});
  pair.end.write();
  const auto staged = pair.end.submit(2, {"ECHO", "staged"});
  pair.end.submit(3, {"ECHO", "wanted"});
  pair.end.cancel(*sent);
  pair.end.cancel(*staged);
  CHECK(pair.end.take_events() == Lines{"1: cancelled (maybe)", "2: cancelled (no)"});

  CHECK(pair.end.write() == request({"ECHO", "wanted"}));
  pair.end.receive(bulk_reply("sent") + bulk_reply("wanted"));
  CHECK(pair.end.take_events() == Lines{"3: \"wanted\""});
  pair.end.cancel(*sent);
  CHECK(pair.end.take_events().empty());
}

TEST_CASE("more requests than inflight_requests_limit are refused, and counted") {
  Pair pair({.inflight_requests_limit = 2});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.submit(2, {"ECHO", "two"});
  pair.end.submit(3, {"ECHO", "three"});
  CHECK(pair.end.take_events() == Lines{"3: refused with rejected_by_limit (no)"});
  pair.drive();
  pair.end.submit(4, {"ECHO", "four"});
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"1: \"one\"", "2: \"two\"", "4: \"four\""});
  CHECK(pair.end.client().statistics().rejected == 1);
}

TEST_CASE("statistics count what came of the requests") {
  Pair pair;
  pair.connect();
  const SessionCounters before = pair.end.client().statistics().counters;
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.submit(2, {"NONSENSE"});
  const auto cancelled = pair.end.submit(3, {"ECHO", "three"});
  pair.end.cancel(*cancelled);
  CHECK(pair.end.client().statistics().in_flight == 2);
  pair.drive();

  const ClientStatistics after = pair.end.client().statistics();
  CHECK(after.submitted == 3);
  CHECK(after.rejected == 0);
  CHECK(after.in_flight == 0);
  CHECK(after.counters.completed - before.completed == 1);
  CHECK(after.counters.failed - before.failed == 2);
  CHECK(after.counters.bytes_written - before.bytes_written ==
        (request({"ECHO", "one"}) + request({"NONSENSE"})).size());
  CHECK(after.counters.bytes_read - before.bytes_read ==
        (bulk_reply("one") + "-ERR unknown command 'NONSENSE'\r\n").size());
}

}  // namespace
}  // namespace plimsoll::conversation_test
