#include "plimsoll/core/client/credit_window.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/base/time.h"
#include "plimsoll/core/memory/account.h"
#include "plimsoll/core/memory/budget.h"
#include "plimsoll/core/memory/segment.h"
#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::credit_window_test {
namespace {

using namespace std::chrono_literals;
using testing::Filling;
using testing::TestBudget;

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr std::size_t bytes_min = CreditWindow::window_bytes_min;
constexpr std::size_t first = CreditWindow::first_window_bytes;
constexpr std::size_t bytes_max = CreditWindow::window_bytes_max;

struct World {
  explicit World(std::size_t memory_limit = 64 * mebibyte)
      : line({.memory_limit = memory_limit}),
        account(line.budget.open_account(PoolKind::replies)) {}

  std::size_t used() const { return line.used(PoolKind::replies); }

  // What a bridge without end does with a credit, on a connection that is read at once.
  void use(CreditWindow& window, std::size_t bytes) {
    REQUIRE(window.handle_received(bytes, now));
    window.handle_taken(bytes);
  }
  void use_all(CreditWindow& window) { use(window, window.granted_bytes()); }

  TestBudget line;
  AccountHandle account;
  Instant now{100s};
};

TEST_CASE(
    "what is granted is charged before, and a connection that is idle keeps the first window") {
  World world;
  CreditWindow window(*world.account);
  CHECK(world.used() == 0);

  CHECK(window.poll_grant() == first);
  CHECK(world.used() == first);
  CHECK(window.granted_bytes() == first);
  CHECK(window.poll_grant() == 0);
  CHECK(world.used() == first);
}

TEST_CASE("bytes stay charged while they wait unread, and no longer") {
  World world;
  CreditWindow window(*world.account);
  static_cast<void>(window.poll_grant());
  REQUIRE(window.handle_received(10'000, world.now));
  CHECK(window.unread_bytes() == 10'000);
  CHECK(world.used() == first);
  window.handle_taken(4'000);
  CHECK(world.used() == first - 4'000);
  window.handle_taken(6'000);
  CHECK(world.used() == first - 10'000);
}

TEST_CASE("what waits unread is not granted anew") {
  World world;
  CreditWindow window(*world.account);
  static_cast<void>(window.poll_grant());
  REQUIRE(window.handle_received(first, world.now));
  // It has grown by what came.
  CHECK(window.poll_grant() == first);
  REQUIRE(window.handle_received(first, world.now));
  CHECK(window.poll_grant() == 0);
}

TEST_CASE("more than was granted is refused, and changes nothing") {
  World world;
  CreditWindow window(*world.account);
  CHECK_FALSE(window.handle_received(1, world.now));
  static_cast<void>(window.poll_grant());
  CHECK_FALSE(window.handle_received(first + 1, world.now));
  CHECK(window.handle_received(first, world.now));
  CHECK_FALSE(window.handle_received(1, world.now));
  CHECK(window.granted_bytes() == 0);
  CHECK(window.unread_bytes() == first);
}

TEST_CASE("a window is topped up when half of it is used, and not before") {
  World world;
  CreditWindow window(*world.account, first);
  static_cast<void>(window.poll_grant());
  world.use(window, first / 2 - 1);
  CHECK(window.poll_grant() == 0);
  world.use(window, 1);
  CHECK(window.poll_grant() == first / 2);
  CHECK(window.granted_bytes() == first);
}

TEST_CASE("a window doubles each time that all of it comes, up to its bound") {
  World world;
  CreditWindow window(*world.account);
  std::vector<std::size_t> granted;
  for (int i = 0; i < 7; ++i) {
    granted.push_back(window.poll_grant());
    world.use_all(window);
  }
  CHECK(granted == std::vector<std::size_t>{first, 2 * first, 4 * first, 8 * first, bytes_max,
                                            bytes_max, bytes_max});
}

TEST_CASE("an owner's own bound holds, below the first window and above") {
  World world;
  CreditWindow small(*world.account, bytes_min);
  CHECK(small.poll_grant() == bytes_min);
  world.use_all(small);
  CHECK(small.poll_grant() == bytes_min);

  CreditWindow large(*world.account, bytes_max + 1);
  while (large.granted_bytes() <= bytes_max) {
    world.use_all(large);
    REQUIRE(large.poll_grant() > 0);
    REQUIRE(large.granted_bytes() <= bytes_max + 1);
  }
}

TEST_CASE("after a burst the window is small again, once what was granted is used") {
  World world;
  CreditWindow window(*world.account);
  while (window.poll_grant() < bytes_max) world.use_all(window);
  world.now += CreditWindow::window_age_max;
  // A credit cannot be taken back...
  CHECK(world.used() == bytes_max);
  // ... but is not renewed by a little here and there.
  for (int second = 0; second < 300; ++second) {
    world.use(window, 1'000);
    static_cast<void>(window.poll_grant());
    world.now += CreditWindow::window_age_max;
  }
  CHECK(world.used() <= first + 1'000);
}

TEST_CASE("with the pool full, what was charged once is granted again and again") {
  World world;
  CreditWindow window(*world.account);
  static_cast<void>(window.poll_grant());
  Filling others(world.line.budget);
  REQUIRE(others.full());
  world.use_all(window);
  CHECK(world.used() == others.of(PoolKind::replies).bytes() + bytes_min);
  {
    Filling rest(world.line.budget);
    for (int i = 0; i < 100; ++i) {
      CHECK(window.poll_grant() == bytes_min);
      world.use(window, bytes_min / 2);
      CHECK(window.poll_grant() == bytes_min / 2);
      world.use_all(window);
    }
  }
}

TEST_CASE("with the pool full from the first a window is starved, until there is memory") {
  World world;
  CreditWindow window(*world.account);
  auto others = std::make_unique<Filling>(world.line.budget);
  CHECK(window.poll_grant() == 0);
  CHECK(window.is_starved());
  others.reset();
  CHECK(window.poll_grant() == first);
  CHECK_FALSE(window.is_starved());
}

TEST_CASE("a lowered line is followed by the next grant") {
  World world;
  CreditWindow window(*world.account);
  while (window.poll_grant() < bytes_max) world.use_all(window);
  world.use_all(window);
  REQUIRE(world.line.budget.set_memory_limit(memory_limit_min).ok());
  const std::size_t granted = window.poll_grant();
  CHECK(granted > 4 * bytes_min);
  CHECK(granted < first);
}

TEST_CASE("the end of a connection keeps the least, and the end of the window nothing") {
  World world;
  {
    CreditWindow window(*world.account);
    static_cast<void>(window.poll_grant());
    REQUIRE(window.handle_received(100, world.now));
    window.handle_closed();
    CHECK(world.used() == bytes_min);
    CHECK(window.granted_bytes() == 0);
    CHECK(window.unread_bytes() == 0);

    // So that whoever comes back can log in, whatever memory there is.
    Filling others(world.line.budget);
    CHECK(window.poll_grant() == bytes_min);
  }
  CHECK(world.used() == 0);
}

TEST_CASE("seventeen busy connections under the smallest line leave room to read to") {
  World world(memory_limit_min);
  std::vector<std::unique_ptr<CreditWindow>> windows;
  for (int i = 0; i < 17; ++i) {
    windows.push_back(std::make_unique<CreditWindow>(*world.account));
    CHECK(windows.back()->poll_grant() >= 6 * bytes_min);
  }
  CHECK(world.used() <= world.line.of(PoolKind::replies).share * 3 / 5);

  for (int round = 0; round < 100; ++round) {
    for (auto& window : windows) {
      world.use_all(*window);
      CHECK(window->poll_grant() > 0);
    }
    world.now += 100ms;
  }
  CHECK(world.used() <= world.line.of(PoolKind::replies).share * 3 / 5);
  Segment* const read_to = acquire_segment(*world.account);
  REQUIRE(read_to != nullptr);
  release(*read_to);
}

TEST_CASE("as many connections as a client may have never take all of the smallest line") {
  World world(memory_limit_min);
  std::vector<std::unique_ptr<CreditWindow>> windows;
  for (int i = 0; i < 64; ++i) {
    windows.push_back(std::make_unique<CreditWindow>(*world.account));
    CHECK(windows.back()->poll_grant() >= bytes_min);
  }
  Segment* const read_to = acquire_segment(*world.account);
  REQUIRE(read_to != nullptr);
  release(*read_to);
}

}  // namespace
}  // namespace plimsoll::credit_window_test
