#include "plimsoll/core/memory/shares.h"

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::shares_test {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;
constexpr std::size_t reserve = progress_reserve_segments * segment_bytes;

std::size_t share(const BudgetOptions& options, PoolKind pool) {
  return shares_of(options).value()[static_cast<std::size_t>(pool)];
}

TEST_CASE("by default each pool has its part of what can be divided, and the cache the rest") {
  const BudgetOptions options{.memory_limit = 64 * mib};
  const std::size_t divisible = 64 * mib - reserve - mib;
  CHECK(share(options, PoolKind::requests) == divisible / 4);
  CHECK(share(options, PoolKind::replies) == divisible / 4);
  CHECK(share(options, PoolKind::pushes) == divisible / 10);
  CHECK(share(options, PoolKind::connections) == mib);
  CHECK(share(options, PoolKind::spare) == reserve);
  std::size_t sum = 0;
  for (std::size_t bytes : shares_of(options).value()) sum += bytes;
  CHECK(sum == 64 * mib);
}

TEST_CASE("bytes win over a ratio, and take nothing from what the other ratios are of") {
  const BudgetOptions options{.requests = {.ratio = 0.5, .bytes = 7 * mib}};
  CHECK(share(options, PoolKind::requests) == 7 * mib);
  CHECK(share(options, PoolKind::replies) == share({}, PoolKind::replies));
}

TEST_CASE("ratios may add up to the whole, as people write it") {
  const BudgetOptions options{.cache = {.ratio = 0.1},
                              .requests = {.ratio = 0.2},
                              .replies = {.ratio = 0.3},
                              .pushes = {.ratio = 0.4}};
  CHECK(shares_of(options).ok());
}

TEST_CASE("bytes may add up to the line to the byte, the reserve and the connections counted") {
  BudgetOptions options{.memory_limit = 16 * mib,
                        .cache = {.bytes = 0},
                        .requests = {.bytes = 4 * mib},
                        .replies = {.bytes = 4 * mib},
                        .pushes = {.bytes = 4 * mib},
                        .connections = {.bytes = 4 * mib - reserve}};
  CHECK(shares_of(options).ok());
  options.cache.bytes = 1;
  const Error over = shares_of(options).error();
  CHECK(over.code == ErrorCode::invalid_option);
  CHECK(over.value == 16 * mib + 1);
  CHECK(over.limit == 16 * mib);
}

TEST_CASE("a sum that no number holds is an error, not a small sum") {
  const Error over =
      shares_of({.requests = {.bytes = SIZE_MAX}, .replies = {.bytes = SIZE_MAX}}).error();
  CHECK(over.value == SIZE_MAX);
  CHECK(over.limit == 64 * mib);
}

TEST_CASE("ratios that add up to more than the line are refused with both numbers") {
  const Error over =
      shares_of({.requests = {.ratio = 0.5}, .replies = {.ratio = 0.4}, .pushes = {.ratio = 0.11}})
          .error();
  CHECK(over.code == ErrorCode::invalid_option);
  CHECK(over.value == 101);
  CHECK(over.limit == 100);
}

TEST_CASE("a ratio that is none is refused") {
  for (const double ratio : {-0.5, 1.01, 70.0, 1e300, std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    INFO(ratio);
    const Error wrong = shares_of({.replies = {.ratio = ratio}}).error();
    CHECK(wrong.code == ErrorCode::invalid_option);
    CHECK(std::string(wrong.what) == "a pool's ratio is not between 0 and 1");
    CHECK(wrong.limit == 100);
  }
  CHECK(shares_of({.replies = {.ratio = 70}}).error().value == 7000);
}

TEST_CASE("a line below the least says which pool lacks, and how many bytes are needed") {
  const Error low = shares_of({.memory_limit = 512 * kib}).error();
  CHECK(low.code == ErrorCode::invalid_option);
  CHECK(low.value == 512 * kib);
  REQUIRE(low.limit != Error::no_number);
  CHECK(low.limit <= memory_limit_min);
  CHECK(shares_of({.memory_limit = low.limit}).ok());
  CHECK_FALSE(shares_of({.memory_limit = low.limit - 1}).ok());
  CHECK(shares_of({.memory_limit = memory_limit_min}).ok());
}

TEST_CASE("the least line depends on the shares") {
  const BudgetOptions few{.memory_limit = 2 * mib, .replies = {.ratio = 0.01}};
  const Error low = shares_of(few).error();
  CHECK(std::string(low.what) == "the replies pool has less than a client needs");
  CHECK(low.limit > 13 * mib);
  BudgetOptions enough = few;
  enough.memory_limit = low.limit;
  CHECK(shares_of(enough).ok());
}

TEST_CASE("bytes below what a pool needs are refused with the least") {
  const Error low = shares_of({.pushes = {.bytes = 1000}}).error();
  CHECK(low.value == 1000);
  CHECK(low.limit == segment_bytes + 4 * chunk_bytes);
  CHECK(shares_of({.pushes = {.bytes = low.limit}}).ok());
}

TEST_CASE("where no line would do, none is named") {
  const Error none = shares_of({.replies = {.ratio = 0}}).error();
  CHECK(none.limit == Error::no_number);
}

TEST_CASE("a huge line is divided as exactly as a small one") {
  const BudgetOptions options{.memory_limit = SIZE_MAX - 3};
  std::size_t sum = 0;
  for (std::size_t bytes : shares_of(options).value()) sum += bytes;
  CHECK(sum == SIZE_MAX - 3);
}

TEST_CASE("every pool has a name of its own") {
  CHECK(std::string(name(PoolKind::cache)) == "cache");
  CHECK(std::string(name(PoolKind::requests)) == "requests");
  CHECK(std::string(name(PoolKind::replies)) == "replies");
  CHECK(std::string(name(PoolKind::pushes)) == "pushes");
  CHECK(std::string(name(PoolKind::connections)) == "connections");
  CHECK(std::string(name(PoolKind::spare)) == "spare");
}

}  // namespace
}  // namespace plimsoll::testing::shares_test
