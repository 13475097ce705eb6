#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/sim/slice.h"

// For sanitizers, under which a world takes twenty times as long.

namespace plimsoll::sim::few_worlds_test {
namespace {

TEST_CASE("clients keep their promises in a few worlds") {
  const Coverage normal = run_slice(3, Scenario::Size::normal);
  const Coverage small = run_slice(160, Scenario::Size::small);
  const Coverage group = run_slice(10, Scenario::Size::group);
  const Coverage cluster = run_slice(4, Scenario::Size::cluster);
  CHECK(cluster.requests > 1'200);
  CHECK(normal.requests > 1'200);
  CHECK(group.requests > 1'200);
  CHECK(small.requests > 1'200);
}

}  // namespace
}  // namespace plimsoll::sim::few_worlds_test
