#include "plimsoll/core/memory/line.h"

#include <algorithm>
#include <random>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::line_test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

// 16 MiB: 4 MiB each for requests and replies, 2 for pushes, 1 for connections, and the cache has
// the rest but for the reserve.
constexpr BudgetOptions sixteen{.memory_limit = 16 * mib,
                                .requests = {.bytes = 4 * mib},
                                .replies = {.bytes = 4 * mib},
                                .pushes = {.bytes = 2 * mib},
                                .connections = {.bytes = mib}};

Line drawn(BudgetOptions options = sixteen) { return {shares_of(options).value(), options}; }

void redraw(Line& line, BudgetOptions options) { line.draw(shares_of(options).value(), options); }

BudgetOptions fixed() {
  BudgetOptions options = sixteen;
  options.borrowing = false;
  return options;
}

bool grows(Line& line, PoolKind pool, std::size_t bytes) {
  const bool granted = line.grow(pool, bytes) == Line::Growth::allowed;
  line.validate();
  return granted;
}

void shrink(Line& line, PoolKind pool, std::size_t bytes) {
  line.shrink(pool, bytes);
  line.validate();
}

TEST_CASE("without borrowing a pool has its share to the byte") {
  Line line = drawn(fixed());
  CHECK(line.most(PoolKind::requests) == 4 * mib);
  CHECK(grows(line, PoolKind::requests, 4 * mib));
  CHECK_FALSE(grows(line, PoolKind::requests, 1));
  shrink(line, PoolKind::requests, 1);
  CHECK(grows(line, PoolKind::requests, 1));
}

TEST_CASE("a pool borrows what others leave idle, but for half of it; connections lend nothing") {
  Line line = drawn();
  const std::size_t most = line.most(PoolKind::requests);
  CHECK(line.reach(PoolKind::requests) == most);
  CHECK(most > 9 * mib);
  CHECK(grows(line, PoolKind::requests, most));
  CHECK_FALSE(grows(line, PoolKind::requests, 1));
  for (const PoolKind other : {PoolKind::cache, PoolKind::replies, PoolKind::pushes}) {
    const std::size_t kept = line.pool(other).share / 2;
    CHECK(line.pool(other).limit == kept);
    CHECK(grows(line, other, kept));
  }
  CHECK(grows(line, PoolKind::connections, mib));
  CHECK(line.used() == 16 * mib);
}

TEST_CASE("what is in use is not lent") {
  Line line = drawn();
  REQUIRE(grows(line, PoolKind::replies, 4 * mib));
  CHECK(line.reach(PoolKind::requests) + 2 * mib == line.most(PoolKind::requests));
}

TEST_CASE("pushes borrow nothing: what to do with too many of them was said") {
  Line line = drawn();
  CHECK(grows(line, PoolKind::pushes, 2 * mib));
  CHECK_FALSE(grows(line, PoolKind::pushes, 1));
}

TEST_CASE("what is borrowed goes back as it is released, and then the lender has it") {
  Line line = drawn();
  REQUIRE(grows(line, PoolKind::requests, line.most(PoolKind::requests)));
  REQUIRE(grows(line, PoolKind::replies, 2 * mib));
  CHECK_FALSE(grows(line, PoolKind::replies, 1));
  CHECK(line.pool(PoolKind::replies).starves);
  shrink(line, PoolKind::requests, mib);
  CHECK(grows(line, PoolKind::replies, mib));
}

TEST_CASE("who borrowed what another one lacks grows no more, and is to yield") {
  Line line = drawn();
  REQUIRE(grows(line, PoolKind::requests, 9 * mib));
  CHECK_FALSE(line.must_yield(PoolKind::requests));
  REQUIRE(grows(line, PoolKind::replies, 2 * mib));
  REQUIRE(grows(line, PoolKind::cache, 2 * mib));
  while (grows(line, PoolKind::replies, 1000)) {
  }
  CHECK_FALSE(grows(line, PoolKind::replies, 8 * mib));
  CHECK(line.must_yield(PoolKind::requests));
  CHECK(line.target(PoolKind::requests) == 4 * mib);
  shrink(line, PoolKind::requests, 2 * mib);
  CHECK_FALSE(grows(line, PoolKind::requests, 1));
  CHECK(grows(line, PoolKind::replies, 1000));
  line.forget_refusals();
  CHECK_FALSE(line.must_yield(PoolKind::requests));
  CHECK(grows(line, PoolKind::requests, 1));
}

TEST_CASE("a line that is lowered falls with what is used, and nothing grows before") {
  Line line = drawn();
  REQUIRE(grows(line, PoolKind::requests, 6 * mib));
  REQUIRE(grows(line, PoolKind::replies, 4 * mib));
  BudgetOptions lower = sixteen;
  lower.memory_limit = 8 * mib;
  lower.requests.bytes = lower.replies.bytes = 2 * mib;
  redraw(line, lower);
  line.validate();
  CHECK(line.target() == 8 * mib);
  CHECK(line.limit() == line.used());
  CHECK_FALSE(grows(line, PoolKind::cache, 1));
  CHECK(line.must_yield(PoolKind::requests));
  CHECK(line.target(PoolKind::requests) == 2 * mib);
  shrink(line, PoolKind::requests, mib);
  CHECK(line.limit() == line.used());
  shrink(line, PoolKind::requests, 5 * mib);
  CHECK(line.limit() == 8 * mib);
  CHECK_FALSE(line.must_yield(PoolKind::replies));
  CHECK(grows(line, PoolKind::cache, 1));
}

TEST_CASE("a line that is raised is in force at once") {
  Line line = drawn(fixed());
  REQUIRE(grows(line, PoolKind::requests, 4 * mib));
  BudgetOptions higher = fixed();
  higher.memory_limit = 32 * mib;
  higher.requests.bytes = 8 * mib;
  redraw(line, higher);
  CHECK(line.limit() == 32 * mib);
  CHECK(grows(line, PoolKind::requests, 4 * mib));
}

TEST_CASE("pages that change hands change no sum, and heed the pool's reach") {
  Line line = drawn(fixed());
  REQUIRE(grows(line, PoolKind::replies, mib));
  line.move_to_spare(PoolKind::replies, mib);
  line.validate();
  const std::size_t used = line.used();
  CHECK(line.move_from_spare(PoolKind::requests, mib / 2));
  line.validate();
  CHECK(line.used() == used);
  REQUIRE(grows(line, PoolKind::pushes, 2 * mib));
  CHECK_FALSE(line.move_from_spare(PoolKind::pushes, 1));
}

TEST_CASE("free pages are in the way of a full line, not of a full pool") {
  Line line = drawn(fixed());
  REQUIRE(grows(line, PoolKind::replies, mib));
  line.move_to_spare(PoolKind::replies, mib);
  for (const PoolKind pool :
       {PoolKind::replies, PoolKind::requests, PoolKind::pushes, PoolKind::connections}) {
    REQUIRE(grows(line, pool, line.pool(pool).share));
  }
  const std::size_t cache = line.pool(PoolKind::cache).share;
  CHECK(line.grow(PoolKind::cache, cache + 1) == Line::Growth::refused_by_pool);
  CHECK(line.grow(PoolKind::cache, cache) == Line::Growth::refused_by_line);
  shrink(line, PoolKind::spare, mib);
  CHECK(line.grow(PoolKind::cache, cache) == Line::Growth::allowed);
}

TEST_CASE("whatever is granted, released and drawn anew, all adds up below the line") {
  std::minstd_rand random(5);
  for (int world = 0; world < 50; ++world) {
    Line line = drawn(world % 4 == 0 ? fixed() : sixteen);
    for (int step = 0; step < 2000; ++step) {
      const auto pool = static_cast<PoolKind>(random() % shared_pools_count);
      const std::size_t bytes = random() % (2 * mib);
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          const bool fits = line.pool(pool).used + bytes <= line.reach(pool) &&
                            line.used() + bytes <= line.limit();
          CHECK(grows(line, pool, bytes) == fits);
          break;
        }
        case 3:
        case 4: shrink(line, pool, std::min(bytes, line.pool(pool).used)); break;
        case 5: line.move_to_spare(pool, std::min(bytes, line.pool(pool).used)); break;
        case 6: {
          const std::size_t free =
              line.pool(PoolKind::spare).used - progress_reserve_segments * segment_bytes;
          line.move_from_spare(pool, std::min(bytes, free));
          break;
        }
        case 7: {
          if (random() % 20 != 0) break;
          BudgetOptions other = sixteen;
          other.memory_limit = 12 * mib + random() % (12 * mib);
          other.borrowing = random() % 2 == 0;
          redraw(line, other);
          if (random() % 2 == 0) line.forget_refusals();
          break;
        }
      }
      line.validate();
      CHECK(line.used() <= line.limit());
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::line_test
