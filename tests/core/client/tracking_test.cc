#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/budget.h"
#include "plimsoll/tests/core/client/pair.h"

// A client whose main connection is tracked: which of its connections ask for that.

namespace plimsoll::tracking_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::Pair;
using testing::Words;

constexpr TrackingOptions tracked{
    .method = TrackingOptions::Method::opt_in, .required = true, .silence_max = 1s};

std::size_t count_tracked(const std::string& handshake) {
  return handshake.find("TRACKING") == handshake.npos ? 0 : 1;
}

// What the client says first on a connection beside the main one.
std::string side_handshake(Client& client, Instant now) {
  const std::optional<Action> action = client.poll_action();
  REQUIRE(action);
  REQUIRE(action->kind == Action::Kind::open);
  REQUIRE(action->connection != first_connection);
  client.handle_opened(action->connection, now);
  std::array<std::string_view, 1> spans;
  REQUIRE(client.poll_transmit(action->connection, spans) == 1);
  std::string said(spans[0]);
  client.handle_written(action->connection, said.size());
  return said;
}

TEST_CASE("only the main connection is tracked: what goes beside it is in nobody's cache") {
  testing::TestMemory memory;
  Budget budget({}, memory);
  const Instant now{};
  Client client({.tracking = tracked}, Client::open_accounts(budget).value());
  client.connect(now);
  REQUIRE(client.poll_action()->connection == first_connection);
  client.handle_opened(first_connection, now);
  std::array<std::string_view, 1> spans;
  REQUIRE(client.poll_transmit(first_connection, spans) == 1);
  CHECK(count_tracked(std::string(spans[0])) == 1);
  client.handle_written(first_connection, spans[0].size());

  constexpr std::array<std::string_view, 3> words{"BLPOP", "list", "0"};
  CommandView blocking;
  blocking.args = words;
  blocking.block_time = CommandView::forever;
  REQUIRE(client.submit(blocking, now, 0s, 1));
  CHECK(count_tracked(side_handshake(client, now)) == 0);
  REQUIRE(client.open_exclusive(now));
  CHECK(count_tracked(side_handshake(client, now)) == 0);
  REQUIRE(client.open_subscription(now));
  CHECK(count_tracked(side_handshake(client, now)) == 0);
  client.abort();
  while (client.poll_event()) {
  }
}

TEST_CASE("a client whose server refuses what it requires is closed, and says the server's words") {
  Pair pair({.tracking = tracked});
  pair.peer.set_script([](const Words& words) -> std::string {
    if (words.size() > 1 && words[1] == "TRACKING") return "-ERR unknown subcommand 'TRACKING'\r\n";
    return testing::Peer::default_reply(words);
  });
  pair.end.connect();
  pair.end.submit(1, {"GET", "ship"});
  pair.drive();
  CHECK(pair.end.take_events() ==
        Lines{"closed: tracking_refused error \"ERR unknown subcommand 'TRACKING'\"",
              "1: lost_unsent (no)"});
}

TEST_CASE("a tracked client that is idle costs no more than another") {
  Pair plain;
  plain.connect();
  Pair pair({.tracking = tracked});
  pair.connect();
  CHECK(pair.end.bytes_in_use() == plain.end.bytes_in_use());
}

}  // namespace
}  // namespace plimsoll::tracking_test
