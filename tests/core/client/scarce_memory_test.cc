#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/client/pair.h"

// What happens where there is no room: for replies, for pushes, for requests.

namespace plimsoll::scarce_memory_test {
namespace {

using namespace std::chrono_literals;
using testing::bulk_reply;
using testing::Lines;
using testing::Pair;

constexpr std::size_t mebibyte = 1024 * 1024;

// Somebody else who has all of the replies pool, the progress reserve included.
class Hog {
 public:
  explicit Hog(Budget& budget)
      : budget_(budget), account_(budget.open_account(PoolKind::replies)), charge_(*account_) {}

  void take_pool() {
    const std::size_t used = budget_.statistics().pool(PoolKind::replies).used;
    REQUIRE(charge_.grow(budget_.limit(PoolKind::replies) - used));
  }
  void take_reserve() {
    for (Segment*& segment : reserve_) segment = budget_.progress_reserve().take(this);
  }
  void release() {
    charge_.shrink(charge_.bytes());
    for (Segment*& segment : reserve_) {
      if (segment != nullptr) plimsoll::release(*std::exchange(segment, nullptr));
    }
  }
  ~Hog() { release(); }

 private:
  Budget& budget_;
  AccountHandle account_;
  Charge charge_;
  std::array<Segment*, progress_reserve_segments> reserve_{};
};

TEST_CASE("a reply over reply_bytes_max is skipped, and its neighbours complete") {
  Pair pair({.reply_bytes_max = 4096});
  pair.connect();
  pair.end.submit(1, {"ECHO", "before"});
  pair.end.submit(2, {"ECHO", std::string(4097, 'x')});
  pair.end.submit(3, {"ECHO", "behind"});
  pair.drive();

  CHECK(pair.end.take_events() ==
        Lines{"1: \"before\"", "2: reply_too_large (yes)", "3: \"behind\""});
  CHECK(pair.end.last_error().value > 4097);
  CHECK(pair.end.client().statistics().counters.replies_skipped == 1);
}

TEST_CASE("a reply that nests too deeply, or has too long a line, fails only its own request") {
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += "*1\r\n";
  for (const auto& [reply, outcome, limit] :
       {std::tuple{deep + ":1\r\n", "2: reply_too_large (yes)", "nesting_depth_max"},
        std::tuple{"+" + std::string(17'000, 'a') + "\r\n", "2: reply_too_large (yes)",
                   "line_bytes_max"},
        std::tuple{"-ERR " + std::string(17'000, 'a') + "\r\n", "2: reply_too_large (maybe)",
                   "line_bytes_max"},
        std::tuple{"(" + std::string(17'000, '7') + "\r\n", "2: reply_too_large (yes)",
                   "line_bytes_max"}}) {
    Pair pair;
    pair.connect();
    for (Tag tag = 1; tag <= 3; ++tag) pair.end.submit(tag, {"GET", "ship"});
    pair.end.write();
    pair.end.receive(":1\r\n");
    const std::uint64_t before = pair.end.client().statistics().counters.bytes_read;
    pair.end.receive_in_pieces(reply, 1000);
    pair.end.receive(":3\r\n");
    CHECK(pair.end.take_events() == Lines{"1: 1", outcome, "3: 3"});
    CHECK(std::string(pair.end.last_error().expected).find(limit) != std::string::npos);
    CHECK(pair.end.last_error().offset >= before);
    CHECK(pair.end.last_error().offset < before + reply.size());
    CHECK(pair.end.client().statistics().counters.replies_skipped == 1);
  }
}

TEST_CASE("whether a reply is too large does not depend on how it comes") {
  for (std::size_t size = 4080; size <= 4100; ++size) {
    Pair pair({.reply_bytes_max = 4096});
    pair.connect();
    const std::string reply = bulk_reply(std::string(size, 'x'));
    pair.end.submit(1, {"GET", "ship"});
    pair.end.submit(2, {"GET", "ship"});
    pair.end.write();
    pair.end.receive(reply);
    pair.end.receive_in_pieces(reply, 100);

    const std::uint64_t skipped = pair.end.client().statistics().counters.replies_skipped;
    CHECK(skipped == (reply.size() > 4096 ? 2 : 0));
  }
}

TEST_CASE("a reply larger than the pool streams past without holding memory") {
  Pair pair({}, {.memory_limit = mebibyte});
  pair.connect();
  pair.end.submit(1, {"ECHO", "large"}, 0s);
  pair.end.submit(2, {"ECHO", "behind"}, 0s);
  pair.end.write();
  pair.end.receive("$100000000\r\n");
  const std::string some(mebibyte, 'x');
  for (std::size_t left = 100'000'000; left > 0;) {
    const std::size_t part = std::min(left, some.size());
    REQUIRE(pair.end.receive(std::string_view(some).substr(0, part)) == part);
    left -= part;
  }
  CHECK(pair.end.segments_in_use() <= 3);
  pair.end.receive("\r\n" + bulk_reply("behind"));

  CHECK(pair.end.take_events() == Lines{"1: reply_too_large (yes)", "2: \"behind\""});
}

TEST_CASE("a push that does not fit is skipped and counted, and no request notices") {
  Pair pair({.reply_bytes_max = 4096});
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"});
  pair.end.write();
  pair.end.receive(">1\r\n" + bulk_reply(std::string(5000, 'x')) + bulk_reply("one"));

  CHECK(pair.end.take_events() == Lines{"1: \"one\""});
  CHECK(pair.end.client().statistics().counters.pushes_skipped == 1);
}

TEST_CASE("with the replies pool dry the client is not read, and is again when it is not") {
  Pair pair;
  pair.connect();
  Hog hog(pair.end.budget());
  hog.take_pool();
  hog.take_reserve();
  pair.end.submit(1, {"ECHO", "one"}, 100ms);
  pair.end.submit(2, {"ECHO", "two"}, 0s);
  pair.drive();
  CHECK(pair.undelivered.size() == (bulk_reply("one") + bulk_reply("two")).size());
  pair.end.advance(100ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  hog.release();
  pair.drive();

  CHECK(pair.end.take_events() == Lines{"2: \"two\""});
}

TEST_CASE("where the allocator has no memory to read to, the client wants to be asked again") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "one"}, 0s);
  pair.peer.handle_bytes(pair.end.write());
  Hog hog(pair.end.budget());
  hog.take_reserve();
  pair.end.budget().reclaim();
  pair.end.memory().refuse_one_after(0);
  CHECK(pair.deliver() == 0);
  // Nobody will release any, so nobody will tell.
  const Instant again = pair.end.poll_timeout();
  CHECK(again > pair.end.now());
  CHECK(again < pair.end.now() + 1s);
  pair.end.advance(again - pair.end.now());
  CHECK(pair.deliver() > 0);
  CHECK(pair.end.take_events() == Lines{"1: \"one\""});
}

TEST_CASE("with the replies pool dry small replies go on by the reserve, one after the other") {
  Pair pair;
  pair.connect();
  Hog hog(pair.end.budget());
  hog.take_pool();
  for (Tag tag = 1; tag <= 100; ++tag) pair.end.submit(tag, {"ECHO", std::string(5000, 'x')}, 0s);
  pair.end.submit(101, {"ECHO", std::string(300'000, 'y')}, 0s);
  pair.end.submit(102, {"PING"}, 0s);
  pair.drive();

  const Lines events = pair.end.take_events();
  REQUIRE(events.size() == 102);
  for (std::size_t i = 0; i < 100; ++i) CHECK(events[i].size() > 5000);
  CHECK(events[100] == "101: reply_too_large (yes)");
  CHECK(events[101] == "102: simple \"PONG\"");
}

TEST_CASE("requests that do not fit the pool are refused until others were sent") {
  Pair pair({}, {.memory_limit = mebibyte, .borrowing = false});
  pair.connect();
  const std::string large(100'000, 'x');
  pair.end.submit(1, {"ECHO", large}, 0s);
  pair.end.submit(2, {"ECHO", large}, 0s);
  CHECK(pair.end.take_events() == Lines{"2: refused with rejected_by_limit (no)"});
  pair.end.write();
  pair.end.submit(3, {"ECHO", large}, 0s);
  CHECK(pair.end.take_events().empty());
}

TEST_CASE("a request that timed out unsent gives back its room at once") {
  Pair pair({}, {.memory_limit = mebibyte, .borrowing = false});
  pair.connect();
  const std::string large(100'000, 'x');
  pair.end.submit(1, {"ECHO", large}, 10ms);
  pair.end.advance(10ms);
  pair.end.submit(2, {"ECHO", large}, 0s);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (no)"});
}

}  // namespace
}  // namespace plimsoll::scarce_memory_test
