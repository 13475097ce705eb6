#include "plimsoll/core/session/backoff.h"

#include <chrono>
#include <set>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::backoff_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the most that a wait may be doubles, up to a cap") {
  Backoff backoff(10ms, 100ms, 1);
  for (const Duration ceiling : {10ms, 20ms, 40ms, 80ms, 100ms, 100ms}) {
    CHECK(backoff.ceiling() == ceiling);
    const Duration wait = backoff.next();
    CHECK(wait > 0ns);
    CHECK(wait <= ceiling);
  }
  backoff.reset();
  CHECK(backoff.ceiling() == 10ms);
}

TEST_CASE("clients with other seeds wait otherwise, all over the range") {
  std::set<std::int64_t> tenths;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(1s, 1s, seed);
    tenths.insert(backoff.next() / 100ms);
  }
  CHECK(tenths.size() >= 10);
}

TEST_CASE("waits may be as long as time is") {
  Backoff backoff(1ns, Duration::max(), 1);
  for (int i = 0; i < 200; ++i) CHECK(backoff.next() > 0ns);
  CHECK(backoff.ceiling() == Duration::max());
}

}  // namespace
}  // namespace plimsoll::backoff_test
