#include "plimsoll/bench/allocations.h"

#include <cstdlib>
#include <memory>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::allocations_test {
namespace {

TEST_CASE("calls that hand out memory are counted while counting is on") {
  REQUIRE(can_count_allocations());
  std::vector<std::unique_ptr<int>> kept(3);

  start_counting_allocations();
  for (auto& one : kept) one = std::make_unique<int>(1);
  kept.clear();
  const auto counted = stop_counting_allocations();
  const auto uncounted = std::make_unique<int>(1);

  CHECK(counted == 3);
  CHECK(stop_counting_allocations() == 3);
}

TEST_CASE("realloc and aligned memory count one each") {
  start_counting_allocations();
  // Volatile, so that the compiler cannot leave a pair of calls out.
  void* volatile grown = std::realloc(std::malloc(16), 4096);
  void* volatile aligned = std::aligned_alloc(64, 128);
  const auto counted = stop_counting_allocations();

  CHECK(counted == 3);
  std::free(grown);
  std::free(aligned);
}

}  // namespace
}  // namespace plimsoll::bench::allocations_test
