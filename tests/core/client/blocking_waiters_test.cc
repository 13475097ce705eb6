#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/fleet.h"

// Commands that block, more of them than there may be connections: the others wait for one.

namespace plimsoll::blocking_waiters_test {
namespace {

using namespace std::chrono_literals;
using testing::Fleet;
using testing::Lines;

ClientOptions waiting_options(std::uint32_t connections_max, std::size_t waiters_max = 100) {
  ClientOptions options;
  options.blocking_connections_max = connections_max;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = waiters_max;
  options.health_check_interval = Duration::zero();
  options.reconnect_attempts_max = 0;
  return options;
}

struct Workers : Fleet {
  explicit Workers(const ClientOptions& options) : Fleet(options) {
    set_script([](std::uint32_t, const testing::Words& request) {
      if (request[0] == "BLPOP") return std::string();
      if (request[0] == "CLIENT") return std::string(":1\r\n");
      if (request[0] == "UNWATCH") return std::string("+OK\r\n");
      return testing::Peer::default_reply(request);
    });
    set_admit([this](Tag tag) {
      ids[tag] = client().submit_admitted(CommandView(command_of(tag)), tag);
    });
    connect();
  }

  // "BLPOP <tag> 0", which waits for a connection where it has to.
  bool blpop(Tag tag, Duration timeout = 0s, Duration block_time = CommandView::forever) {
    requests[tag] = {"BLPOP", std::to_string(tag), "0"};
    block_times[tag] = block_time;
    Result<RequestId> id = client().submit(command_of(tag), now(), timeout, tag);
    if (!id && id.error().code == ErrorCode::rejected_by_limit) {
      id = client().wait_for_room(command_of(tag), now(), timeout, tag);
    }
    const auto noted = note(tag, id);
    if (noted) ids[tag] = *noted;
    drive();
    return noted.has_value();
  }
  void cancel(Tag tag) {
    client().cancel(ids.at(tag), now());
    settle();
    drive();
  }
  void answer(std::uint32_t index) {
    say(index, ":7\r\n");
    drive();
  }
  ClientStatistics statistics() { return client().statistics(); }

  CommandView command_of(Tag tag) {
    std::vector<std::string_view>& words = views[tag];
    words.assign(requests[tag].begin(), requests[tag].end());
    CommandView command;
    command.more_args = words;
    command.block_time = block_times[tag];
    return command;
  }

  std::map<Tag, std::vector<std::string>> requests;
  std::map<Tag, std::vector<std::string_view>> views;
  std::map<Tag, Duration> block_times;
  std::map<Tag, RequestId> ids;
};

TEST_CASE("32 that block share 8 connections, first come, first served") {
  Workers workers(waiting_options(8));
  for (Tag tag = 1; tag <= 32; ++tag) CHECK(workers.blpop(tag));
  CHECK(workers.statistics().blocking_connections == 8);
  CHECK(workers.statistics().waiting == 24);
  CHECK(workers.statistics().waiting_to_block == 24);
  CHECK(workers.take_events().empty());

  Lines expected;
  for (Tag tag = 1; tag <= 32; ++tag) {
    workers.answer(static_cast<std::uint32_t>((tag - 1) % 8 + 1));
    expected.push_back(std::to_string(tag) + ": 7");
    if (tag + 8 <= 32) expected.push_back(std::to_string(tag + 8) + " admitted");
  }
  CHECK(workers.take_events() == expected);
  CHECK(workers.statistics().waiting == 0);
  CHECK(workers.statistics().waited == 24);
  CHECK(workers.statistics().submitted == 32);
  CHECK(workers.statistics().rejected == 0);
}

TEST_CASE("who comes while others wait does not overtake them, nor does an exclusive user") {
  Workers workers(waiting_options(1));
  workers.blpop(1);
  workers.blpop(2);
  Fleet& fleet = workers;
  const auto late = fleet.client().submit(workers.command_of(2), fleet.now(), 0s, 9);
  REQUIRE_FALSE(late);
  CHECK(late.error().what == std::string("other commands wait for a connection already"));
  CHECK_FALSE(fleet.client().open_exclusive(fleet.now()));
}

TEST_CASE("who waits for a connection ends with its deadline, which the line is part of") {
  Workers workers(waiting_options(1));
  workers.blpop(1);
  // The server's 100 ms, and 50 more for the answer.
  workers.blpop(2, 50ms, 100ms);
  workers.blpop(3, 500ms, 100ms);
  workers.advance(149ms);
  CHECK(workers.take_events().empty());
  workers.advance(1ms);
  CHECK(workers.take_events() == Lines{"2: timed_out (no)"});
  CHECK(workers.statistics().submitted == 2);
  CHECK(workers.statistics().counters.failed == 1);
  workers.answer(1);
  CHECK(workers.take_events() == Lines{"1: 7", "3 admitted"});
  workers.advance(450ms);
  workers.drive();
  CHECK(workers.take_requests(0) == Lines{"CLIENT UNBLOCK 101 TIMEOUT"});
  workers.say(1, "_\r\n");
  CHECK(workers.take_events() == Lines{"3: timed_out (no)"});
}

TEST_CASE("a waiter for a connection may be cancelled, before and after it is admitted") {
  Workers workers(waiting_options(1));
  for (Tag tag = 1; tag <= 4; ++tag) workers.blpop(tag);
  workers.cancel(3);
  CHECK(workers.take_events() == Lines{"3: cancelled (no)"});
  // One that has just been admitted, in place of being submitted.
  workers.set_admit([&](Tag tag) { workers.client().cancel(workers.ids[tag], workers.now()); });
  workers.answer(1);
  CHECK(workers.take_events() ==
        Lines{"1: 7", "2 admitted", "2: cancelled (no)", "4 admitted", "4: cancelled (no)"});
  CHECK(workers.take_requests(1) == Lines{"BLPOP 1 0"});
  CHECK(workers.statistics().waiting == 0);
}

TEST_CASE(
    "waiters_max bounds those who wait for room and those who wait for a connection together") {
  ClientOptions options = waiting_options(1, 2);
  options.inflight_requests_limit = 1;
  Workers workers(options);
  workers.blpop(1);
  CHECK(workers.blpop(2));
  CHECK(workers.blpop(3));
  CHECK_FALSE(workers.blpop(4));
  CHECK(workers.take_events() == Lines{"4: refused, waiters_max is reached"});
  CHECK(workers.statistics().waiters_refused == 1);
  const CommandView ping = CommandView::from_encoded("*1\r\n$4\r\nPING\r\n");
  const auto refused = workers.client().wait_for_room(ping, workers.now(), 0s, 5);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == std::string("waiters_max is reached"));
  workers.cancel(2);
  CHECK(workers.blpop(6));
}

TEST_CASE("with OnLimit::reject nobody waits for a connection") {
  ClientOptions options = waiting_options(1);
  options.inflight_overflow = OnLimit::reject;
  Workers workers(options);
  workers.blpop(1);
  CHECK_FALSE(workers.blpop(2));
  CHECK(workers.take_events() == Lines{"2: refused, requests do not wait for room"});
}

TEST_CASE("a connection that is lost, or given back, is taken by the first waiter") {
  Workers workers(waiting_options(1));
  SECTION("lost") {
    workers.blpop(1);
    workers.blpop(2);
    workers.break_off(1);
    workers.drive();
    CHECK(workers.take_events() == Lines{"1: lost_in_doubt (maybe)", "2 admitted"});
  }
  SECTION("given back") {
    const auto exclusive = workers.client().open_exclusive(workers.now());
    workers.settle();
    workers.drive();
    workers.blpop(2);
    workers.client().release(*exclusive, workers.now());
    workers.settle();
    workers.drive();
    CHECK(workers.take_events() == Lines{"2 admitted"});
  }
  workers.answer(1);
  CHECK(workers.take_events() == Lines{"2: 7"});
}

TEST_CASE("the client's end is told to all who wait for a connection, before it is over") {
  Workers workers(waiting_options(1));
  for (Tag tag = 1; tag <= 3; ++tag) workers.blpop(tag);
  workers.client().abort();
  workers.settle();
  Lines events = workers.take_events();
  REQUIRE(events.size() == 4);
  CHECK(events[3] == "closed: closed");
  CHECK(events[0] == "1: lost_in_doubt (maybe)");
  CHECK(events[1] == "2: closed (no)");
  CHECK(events[2] == "3: closed (no)");
}

TEST_CASE("the client's end is reported after a waiter's for which there was no connection") {
  Workers workers(waiting_options(1));
  workers.requests[1] = {"BLPOP", "1", "0"};
  workers.block_times[1] = CommandView::forever;
  workers.memory().refuse_one_after(0);
  REQUIRE_FALSE(workers.client().submit(workers.command_of(1), workers.now(), 0s, 1));
  REQUIRE(workers.client().wait_for_room(workers.command_of(1), workers.now(), 0s, 1));
  workers.client().close(workers.now());
  workers.settle();
  CHECK(workers.take_events() == Lines{"1: closed (no)", "closed: closed"});
}

TEST_CASE("one that waits is admitted though its connection's time began long after") {
  Workers workers(waiting_options(1));
  workers.blpop(1);
  workers.blpop(2);
  workers.advance(1h);
  workers.break_off(1);
  workers.drive();
  // The new connection has its whole connect_timeout, whatever was the time when it was asked for.
  CHECK(workers.take_events() == Lines{"1: lost_in_doubt (maybe)", "2 admitted"});
  CHECK(workers.take_requests(1) == Lines{"BLPOP 1 0", "BLPOP 2 0"});
}

}  // namespace
}  // namespace plimsoll::blocking_waiters_test
