#include "plimsoll/stream_position.h"

#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

// Which request a reader of streams sends next, with the time as an argument.

namespace plimsoll::testing::stream_position_test {
namespace {

using namespace std::chrono_literals;
using native::StreamEntries;
using native::detail::StreamPosition;

std::vector<StreamEntries> came(const std::string& id) {
  StreamEntries part;
  part.stream = "s";
  part.entries.push_back({.id = id, .fields = {}});
  return {part};
}

bool asks_behind(const StreamPosition& position, const std::string& id) {
  return position.pending_request().encoded.ends_with("\r\n" + id + "\r\n");
}

TEST_CASE("what the server gave to a lost call is looked for once that can be over") {
  TestBudget test;
  const AccountHandle requests = test.budget.open_account(PoolKind::requests);
  native::StreamReaderOptions options;
  options.group = "g";
  options.consumer = "c";
  options.streams = {"s"};
  StreamPosition position(options, *requests);
  std::vector<StreamEntries> none;
  position.handle_pending(none);
  std::vector<StreamEntries> first = came("1-0");
  position.handle_fresh(first);

  const StreamPosition::Clock::time_point lost{1h};
  position.read_pending_again();
  position.expect_lost(lost);
  CHECK(asks_behind(position, "1-0"));
  position.handle_pending(none);
  CHECK_FALSE(position.has_pending());
  // The lost call is given 2-0 now, and the reader 3-0 and 10-0.
  std::vector<StreamEntries> third = came("3-0");
  position.handle_fresh(third);
  std::vector<StreamEntries> tenth = came("10-0");
  position.handle_fresh(tenth);
  CHECK(position.fresh_request(lost + 5s, StreamPosition::Clock::time_point::max()).block == 1s);
  position.look_again(lost + 5s);
  CHECK_FALSE(position.has_pending());

  position.look_again(lost + 6s);
  REQUIRE(position.has_pending());
  CHECK(asks_behind(position, "1-0"));
  std::vector<StreamEntries> second = came("2-0");
  position.handle_pending(second);
  CHECK(asks_behind(position, "2-0"));
  position.handle_pending(none);
  // A later loss goes on behind the last entry.
  position.read_pending_again();
  CHECK(asks_behind(position, "10-0"));
}

}  // namespace
}  // namespace plimsoll::testing::stream_position_test
