#include "plimsoll/tests/sim/line_options.h"

#include <cstddef>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/memory/shares.h"

namespace plimsoll::sim::line_options_test {
namespace {

std::size_t requests_share(const BudgetOptions& options) {
  return (*shares_of(options))[static_cast<std::size_t>(PoolKind::requests)];
}

TEST_CASE("a line can be drawn, and so can it with room for the requests of all clients") {
  const FaultSet faults = *FaultSet::parse("tight_limit,dry_replies");
  Random random(1, Random::Purpose::world);
  std::size_t too_small = 0;
  for (int i = 0; i < 2000; ++i) {
    const BudgetOptions drawn = draw_line(random, faults);
    const std::size_t clients = 1 + random.below(i % 10 == 0 ? 1000 : 8);
    INFO(clients << " clients, line " << drawn.memory_limit);
    REQUIRE(Budget::validate(drawn).ok());
    const BudgetOptions options = with_requests_for(clients, drawn);
    REQUIRE(Budget::validate(options).ok());
    CHECK(requests_share(options) >= clients * requests_bytes_each);
    CHECK(options.borrowing == drawn.borrowing);
    if (requests_share(drawn) >= clients * requests_bytes_each) {
      CHECK(options.memory_limit == drawn.memory_limit);
      CHECK(requests_share(options) == requests_share(drawn));
    } else {
      ++too_small;
    }
  }
  CHECK(too_small > 100);
}

}  // namespace
}  // namespace plimsoll::sim::line_options_test
