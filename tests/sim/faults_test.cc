#include "plimsoll/tests/sim/faults.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::sim::faults_test {
namespace {

TEST_CASE("a set of faults is written as it is read") {
  for (const char* names : {"none", "all", "reset", "reset,stall,freeze"}) {
    const auto set = FaultSet::parse(names);
    REQUIRE(set.has_value());
    CHECK(set->names() == names);
  }
  CHECK(FaultSet::parse("reset,stall")->has(Fault::stall));
  CHECK(!FaultSet::parse("reset,stall")->has(Fault::garbage));
}

TEST_CASE("names that are no fault's are refused") {
  for (const char* names : {"", "rain", "reset,", "reset,rain", "reset stall"}) {
    CHECK(!FaultSet::parse(names).has_value());
  }
}

TEST_CASE("every fault has a name of its own") {
  for (std::size_t i = 0; i < faults_count; ++i) {
    const auto set = FaultSet::parse(name(static_cast<Fault>(i)));
    REQUIRE(set.has_value());
    CHECK(set->has(static_cast<Fault>(i)));
  }
}

}  // namespace
}  // namespace plimsoll::sim::faults_test
