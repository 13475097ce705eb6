#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/tests/core/client/pair.h"

// A server that falls silent in the middle of a reply: what was read of it is not kept for longer
// than somebody waits for it.

namespace plimsoll::half_reply_test {
namespace {

using namespace std::chrono_literals;
using testing::Lines;
using testing::Pair;
using testing::TestMemory;

TEST_CASE("half a reply whose request has ended holds nobody else up") {
  TestMemory memory;
  Budget budget({}, memory);
  Pair stuck({}, budget);
  Pair other({}, budget);
  stuck.connect();
  other.connect();
  // All of the pool: what comes now is read into the reserve.
  const AccountHandle account = budget.open_account(PoolKind::replies);
  Charge hog(*account);
  const std::size_t used = budget.statistics().pool(PoolKind::replies).used;
  REQUIRE(hog.grow(budget.limit(PoolKind::replies) - used));
  stuck.end.submit(1, {"ECHO", "stuck"}, 100ms);
  stuck.end.write();
  stuck.end.receive("$5\r\nst");
  other.end.submit(1, {"ECHO", "other"}, 0s);
  other.drive();
  CHECK(other.end.take_events().empty());
  stuck.end.advance(100ms);
  CHECK(stuck.end.take_events() == Lines{"1: timed_out (maybe)"});
  other.drive();
  CHECK(other.end.take_events() == Lines{"1: \"other\""});

  stuck.end.receive("uck\r\n");
  stuck.end.submit(2, {"ECHO", "again"}, 0s);
  stuck.drive();
  CHECK(stuck.end.take_events() == Lines{"2: \"again\""});
}

TEST_CASE("large half a reply whose request has ended gives back its memory") {
  Pair pair;
  pair.connect();
  pair.end.submit(1, {"ECHO", "stuck"}, 100ms);
  pair.end.write();
  pair.end.receive("$5000000\r\n" + std::string(4'000'000, 'x'));
  pair.end.advance(100ms);
  CHECK(pair.end.take_events() == Lines{"1: timed_out (maybe)"});
  CHECK(pair.end.segments_in_use() <= 1);
  pair.end.receive(std::string(1'000'000, 'x') + "\r\n");
  pair.end.submit(2, {"ECHO", "again"}, 0s);
  pair.drive();
  CHECK(pair.end.take_events() == Lines{"2: \"again\""});
}

}  // namespace
}  // namespace plimsoll::half_reply_test
