#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/admission.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// What the line costs: steps for each who waits, which do not grow with their number.

namespace plimsoll::admission_cost_test {
namespace {

using namespace std::chrono_literals;
using testing::TestBudget;

constexpr std::size_t counts[] = {1'000, 4'000, 16'000, 64'000};
constexpr std::uint64_t steps_max = 8;

// So many who wait, with deadlines a millisecond apart.
class Waiters {
 public:
  explicit Waiters(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) join();
  }

  void join() {
    const Instant deadline(std::chrono::milliseconds(ids.size() + 1));
    const auto id = line.join(1, deadline, ids.size() + 1, {});
    REQUIRE(id.ok());
    ids.push_back(*id);
  }

  std::size_t tell_ended() {
    std::size_t told = 0;
    while (line.next_ended()) ++told;
    return told;
  }

  // Waiters whose deadlines are so many microseconds from now, in no order.
  void join_in_no_order(std::size_t count, std::size_t apart) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::chrono::microseconds deadline((i * 7919 % count + 1) * apart);
      const auto id = line.join(1, Instant(deadline), i, {});
      REQUIRE(id.ok());
      ids.push_back(*id);
      deadlines.push_back(Instant(deadline));
    }
  }

  std::uint64_t steps_each() const { return line.steps() / ids.size(); }

 private:
  TestBudget test_{{.memory_limit = 512 * 1024 * 1024}};
  AccountHandle account_ = test_.budget.open_account(PoolKind::requests);

 public:
  Admission line{*account_, 64'000};
  std::vector<RequestId> ids;
  std::vector<Instant> deadlines;  // by tag, of those who joined in no order
};

TEST_CASE("those who wait and are cancelled one by one cost the same each, in any order") {
  for (const std::size_t count : counts) {
    Waiters waiters(count);
    for (std::size_t i = 0; i < count; ++i) {
      waiters.line.cancel(waiters.ids[i * 7 % count]);
      REQUIRE(waiters.tell_ended() == 1);
    }
    CHECK(waiters.line.empty());
    CHECK(waiters.steps_each() <= steps_max);
  }
}

TEST_CASE("those who wait and are cancelled all at once cost the same each, in any order") {
  for (const std::size_t count : counts) {
    Waiters waiters(count);
    for (std::size_t i = 0; i < count; ++i) waiters.line.cancel(waiters.ids[i * 7 % count]);
    CHECK(waiters.tell_ended() == count);
    CHECK(waiters.steps_each() <= steps_max);
  }
}

TEST_CASE("those who wait in a full line, and of whom one after the other goes, cost the same") {
  Waiters waiters(64'000);
  for (std::size_t i = 0; i < 64'000; ++i) {
    waiters.line.cancel(waiters.ids[32'000 + i]);
    REQUIRE(waiters.tell_ended() == 1);
    waiters.join();
  }
  CHECK(waiters.line.size().waiters == 64'000);
  CHECK(waiters.steps_each() <= steps_max);
}

TEST_CASE("those who wait and whose deadlines pass one by one cost the same each") {
  for (const std::size_t count : counts) {
    Waiters waiters(count);
    for (std::size_t i = 0; i < count; ++i) {
      waiters.line.handle_timeout(waiters.line.next_deadline());
      REQUIRE(waiters.tell_ended() == 1);
    }
    CHECK(waiters.line.empty());
    CHECK(waiters.steps_each() <= steps_max);
  }
}

TEST_CASE("those who wait and whose deadlines pass in no order cost time by their number") {
  for (const std::size_t count : counts) {
    Waiters waiters(0);
    waiters.join_in_no_order(count, 10);
    const Duration lateness_max = DeadlineOrder::rest_each * count;
    const Duration exact = count <= DeadlineOrder::exact_max ? Duration() : lateness_max;
    Instant now;
    for (std::size_t told = 0; told < count;) {
      now = waiters.line.next_deadline();
      waiters.line.handle_timeout(now);
      while (const std::optional<Ended> ended = waiters.line.next_ended()) {
        ++told;
        const Instant deadline = waiters.deadlines[ended->tag];
        CHECK(deadline <= now);
        CHECK(now - deadline <= exact);
      }
      waiters.line.validate();
    }
    CHECK(waiters.line.empty());
    CHECK(waiters.line.next_deadline() == never);
    if (count <= DeadlineOrder::exact_max) continue;
    const std::uint64_t steps_in_time = (now - Instant()) / DeadlineOrder::rest_each;
    // Each of the last ones ends at its deadline.
    constexpr std::uint64_t exact_steps = DeadlineOrder::exact_max * DeadlineOrder::exact_max;
    // A walk that finds them, and one that tells of them.
    CHECK(waiters.line.steps() <= steps_max * count + 2 * (steps_in_time + exact_steps));
  }
}

TEST_CASE("those who wait in lanes cost the same each, however they leave") {
  for (const std::size_t count : counts) {
    Waiters waiters(count);
    WaiterLanes lanes;
    waiters.line.use_lanes(lanes);
    while (waiters.line.choose(0)) {
      const auto node = static_cast<NodeNumber>(waiters.line.first().tag % WaiterLanes::count_max);
      waiters.line.set_aside(lanes.find_or_take(node));
    }
    CHECK(lanes.waiters() == count);
    for (std::uint8_t lane = WaiterLanes::count_max; lane > 0; --lane) {
      while (waiters.line.choose(lane)) {
        waiters.line.leave();
        REQUIRE(waiters.tell_ended() == 0);
      }
    }
    CHECK(waiters.line.empty());
    // Each lane looks at each of them once.
    CHECK(waiters.steps_each() <= steps_max + WaiterLanes::count_max);
  }
}

}  // namespace
}  // namespace plimsoll::admission_cost_test
