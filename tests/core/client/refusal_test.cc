#include <algorithm>
#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/account.h"
#include "plimsoll/tests/core/client/pair.h"

// One conversation that uses all kinds of memory, again and again: each allocation is refused once,
// and each pool is left with every amount up to what it needs. Whatever is refused, every request
// has its one outcome (ClientEnd sees to it), and the accounts balance (so does the Budget).

namespace plimsoll::refusal_test {
namespace {

using namespace std::chrono_literals;
using testing::Pair;
using testing::Words;

// So that each page comes from the source anew, and can be refused.
void give_back_kept_pages(Pair& pair) { pair.end.budget().reclaim(); }

std::string script(const Words& words) {
  if (words[0] != "LRANGE") return testing::Peer::default_reply(words);
  // More elements than a tape holds by itself and in a chunk, so that it needs a segment.
  std::string reply = ">2\r\n+push\r\n$3\r\nkey\r\n*1000\r\n";
  for (int i = 0; i < 1000; ++i) reply += ":" + std::to_string(i) + "\r\n";
  return reply;
}

void converse(Pair& pair) {
  pair.peer.set_script([&pair](const Words& words) {
    give_back_kept_pages(pair);
    return script(words);
  });
  Tag tag = 0;
  pair.end.submit(++tag, {"ECHO", "staged"}, 0s);
  pair.end.connect();
  pair.drive();
  for (int i = 0; i < 3; ++i) {
    pair.end.submit(++tag, {"LRANGE", "list", "0", "-1"}, 0s);
    pair.end.submit(++tag, {"ECHO", std::string(90'000, 'x')}, 0s);
    const auto cancelled = pair.end.submit(++tag, {"ECHO", "cancelled"}, 0s);
    pair.end.submit(++tag, {"PING"}, 0s);
    if (cancelled) pair.end.cancel(*cancelled);
    for (int j = 0; j < 100; ++j) pair.end.submit(++tag, {"PING"}, 0s);
    // Where there was no memory to read into, there is now.
    pair.drive();
    give_back_kept_pages(pair);
    pair.drive();
  }
  pair.end.close();
  pair.drive();
  pair.drive();
}

TEST_CASE("each allocation may be refused once") {
  std::size_t refusals = 0;
  for (;; ++refusals) {
    INFO("refused after " << refusals);
    Pair pair;
    pair.end.memory().refuse_one_after(refusals);
    converse(pair);
    CHECK(pair.end.pending_count() == 0);
    CHECK(pair.end.state() == Session::State::closed);
    CHECK(pair.end.bytes_in_use() <= 4096);
    if (!pair.end.memory().has_refused()) break;
  }
  CHECK(refusals > 20);
}

TEST_CASE("each pool may run dry at any point") {
  for (const PoolKind pool : {PoolKind::requests, PoolKind::replies, PoolKind::connections}) {
    for (std::size_t left = 0; left < 10 * segment_bytes; left += 20'011) {
      INFO(name(pool) << " has " << left << " bytes left");
      Pair pair;
      const AccountHandle account = pair.end.budget().open_account(pool);
      Charge taken(*account);
      const PoolStatistics before =
          pair.end.budget().statistics().pools[static_cast<std::size_t>(pool)];
      const std::size_t free = before.limit - before.used;
      // The connections pool has no limit of its own: it may have what is left of the line.
      const std::size_t line =
          pair.end.budget().statistics().limit - pair.end.budget().statistics().used;
      REQUIRE(taken.grow(std::min(free, line) - left));

      converse(pair);

      CHECK(pair.end.pending_count() == 0);
      CHECK(pair.end.state() == Session::State::closed);
    }
  }
}

}  // namespace
}  // namespace plimsoll::refusal_test
