#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/client/pair.h"
#include "plimsoll/tests/core/resp/model.h"

// What a client costs.

namespace plimsoll::memory_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::ClientEnd;
using testing::Lines;
using testing::Pair;
using testing::show;

constexpr std::size_t idle_bytes_max = 4096;

TEST_CASE("an idle client holds no segment and costs 4 KiB at most") {
  Pair pair;
  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
  pair.connect();
  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
  for (Tag tag = 1; tag <= 1000; ++tag) pair.end.submit(tag, {"ECHO", std::string(1000, 'x')});
  pair.drive();
  pair.end.receive(">1\r\n+push\r\n");
  CHECK(pair.end.take_events().size() == 1001);

  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
}

TEST_CASE("an idle client holds nothing of its last reply or message, whatever that was") {
  std::string elements;
  for (int i = 0; i < 20'000; ++i) elements += testing::bulk_reply("element " + std::to_string(i));
  for (const std::string last : {"*20000\r\n", "%10000\r\n", "~20000\r\n", ">20000\r\n",
                                 "*1\r\n%1\r\n+nested\r\n*20000\r\n"}) {
    INFO(last);
    Pair pair;
    pair.connect();
    if (last[0] != '>') {
      pair.end.submit(1, {"ECHO", "all"});
      pair.end.write();
    }
    pair.end.receive(last + elements);
    CHECK(pair.end.take_events().size() == 1);
    CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
  }
}

TEST_CASE("a handshake costs nothing when it is over, whichever end of it is told first") {
  for (const bool reply_first : {false, true}) {
    ClientEnd end;
    const std::size_t before = end.bytes_in_use();
    end.connect();
    end.open();
    const std::size_t given = end.begin_write().size();
    if (!reply_first) end.end_write(given);
    end.receive(testing::handshake_replies);
    if (reply_first) end.end_write(given);
    REQUIRE(end.take_events() == Lines{"ready"});
    CHECK(end.bytes_in_use() == before);
  }
}

TEST_CASE("a client that is idle again after a timeout holds no segment") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "slow"}, 10ms);
  pair.end.write();
  pair.end.receive("$4\r\nsl");
  pair.end.advance(10ms);
  pair.end.receive("ow\r\n");
  const auto id = pair.end.submit(2, {"ECHO", "never sent"});
  pair.end.cancel(*id);

  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
}

TEST_CASE("a buffer goes back with the last request, also where that was withdrawn") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  const auto id = pair.end.submit(2, {"ECHO", "two"});
  pair.end.receive(testing::bulk_reply("one"));
  pair.end.cancel(*id);
  CHECK(pair.end.take_events() == testing::Lines{"1: \"one\"", "2: cancelled (no)"});
  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
}

TEST_CASE("a client that has ended holds nothing more than an idle one") {
  for (const bool aborted : {false, true}) {
    Pair pair({.reconnect_attempts_max = 0});
    pair.connect();
    pair.end.submit(1, {"ECHO", std::string(300'000, 'x')});
    pair.end.write();
    pair.end.submit(2, {"ECHO", std::string(300'000, 'y')});
    pair.end.receive("*2\r\n$300000\r\n" + std::string(200'000, 'x'));
    REQUIRE(pair.end.segments_in_use() >= 8);
    if (aborted) {
      pair.end.abort();
    } else {
      pair.end.break_off();
    }
    CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
  }
}

TEST_CASE("a client that waits for a connection holds its requests and nothing more") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", std::string(300'000, 'x')});
  pair.end.write();
  pair.end.receive("*2\r\n$300000\r\n" + std::string(200'000, 'x'));
  pair.end.break_off();
  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);

  pair.end.submit(2, {"ECHO", "waits"});
  CHECK(pair.end.segments_in_use() == 1);
}

TEST_CASE("a client for which the line has no room is not made") {
  testing::TestMemory memory;
  Budget budget({}, memory);
  const std::size_t before = budget.statistics().used;
  for (std::size_t granted = 0; granted < 3; ++granted) {
    memory.refuse_one_after(granted);
    const Result<Client::Accounts> accounts = Client::open_accounts(budget);
    REQUIRE_FALSE(accounts.ok());
    CHECK(accounts.error().code == ErrorCode::out_of_memory);
    CHECK(budget.statistics().used == before);
  }
  CHECK(Client::open_accounts(budget).ok());
}

TEST_CASE("the reply of a request that was cancelled takes no room, however large it is") {
  Pair pair;
  pair.connect();
  const auto id = pair.end.submit(1, {"ECHO", "large"});
  pair.end.write();
  pair.end.cancel(*id);
  pair.end.receive("$10000000\r\n" + std::string(9'000'000, 'x'));
  CHECK(pair.end.segments_in_use() <= 1);
  pair.end.receive(std::string(1'000'000, 'x') + "\r\n");

  CHECK(pair.end.take_events() == Lines{"1: cancelled (maybe)"});
  CHECK(pair.end.bytes_in_use() <= idle_bytes_max);
  CHECK(pair.end.client().statistics().in_flight == 0);
}

TEST_CASE("a kept reply is there after its event, its client, and pays until it is released") {
  for (const std::size_t size : {std::size_t{10}, std::size_t{200'000}}) {
    testing::TestMemory memory;
    Budget budget({}, memory);
    const std::size_t before = budget.statistics().used;
    const std::string text(size, 'x');
    std::optional<Reply> kept;
    {
      Client client({}, Client::open_accounts(budget).value());
      client.connect({});
      CHECK(client.poll_action());
      client.handle_opened(first_connection, {});
      std::array<std::string_view, 4> spans;
      const auto write = [&] {
        std::size_t bytes = 0;
        const std::size_t count = client.poll_transmit(first_connection, spans);
        for (std::size_t i = 0; i < count; ++i) bytes += spans[i].size();
        client.handle_written(first_connection, bytes);
      };
      const auto read = [&](std::string_view bytes) {
        while (!bytes.empty()) {
          const std::span<char> room = client.read_space(first_connection);
          const std::size_t part = bytes.copy(room.data(), room.size());
          client.handle_read(first_connection, part, {});
          bytes.remove_prefix(part);
          while (const auto event = client.poll_event()) {
            if (event->kind == Event::Kind::completed) kept = client.keep_reply().value();
          }
        }
      };
      write();
      read(testing::handshake_replies);
      const std::string_view ping[] = {"PING"};
      CommandView command;
      command.args = ping;
      REQUIRE(client.submit(command, {}, Tag{1}).ok());
      write();
      read(bulk_reply(text));
    }

    REQUIRE(kept);
    CHECK(show(kept->value()) == "\"" + text + "\"");
    CHECK(budget.statistics().used > before + size);
    kept.reset();
    budget.reclaim();
    CHECK(budget.statistics().used == before);
  }
}

}  // namespace
}  // namespace plimsoll::memory_test
