#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/pair.h"

// Requests for which there is no room, and which wait for it.

namespace plimsoll::admission_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::Pair;
using testing::request;

ClientOptions waiting_options(std::size_t requests_max, std::size_t waiters_max = 100) {
  ClientOptions options;
  options.inflight_requests_limit = requests_max;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = waiters_max;
  options.health_check_interval = Duration::zero();
  return options;
}

CommandView one_more() { return CommandView::from_encoded("*1\r\n$4\r\nPING\r\n"); }

// One request in flight that is not answered, and others that wait.
struct Line : Pair {
  explicit Line(Tag waiters, Duration timeout = Duration::zero(), std::size_t waiters_max = 100)
      : Pair(waiting_options(1, waiters_max)) {
    connect();
    end.submit(1, {"ECHO", "1"}, Duration::zero());
    end.write();
    for (Tag tag = 2; tag < 2 + waiters; ++tag) {
      ids.push_back(*end.submit(tag, {"ECHO", std::to_string(tag)}, timeout));
    }
  }
  RequestId id_of_waiter(Tag tag) const { return ids[tag - 2]; }
  ClientStatistics statistics() { return end.client().statistics(); }

  std::vector<RequestId> ids;
};

TEST_CASE("who finds no place waits for one, first come, first served") {
  Pair pair(waiting_options(2));
  pair.connect();

  for (Tag tag = 1; tag <= 5; ++tag) pair.end.submit(tag, {"ECHO", std::to_string(tag)});
  CHECK(pair.end.client().statistics().in_flight == 2);
  CHECK(pair.end.client().statistics().waiting == 3);
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"1: \"1\"", "2: \"2\"", "3 admitted", "4 admitted",
                                        "3: \"3\"", "4: \"4\"", "5 admitted", "5: \"5\""});
  const ClientStatistics statistics = pair.end.client().statistics();
  CHECK(statistics.submitted == 5);
  CHECK(statistics.rejected == 0);
  CHECK(statistics.waited == 3);
  CHECK(statistics.waiting == 0);
}

TEST_CASE("nobody overtakes those who wait, not even into a place that is free") {
  Line line(1);
  Client& client = line.end.client();
  // The driver hears of the reply, and of the one who may go, when it asks.
  const std::string_view reply = "+1\r\n";
  const std::span<char> room = client.read_space(first_connection);
  reply.copy(room.data(), reply.size());
  client.handle_read(first_connection, reply.size(), line.end.now());
  REQUIRE(client.poll_event()->kind == Event::Kind::completed);
  REQUIRE(client.statistics().in_flight == 0);

  CommandView ping = CommandView::from_encoded("*1\r\n$4\r\nPING\r\n");
  const auto late = client.submit(ping, line.end.now(), 0s, 9);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ErrorCode::rejected_by_limit);
  CHECK(late.error().what == std::string("other requests wait for room already"));
}

TEST_CASE("the line has an end, which is named") {
  Line line(2, 0s, 2);
  CHECK_FALSE(line.end.submit(4, {"ECHO", "4"}));
  const auto refused = line.end.client().wait_for_room(one_more(), line.end.now(), 0s, 5);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::rejected_by_limit);
  CHECK(refused.error().what == std::string("waiters_max is reached"));
  CHECK(refused.error().limit == 2);
  CHECK(line.statistics().waiters_refused == 2);
  CHECK(line.statistics().waiting == 2);

  line.end.cancel(line.id_of_waiter(2));
  CHECK(line.end.submit(6, {"ECHO", "6"}));
}

TEST_CASE("without OnLimit::wait nobody waits") {
  Pair pair({.inflight_requests_limit = 1});
  pair.connect();
  pair.end.submit(1, {"ECHO", "1"});
  pair.end.submit(2, {"ECHO", "2"});
  CHECK(pair.end.take_events() == Lines{"2: refused with rejected_by_limit (no)"});
  const auto refused = pair.end.client().wait_for_room(one_more(), pair.end.now(), 0s, 3);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::rejected_by_limit);
}

TEST_CASE("a waiter may be cancelled, wherever it is in the queue") {
  Line line(3);
  line.end.cancel(line.id_of_waiter(3));
  CHECK(line.end.take_events() == Lines{"3: cancelled (no)"});
  line.end.cancel(line.id_of_waiter(3));
  line.end.cancel(line.id_of_waiter(2));
  CHECK(line.end.take_events() == Lines{"2: cancelled (no)"});

  line.end.receive("+1\r\n");
  line.drive();
  CHECK(line.end.take_events() == Lines{"1: simple \"1\"", "4 admitted", "4: \"4\""});
  CHECK(line.peer.requests().back() == testing::Words{"ECHO", "4"});
  line.end.cancel(line.id_of_waiter(4));  // it has ended, under another name
  CHECK(line.end.take_events().empty());
}

TEST_CASE("one that was admitted may be cancelled in place of being submitted") {
  Line line(2);
  Client& client = line.end.client();
  client.cancel(line.id_of_waiter(2), line.end.now());
  REQUIRE(client.poll_event()->tag == 2);
  // As a driver that learns of the cancellation in the turn of the admission.
  const std::string_view reply = "+1\r\n";
  const std::span<char> room = client.read_space(first_connection);
  reply.copy(room.data(), reply.size());
  client.handle_read(first_connection, reply.size(), line.end.now());
  REQUIRE(client.poll_event()->kind == Event::Kind::completed);
  REQUIRE(client.poll_event()->kind == Event::Kind::admitted);
  client.cancel(line.id_of_waiter(3), line.end.now());
  const auto ended = client.poll_event();
  REQUIRE(ended);
  CHECK(ended->kind == Event::Kind::failed);
  CHECK(ended->tag == 3);
  CHECK(ended->error->code == ErrorCode::cancelled);
  CHECK_FALSE(client.poll_event());
  CHECK(client.statistics().in_flight == 0);
  client.validate();
}

TEST_CASE("the time that a request waits counts in its timeout") {
  Line line(1, 100ms);
  line.end.submit(3, {"ECHO", "3"}, 50ms);
  CHECK(line.end.client().poll_timeout() == line.end.now() + 50ms);
  line.end.advance(50ms);
  CHECK(line.end.take_events() == Lines{"3: timed_out (no)"});
  CHECK(line.end.last_error().what ==
        std::string("the request's deadline passed while it waited for room"));

  line.end.advance(30ms);
  line.end.receive("+1\r\n");
  CHECK(line.end.take_events() == Lines{"1: simple \"1\"", "2 admitted"});
  line.end.write();
  line.end.advance(20ms);
  CHECK(line.end.take_events() == Lines{"2: timed_out (maybe)"});
  // Who was not admitted counts like the others.
  const ClientStatistics statistics = line.end.client().statistics();
  CHECK(statistics.submitted == 3);
  CHECK(statistics.counters.completed == 1);
  CHECK(statistics.counters.failed == 2);
  CHECK(statistics.rejected == 0);
}

TEST_CASE("the reply to a request that nobody waits for any more makes a place") {
  Pair pair(waiting_options(1));
  pair.connect();
  pair.end.submit(1, {"ECHO", "1"}, 100ms);
  pair.end.write();
  pair.end.submit(2, {"ECHO", "2"}, 0s);
  pair.end.advance(100ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  CHECK(pair.end.client().statistics().waiting == 1);
  pair.end.receive("+1\r\n");
  CHECK(pair.end.take_events() == Lines{"2 admitted"});
}

TEST_CASE("a request that is given up before it is sent makes a place") {
  Pair pair(waiting_options(1));
  pair.connect();
  const auto first = pair.end.submit(1, {"ECHO", "1"}, 0s);
  pair.end.submit(2, {"ECHO", "2"}, 0s);
  pair.end.cancel(*first);
  CHECK(pair.end.take_events() == Lines{"1: cancelled (no)", "2 admitted"});
}

TEST_CASE("a lost connection makes places, and no waiter is lost with it") {
  Line line(2);
  line.end.break_off();
  CHECK(line.end.take_events() ==
        Lines{"disconnected: connection_lost", "1: lost_in_doubt (maybe)", "2 admitted"});
  CHECK(line.statistics().waiting == 1);
  line.reconnect();
  CHECK(line.end.take_events() == Lines{"ready", "2: \"2\"", "3 admitted", "3: \"3\""});
}

TEST_CASE("an orderly end turns away those who wait, and answers the others") {
  Line line(2);
  line.end.close();
  CHECK(line.end.take_events() == Lines{"2: closed (no)", "3: closed (no)"});
  CHECK(line.end.client().wait_for_room(one_more(), line.end.now(), 0s, 9).error().code ==
        ErrorCode::closed);
  line.end.receive("+1\r\n");
  CHECK(line.end.take_events() == Lines{"1: simple \"1\"", "closed: closed"});
}

TEST_CASE("an abrupt end turns away those who wait") {
  Line line(2);
  line.end.abort();
  CHECK(line.end.take_events() ==
        Lines{"closed: closed", "1: lost_in_doubt (maybe)", "2: closed (no)", "3: closed (no)"});
  CHECK(line.statistics().waiting == 0);
}

TEST_CASE("a client that gives up reconnecting turns away those who wait, saying why") {
  ClientOptions options = waiting_options(1);
  options.reconnect_attempts_max = 0;
  Pair pair(options);
  pair.connect();
  pair.end.submit(1, {"ECHO", "1"}, 0s);
  pair.end.submit(2, {"ECHO", "2"}, 0s);
  pair.end.break_off();
  CHECK(pair.end.take_events().back() == "2: closed (no)");
  CHECK(pair.end.last_error().what == std::string("connection reset"));
}

TEST_CASE("a transaction waits for one place, whole") {
  Line line(0);
  const std::string bytes = request({"MULTI"}) + request({"INCR", "a"}) + request({"EXEC"});
  CommandView transaction = CommandView::from_encoded(bytes);
  transaction.answers = 3;
  line.end.submit_command(2, transaction, 0s);
  line.end.submit(3, {"ECHO", "3"}, 0s);
  line.end.receive("+1\r\n");
  CHECK(line.end.write() == bytes);
  line.end.receive("+OK\r\n+QUEUED\r\n");
  CHECK(line.end.take_events() == Lines{"1: simple \"1\"", "2 admitted"});
  line.end.receive("*1\r\n:1\r\n");
  CHECK(line.end.take_events() == Lines{"2: [1]", "3 admitted"});
}

TEST_CASE("a command that blocks is in no line") {
  Line line(1);
  CommandView blpop = CommandView::from_encoded("*3\r\n$5\r\nBLPOP\r\n$1\r\nq\r\n$1\r\n0\r\n");
  blpop.block_time = CommandView::forever;
  CHECK(line.end.client().submit(blpop, line.end.now(), 0s, 7));
}

TEST_CASE("what the client sends by itself is in no line") {
  Line line(1);
  line.end.client().set_credentials({.username = "", .password = "new"});
  line.end.advance(0s);
  CHECK(line.end.write().find("AUTH") != std::string::npos);
  CHECK(line.statistics().waiting == 1);
}

TEST_CASE("nothing is charged once the line is empty") {
  Line line(40);
  line.end.abort();
  line.end.client().poll_action();
  const std::size_t before = line.end.bytes_in_use();
  Line nobody(0);
  nobody.end.abort();
  CHECK(before == nobody.end.bytes_in_use());
}

// A requests pool of 256 KiB: three segments, and what is smaller.
struct ScarceLine : Pair {
  explicit ScarceLine(std::size_t requests_max = 100)
      : Pair(waiting_options(requests_max),
             {.memory_limit = 1024 * 1024, .requests = {.bytes = 256 * 1024}, .borrowing = false}) {
    connect();
    hog = Charge(end.client().requests_account());
  }
  // In the client's own name: what it has leased is taken as well.
  void take_all_but(std::size_t bytes) {
    for (std::size_t step = 256 * 1024; step > 0; step /= 2) {
      while (hog.grow(step)) {
      }
    }
    hog.shrink(bytes);
  }
  Charge hog;
};

TEST_CASE("who finds no memory waits for some, and asks again after a while") {
  ScarceLine pair;
  pair.take_all_but(chunk_bytes);
  pair.end.submit(1, {"ECHO", "1"}, 0s);
  pair.end.submit(2, {"ECHO", "2"}, 0s);
  CHECK(pair.end.client().statistics().waiting == 2);
  CHECK(pair.end.client().has_waiters());
  CHECK(pair.end.budget().statistics().pool(PoolKind::requests).waiting == 2);

  // As long as there is none, a few times a second.
  for (int i = 0; i < 5; ++i) {
    const Duration wait = pair.end.client().poll_timeout() - pair.end.now();
    CHECK(wait >= 1ms);
    CHECK(wait <= 100ms);
    pair.end.advance(wait);
    CHECK(pair.end.take_events().empty());
  }
  pair.hog.shrink(pair.hog.bytes());
  pair.end.advance(pair.end.client().poll_timeout() - pair.end.now());
  CHECK(pair.end.take_events() == Lines{"1 admitted", "2 admitted"});
  CHECK(pair.end.budget().statistics().pool(PoolKind::requests).waiting == 0);
}

TEST_CASE("what was sent makes room for who waits for memory") {
  ScarceLine pair;
  pair.take_all_but(2 * segment_bytes + 3 * chunk_bytes);
  pair.end.submit(1, {"ECHO", std::string(60'000, 'a')}, 0s);
  pair.end.submit(2, {"ECHO", std::string(60'000, 'b')}, 0s);
  pair.end.submit(3, {"ECHO", std::string(60'000, 'c')}, 0s);
  CHECK(pair.end.take_events().empty());
  CHECK(pair.end.client().statistics().waiting == 1);
  pair.end.write();
  CHECK(pair.end.take_events() == Lines{"3 admitted"});
}

TEST_CASE("a small one does not overtake a large one that waits for memory") {
  ScarceLine pair;
  pair.end.submit(1, {"ECHO", std::string(150'000, 'a')}, 0s);
  pair.end.submit(2, {"ECHO", std::string(120'000, 'b')}, 0s);
  pair.end.submit(3, {"ECHO", "c"}, 0s);
  CHECK(pair.end.client().statistics().waiting == 2);
  pair.drive();
  CHECK(pair.end.client().statistics().waiting == 0);
  const Lines events = pair.end.take_events();
  REQUIRE(events.size() == 5);
  CHECK(events[0] == "2 admitted");
  CHECK(events[1] == "3 admitted");
}

TEST_CASE("what the pool could never hold is refused at once, and what would fill it as well") {
  ScarceLine pair(1);
  pair.end.submit(1, {"ECHO", "1"}, 0s);
  CHECK_FALSE(pair.end.submit(2, {"ECHO", std::string(300'000, 'a')}));
  CHECK(pair.end.submit(3, {"ECHO", std::string(100'000, 'a')}));
  CHECK_FALSE(pair.end.submit(4, {"ECHO", std::string(50'000, 'a')}));
  CHECK(pair.end.take_events() ==
        Lines{"2: refused with rejected_by_limit (no)", "4: refused with rejected_by_limit (no)"});
  const std::string bytes(50'000, 'a');
  const auto refused =
      pair.end.client().wait_for_room(CommandView::from_encoded(bytes), pair.end.now(), 0s, 5);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().value > refused.error().limit);
  const std::string longest(300'000, 'a');
  const auto never =
      pair.end.client().wait_for_room(CommandView::from_encoded(longest), pair.end.now(), 0s, 6);
  REQUIRE_FALSE(never);
  CHECK(never.error().what ==
        std::string("the request is longer than the requests pool can ever have"));
}

TEST_CASE("without memory to wait nobody waits, and nothing is left behind") {
  ScarceLine pair;
  pair.take_all_but(0);
  CHECK_FALSE(pair.end.submit(1, {"ECHO", "1"}));
  CHECK(pair.end.take_events() == Lines{"1: refused with rejected_by_limit (no)"});
  CHECK(pair.end.client().statistics().waiting == 0);
  CHECK(pair.end.client().statistics().rejected == 1);
  CHECK_FALSE(pair.end.client().has_waiters());
}

TEST_CASE("whatever allocation fails, who waits is served in the end, or refused") {
  for (std::size_t granted = 0; granted < 40; ++granted) {
    INFO("granted " << granted);
    Pair pair(waiting_options(2));
    pair.connect();
    pair.end.memory().refuse_one_after(granted);
    for (Tag tag = 1; tag <= 6; ++tag) {
      pair.end.submit(tag, {"ECHO", std::string(40'000, static_cast<char>('a' + tag))}, 0s);
    }
    for (int i = 0; i < 20 && pair.end.pending_count() > 0; ++i) {
      pair.drive();
      pair.end.advance(100ms);
    }
    CHECK(pair.end.pending_count() == 0);
    const Lines events = pair.end.take_events();
    const auto refused = std::count_if(events.begin(), events.end(), [](const std::string& line) {
      return line.find("refused") != std::string::npos ||
             line.find("reply_too_large") != std::string::npos;
    });
    CHECK(refused <= 1);
  }
}

TEST_CASE("a place that was admitted to is there, whatever of others ended meanwhile") {
  // Requests of all sizes through two places: rooms begin anywhere in a segment, and in new ones.
  Pair pair(waiting_options(2));
  pair.connect();
  for (Tag tag = 1; tag <= 60; ++tag) {
    const std::size_t size = tag * 7919 % 70'000;
    pair.end.submit(tag, {"ECHO", std::string(size, 'x')}, 0s);
  }
  pair.drive();
  CHECK(pair.end.pending_count() == 0);
  CHECK(pair.peer.requests().size() == 60 + 4);
}

}  // namespace
}  // namespace plimsoll::admission_test
