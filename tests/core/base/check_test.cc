#include "plimsoll/core/base/check.h"

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/base/failed_check.h"

namespace plimsoll::testing::check_test {
namespace {

TEST_CASE("a CHECK that holds does nothing, and its condition runs once") {
  int runs = 0;
  PLIMSOLL_CHECK(++runs == 1);
  CHECK(runs == 1);
}

TEST_CASE("a CHECK that fails gives its condition to the hook and ends the process") {
  const auto two_is = [](int number) { return number == 2; };
  CHECK(failed_check([&] { PLIMSOLL_CHECK(two_is(3)); }) == "two_is(3)");
}

}  // namespace
}  // namespace plimsoll::testing::check_test
