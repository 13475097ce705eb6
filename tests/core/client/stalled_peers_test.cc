#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/pair.h"

// Servers that fall silent in the middle of a reply hold buffers. Whoever waits for one gets it
// within a bound, and all are told that memory was missing.

namespace plimsoll::stalled_peers_test {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using testing::Lines;
using testing::Pair;
using testing::TestMemory;

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr Duration step = 5ms;

// What a reader that waits needs beyond the stall itself: its turn to ask again.
constexpr Duration fair_wait = stalled_reply_max + 50ms;

const std::string half_a_bulk = "$100000\r\n" + std::string(50'000, 'x');

// Clients of one line. What a server has said and its client has no room for stays with it.
class Crowd {
 public:
  /// `count` clients, all connected: later there would be no memory for handshakes.
  Crowd(std::size_t memory_limit, int count) : budget_({.memory_limit = memory_limit}, memory_) {
    for (int i = 0; i < count; ++i) {
      pairs_.push_back(std::make_unique<Pair>(ClientOptions{}, budget_));
      pairs_.back()->connect();
    }
  }

  Pair& at(std::size_t index) { return *pairs_[index]; }

  /// The server of this client says so much in reply to a call without a deadline, and no more.
  Pair& stall(std::size_t index, const std::string& half_reply = half_a_bulk) {
    Pair& pair = at(index);
    pair.peer.set_script([half_reply](const testing::Words& words) {
      return words[0] == "GET" ? half_reply : testing::Peer::default_reply(words);
    });
    pair.end.submit(1, {"GET", "ship"}, 0s);
    pair.drive();
    return pair;
  }

  /// From `first` on, until all buffers are out, those of the progress reserve included.
  void fill_from(std::size_t first) {
    for (std::size_t i = first; i < pairs_.size() && waiting() == 0; ++i) stall(i);
    REQUIRE(waiting() == 1);
    take_rest();
  }

  /// So that there is no small buffer left, either, and just room for the texts of errors.
  void take_rest() {
    for (std::size_t bytes = segment_bytes; bytes > 0; bytes /= 2) {
      while (rest_.grow(bytes)) {
      }
    }
    rest_.shrink(chunk_bytes / 2);
  }

  void advance(Duration duration) {
    for (Duration passed{}; passed < duration; passed += step) {
      for (const auto& pair : pairs_) {
        pair->end.advance(step);
        pair->drive();
      }
    }
  }

  /// Until `pair` has said something; how long that took, `most` at most.
  Duration advance_until_said(Pair& pair, Lines& said, Duration most) {
    Duration passed{};
    for (said = pair.end.take_events(); said.empty() && passed < most; passed += step) {
      advance(step);
      said = pair.end.take_events();
    }
    return passed;
  }

  Budget& budget() { return budget_; }
  std::size_t waiting() const { return budget_.statistics().pool(PoolKind::replies).waiting; }
  std::size_t used() const { return budget_.statistics().pool(PoolKind::replies).used; }
  const std::vector<std::unique_ptr<Pair>>& pairs() const { return pairs_; }

 private:
  TestMemory memory_;
  Budget budget_;
  AccountHandle rest_account_ = budget_.open_account(PoolKind::replies);
  Charge rest_{*rest_account_};
  std::vector<std::unique_ptr<Pair>> pairs_;
};

TEST_CASE("37 peers that stall in mid-reply on a line of 4 MiB keep nobody waiting for long") {
  Crowd crowd(4 * mebibyte, 38);
  Pair& healthy = crowd.at(0);
  for (std::size_t i = 1; i <= 37; ++i) crowd.stall(i);
  crowd.take_rest();
  healthy.end.submit(1, {"ECHO", "healthy"}, 0s);
  healthy.drive();
  REQUIRE(healthy.end.take_events().empty());
  REQUIRE(healthy.end.client().statistics().in_flight == 1);

  Lines said;
  CHECK(crowd.advance_until_said(healthy, said, 30s) <= fair_wait);
  CHECK(said == Lines{"1: \"healthy\""});
  CHECK(crowd.waiting() == 0);
}

TEST_CASE("however many peers stall, those who come behind them are served in rounds") {
  Crowd crowd(4 * mebibyte, 151);
  Pair& healthy = crowd.at(150);
  for (std::size_t i = 0; i < 150; ++i) crowd.stall(i);
  healthy.end.submit(1, {"ECHO", "healthy"}, 0s);

  Lines said;
  CHECK(crowd.advance_until_said(healthy, said, 30s) <= 5 * fair_wait);
  CHECK(said == Lines{"1: \"healthy\""});
}

TEST_CASE("a peer that sends drop by drop in the middle of a reply is one that stalls") {
  Crowd crowd(4 * mebibyte, 38);
  Pair& healthy = crowd.at(0);
  for (std::size_t i = 1; i <= 37; ++i) crowd.stall(i);
  healthy.end.submit(1, {"ECHO", "healthy"}, 0s);
  Lines said;
  for (int i = 0; i < 500 && said.empty(); ++i) {
    for (const auto& pair : crowd.pairs()) {
      if (pair.get() != &healthy) pair->undelivered += 'x';
    }
    crowd.advance(step);
    said = healthy.end.take_events();
  }
  CHECK(said == Lines{"1: \"healthy\""});
  CHECK(healthy.end.now() - Instant{} <= fair_wait);
}

TEST_CASE("whose reply is given up is told that memory was missing, and that the server ran it") {
  Crowd crowd(4 * mebibyte, 60);
  crowd.fill_from(0);
  crowd.advance(fair_wait);
  Pair& stalled = crowd.at(0);
  CHECK(stalled.end.take_events() == Lines{"1: out_of_memory (yes)"});
  CHECK_THAT(stalled.end.last_error().what, ContainsSubstring("memory was missing"));
  CHECK(stalled.end.client().statistics().counters.replies_skipped == 1);

  // The connection goes on where the server does.
  stalled.end.submit(2, {"ECHO", "again"}, 0s);
  stalled.peer.set_script([](const testing::Words& words) {
    return std::string(50'000, 'x') + "\r\n" + testing::Peer::default_reply(words);
  });
  stalled.drive();
  CHECK(stalled.end.take_events() == Lines{"2: \"again\""});
  CHECK(stalled.end.client().statistics().counters.connections_lost == 0);
}

TEST_CASE("half an error reply that is given up may be of a call that has run, or not") {
  Crowd crowd(4 * mebibyte, 60);
  Pair& stalled = crowd.stall(0, "!100\r\nERR half of");
  crowd.fill_from(1);
  crowd.advance(fair_wait);
  CHECK(stalled.end.take_events() == Lines{"1: out_of_memory (maybe)"});
}

TEST_CASE("nothing is given up while nobody waits for memory") {
  Crowd crowd(4 * mebibyte, 1);
  Pair& stalled = crowd.stall(0);
  crowd.advance(2s);
  CHECK(stalled.end.take_events().empty());
  stalled.undelivered += std::string(50'000, 'x') + "\r\n";
  stalled.drive();
  CHECK(stalled.end.take_events().size() == 1);
}

TEST_CASE("half a push, or half a line, costs the connection, and the text says why") {
  for (const std::string half : {">2\r\n$10\r\ninvalidate\r\n*1\r\n$5\r\nsh", "$5"}) {
    Crowd crowd(4 * mebibyte, 60);
    Pair& stalled = crowd.stall(0, half);
    crowd.fill_from(1);
    crowd.advance(fair_wait);
    CHECK(stalled.end.client().statistics().counters.connections_lost == 1);
    CHECK_THAT(stalled.end.client().statistics().last_problem.what,
               ContainsSubstring("memory was missing"));
  }
}

TEST_CASE("a call that times out while its connection cannot be read says who has the memory") {
  Crowd crowd(4 * mebibyte, 60);
  Pair& healthy = crowd.at(0);
  crowd.fill_from(1);
  healthy.end.submit(1, {"ECHO", "healthy"}, 100ms);
  healthy.drive();
  crowd.advance(100ms);
  CHECK(healthy.end.take_events() == Lines{"1: timed_out (maybe)"});
  const std::string text = healthy.end.last_error().what;
  CHECK_THAT(text, ContainsSubstring("memory was missing"));
  CHECK_THAT(text, ContainsSubstring("The replies pool has ") && ContainsSubstring(" MiB of "));
  CHECK_THAT(text, ContainsSubstring(" in use, by ") && ContainsSubstring("has most: 68 KiB"));
  CHECK_THAT(text, ContainsSubstring("connections that wait: 2"));
}

TEST_CASE("connections that wait for memory are counted, until they are read or gone") {
  Crowd crowd(4 * mebibyte, 60);
  Pair& healthy = crowd.at(0);
  Pair& closing = crowd.at(1);
  crowd.fill_from(2);
  for (Pair* pair : {&healthy, &closing}) {
    pair->end.submit(1, {"ECHO", "one"}, 0s);
    pair->drive();
  }
  CHECK(crowd.waiting() == 3);
  closing.end.abort();
  CHECK(crowd.waiting() == 2);
  crowd.advance(fair_wait);
  CHECK(healthy.end.take_events() == Lines{"1: \"one\""});
  CHECK(crowd.waiting() == 0);
}

// All of the replies pool, and the progress reserve: somebody keeps replies.
class Hog {
 public:
  explicit Hog(Budget& budget) : account_(budget.open_account(PoolKind::replies)) {
    const std::size_t used = budget.statistics().pool(PoolKind::replies).used;
    charge_ = Charge(*account_);
    REQUIRE(charge_.grow(budget.limit(PoolKind::replies) - used));
    for (Segment*& segment : reserve_) segment = budget.progress_reserve().take(this);
    REQUIRE(reserve_.back() != nullptr);
  }
  ~Hog() { release(); }

  void release() {
    charge_.shrink(charge_.bytes());
    for (Segment*& segment : reserve_) {
      if (segment != nullptr) plimsoll::release(*std::exchange(segment, nullptr));
    }
  }

 private:
  AccountHandle account_;
  Charge charge_;
  std::array<Segment*, progress_reserve_segments> reserve_{};
};

TEST_CASE("half a line within a reply that was given up costs the connection") {
  Crowd crowd(4 * mebibyte, 3);
  Pair& stalled = crowd.stall(0, "*2\r\n$3");
  Hog hog(crowd.budget());
  crowd.at(1).end.submit(1, {"ECHO", "one"}, 0s);
  crowd.at(1).drive();
  crowd.advance(fair_wait + stall_check_interval);
  const Lines said = stalled.end.take_events();
  CHECK(said == Lines{"1: out_of_memory (yes)", "disconnected: connection_lost", "ready"});
  CHECK(crowd.at(1).end.take_events() == Lines{"1: \"one\""});
}

TEST_CASE("a connection that waits for memory is not dead, whatever its server owes") {
  TestMemory memory;
  Budget budget({.memory_limit = 4 * mebibyte}, memory);
  Pair pair({}, budget);
  pair.connect();
  Hog hog(budget);
  pair.end.submit(1, {"ECHO", "one"}, 100ms);
  for (int i = 0; i < 2000; ++i) {
    pair.drive();
    pair.end.advance(10ms);
  }
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  CHECK(pair.end.client().statistics().counters.connections_dead == 0);
  hog.release();
  pair.drive();
  pair.end.submit(2, {"ECHO", "two"}, 0s);
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"2: \"two\""});
}

TEST_CASE("a buffer in which nothing is needed goes back while its server owes a reply") {
  Crowd crowd(4 * mebibyte, 1);
  Pair& pair = crowd.at(0);
  pair.end.submit(1, {"ECHO", "one"}, 0s);
  pair.end.submit(2, {"ECHO", "two"}, 0s);
  pair.end.write();
  pair.end.receive("$3\r\none\r\n");
  REQUIRE(crowd.used() >= chunk_bytes);
  crowd.advance(2 * stall_check_interval);
  CHECK(crowd.used() == 0);
  pair.end.receive("$3\r\ntwo\r\n");
  CHECK(pair.end.take_events() == Lines{"1: \"one\"", "2: \"two\""});
}

}  // namespace
}  // namespace plimsoll::stalled_peers_test
