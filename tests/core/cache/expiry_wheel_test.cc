#include "plimsoll/core/cache/expiry_wheel.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/memory/test_budget.h"

namespace plimsoll::testing::expiry_wheel_test {
namespace {

using cache::ExpiryLink;
using cache::ExpiryWheel;

struct Wheel {
  bool add(ExpiryLink& link, Instant at) {
    link.at = at;
    if (!wheel.reserve(at)) return false;
    wheel.add(link);
    return true;
  }

  // All that has expired by `now`; it counts the steps.
  std::vector<ExpiryLink*> expire(Instant now) {
    std::vector<ExpiryLink*> expired;
    for (;; ++steps) {
      const ExpiryWheel::Result result = wheel.advance(now);
      if (result.step == ExpiryWheel::Step::idle) break;
      if (result.expired == nullptr) continue;
      wheel.remove(*result.expired);
      expired.push_back(result.expired);
    }
    wheel.validate();
    return expired;
  }

  TestBudget test;
  AccountHandle account = test.budget.open_account(PoolKind::cache);
  BoundedMemory memory{*account, 1'000'000};
  ExpiryWheel wheel{memory};
  std::size_t steps = 0;
};

TEST_CASE("a wheel costs nothing until something expires, and nothing afterwards") {
  Wheel wheel;
  CHECK(wheel.wheel.next() == never);
  CHECK(wheel.expire(Instant(std::chrono::hours(1))).empty());
  CHECK(wheel.memory.bytes() == 0);
  ExpiryLink link;
  const Instant at{std::chrono::hours(2)};
  const std::size_t bytes = wheel.wheel.bytes_to_reserve(at);
  CHECK(wheel.wheel.bytes_when_empty(at) == bytes);
  REQUIRE(wheel.add(link, at));
  CHECK(wheel.memory.bytes() == bytes);
  CHECK(wheel.memory.bytes() == wheel.wheel.validate());
  wheel.wheel.remove(link);
  CHECK(wheel.memory.bytes() == 0);
}

TEST_CASE("an entry goes neither before its time nor a tick after") {
  for (const std::int64_t nanoseconds :
       {std::int64_t{0}, std::int64_t{1}, ExpiryWheel::tick.count(), ExpiryWheel::tick.count() + 1,
        std::int64_t{3'600'000'000'000}, std::int64_t{1} << 60}) {
    INFO(nanoseconds << " ns");
    Wheel wheel;
    ExpiryLink link;
    const Instant at{Duration(nanoseconds)};
    REQUIRE(wheel.add(link, at));
    CHECK(wheel.wheel.next() <= at + ExpiryWheel::tick);
    if (nanoseconds > 0) CHECK(wheel.expire(at - Duration(1)).empty());
    CHECK(wheel.expire(at + ExpiryWheel::tick).size() == 1);
  }
}

TEST_CASE("what had expired before it came goes at once") {
  Wheel wheel;
  wheel.expire(Instant(std::chrono::hours(5)));
  ExpiryLink late;
  ExpiryLink before_zero;
  REQUIRE(wheel.add(late, Instant(std::chrono::hours(1))));
  REQUIRE(wheel.add(before_zero, Instant(std::chrono::hours(-1))));
  CHECK(wheel.wheel.next() <= Instant(std::chrono::hours(5)));
  wheel.wheel.validate();
  CHECK(wheel.expire(Instant(std::chrono::hours(5))).size() == 2);
}

TEST_CASE("the last instants are as good as any") {
  Wheel wheel;
  ExpiryLink link;
  REQUIRE(wheel.add(link, never - Duration(1)));
  CHECK(wheel.wheel.next() < never);
  CHECK(wheel.expire(never - ExpiryWheel::tick * 2).empty());
  CHECK(wheel.wheel.next() < never);
  wheel.wheel.remove(link);
}

TEST_CASE("an entry moves once for each level at most, however long it waits") {
  Wheel wheel;
  ExpiryLink link;
  REQUIRE(wheel.add(link, Instant(std::chrono::hours(24 * 365))));
  for (int day = 1; day < 365; ++day) wheel.expire(Instant(std::chrono::hours(24 * day)));
  CHECK(wheel.steps <= 10);
  wheel.wheel.remove(link);
}

TEST_CASE("a wheel that has no memory for a level says so and keeps what it has") {
  Wheel wheel;
  ExpiryLink link;
  wheel.test.memory.refuse_one_after(2);
  CHECK_FALSE(wheel.add(link, Instant(std::chrono::hours(24))));
  wheel.wheel.trim();
  CHECK(wheel.memory.bytes() == 0);
  REQUIRE(wheel.add(link, Instant(std::chrono::hours(24))));
  wheel.wheel.remove(link);
}

TEST_CASE("entries go in the order of their ticks, at the times at which a list says") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    std::minstd_rand random(seed);
    Wheel wheel;
    std::vector<ExpiryLink> links(200);
    std::vector<ExpiryLink*> waiting;
    Instant now{Duration(static_cast<std::int64_t>(random()) << (seed % 20))};
    for (ExpiryLink& link : links) {
      const Duration wait(static_cast<std::int64_t>(1 + random() % 1024) << (random() % 40));
      REQUIRE(wheel.add(link, now + wait));
      waiting.push_back(&link);
      if (random() % 4 == 0) {
        wheel.wheel.remove(*waiting.front());
        waiting.erase(waiting.begin());
      }
      if (random() % 2 == 0) continue;
      now += ExpiryWheel::tick * static_cast<std::int64_t>(std::uint64_t{1} << random() % 20);
      const std::vector<ExpiryLink*> expired = wheel.expire(now);
      const auto end_of_tick = [](const ExpiryLink* one) {
        return (one->at.time_since_epoch().count() - 1) >> ExpiryWheel::tick_bits;
      };
      REQUIRE(std::ranges::is_sorted(expired, {}, end_of_tick));
      const Instant begun{now.time_since_epoch() / ExpiryWheel::tick * ExpiryWheel::tick};
      const std::size_t expected =
          std::erase_if(waiting, [&](const ExpiryLink* one) { return one->at <= begun; });
      REQUIRE(expired.size() == expected);
      Instant first = never;
      for (const ExpiryLink* one : waiting) first = std::min(first, one->at);
      if (first < never) REQUIRE(wheel.wheel.next() <= first + ExpiryWheel::tick);
    }
    for (ExpiryLink* const one : waiting) wheel.wheel.remove(*one);
    CHECK(wheel.memory.bytes() == 0);
  }
}

}  // namespace
}  // namespace plimsoll::testing::expiry_wheel_test
