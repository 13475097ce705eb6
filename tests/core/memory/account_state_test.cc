#include "plimsoll/core/memory/account_state.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::testing::account_state_test {
namespace {

TEST_CASE("a closed allowance gives nothing, takes nothing back, and has nothing unused") {
  Allowance allowance;
  CHECK_FALSE(allowance.is_open());
  CHECK_FALSE(allowance.take(0));
  CHECK_FALSE(allowance.put_back(1));
  CHECK(allowance.unused() == 0);
}

TEST_CASE("an open allowance gives what it has, and no more") {
  Allowance allowance;
  allowance.open(10);
  CHECK(allowance.take(4));
  CHECK_FALSE(allowance.take(7));
  CHECK(allowance.unused() == 6);
  CHECK(allowance.take(6));
  CHECK(allowance.is_open());
  CHECK(allowance.put_back(3));
  CHECK(allowance.unused() == 3);
}

TEST_CASE("an allowance takes back no more than an account may set aside") {
  Allowance allowance;
  allowance.open(allowance_bytes_max - 1);
  CHECK_FALSE(allowance.put_back(2));
  CHECK(allowance.put_back(1));
  CHECK(allowance.unused() == allowance_bytes_max);
}

TEST_CASE("closing an allowance returns what was unused") {
  Allowance allowance;
  allowance.open(10);
  CHECK(allowance.take_all() == 10);
  CHECK(allowance.is_open());
  allowance.add(7);
  CHECK(allowance.close() == 7);
  CHECK_FALSE(allowance.is_open());
}

}  // namespace
}  // namespace plimsoll::testing::account_state_test
