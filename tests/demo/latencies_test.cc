#include "plimsoll/demo/latencies.h"

#include <chrono>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::demo::latencies_test {
namespace {

using std::chrono::nanoseconds;

TEST_CASE("without latencies every percentile is zero") {
  const Latencies latencies;
  CHECK(latencies.percentile(0.5) == nanoseconds(0));
}

TEST_CASE("a single latency is every percentile") {
  for (const long value : {0L, 1L, 63L, 64L, 65L, 1'000'000L, 123'456'789'012L}) {
    Latencies latencies;
    latencies.add(nanoseconds(value));
    const auto low = value - value / 32;
    INFO(value);
    CHECK(latencies.percentile(0).count() >= low);
    CHECK(latencies.percentile(1).count() <= value);
  }
}

TEST_CASE("percentiles are right within three in a hundred") {
  Latencies latencies;
  for (long value = 1; value <= 100'000; ++value) latencies.add(nanoseconds(value * 100));

  const auto about = [](nanoseconds found, double expected) {
    return static_cast<double>(found.count()) > 0.96 * expected &&
           static_cast<double>(found.count()) <= expected;
  };
  CHECK(latencies.count() == 100'000);
  CHECK(about(latencies.percentile(0.5), 5'000'000));
  CHECK(about(latencies.percentile(0.99), 9'900'000));
}

}  // namespace
}  // namespace plimsoll::demo::latencies_test
