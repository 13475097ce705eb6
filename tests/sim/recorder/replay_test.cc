#include "plimsoll/tests/sim/recorder/replay.h"

#include <array>
#include <chrono>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/client.h"
#include "plimsoll/tests/core/client/fleet.h"
#include "plimsoll/tests/core/client/pair.h"
#include "plimsoll/tests/sim/recorder/recording.h"

namespace plimsoll::sim::replay_test {
namespace {

using namespace std::chrono_literals;
using plimsoll::testing::bulk_reply;
using plimsoll::testing::Pair;

std::string dump(const Client& client) {
  std::array<char, Client::recording_header_max> header;
  const FlightRecorder::Records records = client.recorder().records();
  return std::string(client.recording_header(header)) + std::string(records.first) +
         std::string(records.second);
}

struct Shown {
  Replay result;
  std::string lines;
};

Shown replay_dump(const std::string& bytes) {
  std::optional<std::string> error;
  const Recording recording = read_recording(bytes, error);
  CHECK_FALSE(error);
  Shown shown;
  shown.result = replay(recording, [&](const std::string& line) { shown.lines += line + "\n"; });
  return shown;
}

TEST_CASE("a recording from the first call on is replayed to the same outcomes") {
  Pair pair({.password = "secret", .database = 2, .health_check_interval = 2s});
  REQUIRE(pair.end.client().start_recording(256 * 1024).ok());
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.drive();
  pair.end.submit(2, {"ECHO", "lost"});
  pair.end.write();
  pair.end.submit(3, {"ECHO", "kept"}, 0s);
  pair.end.break_off();
  pair.reconnect();
  pair.end.submit(4, {"ECHO", "late"});
  pair.end.write();
  pair.end.advance(250ms);
  pair.end.receive(bulk_reply("late"));
  pair.end.advance(2s);
  pair.drive();
  pair.end.close();

  const Shown shown = replay_dump(dump(pair.end.client()));
  INFO(shown.lines);
  CHECK(shown.result.differences == 0);
  CHECK(shown.result.steps > 50);
  for (const char* line : {"submit #1 ECHO", "completed #1", "disconnected with connection_lost",
                           "failed #2 with lost_in_doubt", "completed #3",
                           "failed #4 with timed_out", "closed with closed"}) {
    CHECK(shown.lines.find(line) != std::string::npos);
  }
}

TEST_CASE("a recording knows how the client wants to be tracked, and no prefix of keys") {
  const std::string long_prefix(120, 'p');
  const std::array<std::string_view, 2> prefixes{"secret:", long_prefix};
  for (const bool with_prefixes : {true, false}) {
    TrackingOptions tracking{
        .method = TrackingOptions::Method::opt_in, .required = true, .silence_max = 1s};
    if (with_prefixes) {
      tracking.method = TrackingOptions::Method::broadcast;
      tracking.prefixes = prefixes;
    }
    Pair pair({.tracking = tracking, .health_check_interval = 0s});
    // A ring that holds the beginning, and one that does not.
    REQUIRE(pair.end.client().start_recording(with_prefixes ? 256 * 1024 : 4 * 1024).ok());
    pair.connect();
    for (Tag tag = 1; tag <= 100; ++tag) {
      pair.end.submit(tag, {"ECHO", std::string(tag, 'x')});
      pair.drive();
      pair.end.advance(1s);
      pair.drive();
    }
    CHECK(pair.end.client().statistics().counters.health_checks > 50);
    pair.end.break_off();
    pair.reconnect();

    const std::string recorded = dump(pair.end.client());
    CHECK(recorded.find("secret:") == recorded.npos);
    const Shown shown = replay_dump(recorded);
    INFO(shown.lines);
    CHECK(shown.result.differences == 0);
    CHECK(shown.result.steps > 50);
  }
}

TEST_CASE("a ring that has forgotten the beginning is replayed from where the client was at rest") {
  Pair pair;
  REQUIRE(pair.end.client().start_recording(4 * 1024).ok());
  pair.connect();
  for (Tag tag = 1; tag <= 500; ++tag) {
    pair.end.submit(tag, {"ECHO", std::string(tag, 'x')});
    if (tag % 3 == 0) pair.drive();
    if (tag % 10 == 0) pair.end.advance(100ms);
    if (tag % 50 == 0) {
      pair.end.break_off();
      pair.reconnect();
    }
  }
  const Shown shown = replay_dump(dump(pair.end.client()));
  INFO(shown.lines);
  CHECK(shown.result.differences == 0);
  CHECK(shown.result.steps > 100);
}

TEST_CASE("whatever a client went through can be replayed") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t end) { return random() % end; };
    ClientOptions options{
        .health_check_interval = 1s, .tombstone_age_max = 1s, .random_seed = seed};
    if (seed % 3 == 0) {
      options.inflight_requests_limit = 1 + seed % 7;
      options.inflight_overflow = OnLimit::wait;
      options.waiters_max = 8;
    }
    Pair pair(options);
    REQUIRE(pair.end.client().start_recording(seed % 2 == 0 ? 8 * 1024 : 1024 * 1024).ok());
    pair.connect();
    std::vector<RequestId> ids;
    for (Tag tag = 1; tag <= 300; ++tag) {
      using plimsoll::testing::ClientEnd;
      switch (below(8)) {
        case 0:
        case 1:
        case 2:
          if (const auto id = pair.end.submit(tag, {"ECHO", std::string(below(90), 'e')},
                                              std::chrono::milliseconds(below(400)))) {
            ids.push_back(*id);
          }
          break;
        case 3:
          if (!ids.empty()) pair.end.cancel(ids[below(ids.size())]);
          break;
        case 4: pair.end.advance(std::chrono::milliseconds(below(900))); break;
        case 5:
          if (pair.end.link() == ClientEnd::Link::open && below(8) == 0) {
            pair.end.break_off();
            pair.peer.reset();
            pair.undelivered.clear();
          }
          break;
        default: pair.drive(); break;
      }
    }
    const Shown shown = replay_dump(dump(pair.end.client()));
    INFO(shown.lines);
    CHECK(shown.result.differences == 0);
    CHECK(shown.result.steps > 30);
  }
}

TEST_CASE("what is no recording is refused, with the byte where it shows") {
  Pair pair;
  REQUIRE(pair.end.client().start_recording(64 * 1024).ok());
  pair.connect();
  const std::string whole = dump(pair.end.client());
  std::optional<std::string> error;
  read_recording("RESP", error);
  REQUIRE(error);
  CHECK(error->find("at byte 0") != std::string::npos);
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    error.reset();
    const Recording recording = read_recording(whole.substr(0, cut), error);
    CHECK((error || recording.records.size() < whole.size()));
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string broken = whole;
    broken[random() % broken.size()] = static_cast<char>(random());
    read_recording(broken, error);
  }
}

TEST_CASE("a recording with a command that blocks is refused, and says why") {
  testing::Fleet fleet;
  REQUIRE(fleet.client().start_recording(std::size_t{1} << 16));
  fleet.connect();
  constexpr std::array<std::string_view, 3> words{"BLPOP", "list", "0"};
  CommandView command;
  command.more_args = words;
  command.block_time = CommandView::forever;
  REQUIRE(fleet.client().submit(command, fleet.now(), 0s, 1));
  fleet.settle();
  const Shown shown = replay_dump(dump(fleet.client()));
  CHECK(shown.result.steps == 0);
  CHECK(shown.result.differences == 1);
  CHECK(shown.lines.find("a command that blocks") != std::string::npos);
}

}  // namespace
}  // namespace plimsoll::sim::replay_test
