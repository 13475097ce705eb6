// Whatever a host calls, refused or not, the instance stays sound, and so does its memory.
// Sanitizers and the core's CHECKs are the judges.

#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/wasm/abi.h"
#include "tests/wasm/careless_host.h"

namespace {

constexpr std::uint32_t seeds_count = 100;
constexpr int steps_count = 3000;

const PlimsollMemoryStatistics& memory() {
  plimsoll_memory_statistics();
  return plimsoll_outbox()->memory_statistics;
}

}  // namespace

TEST_CASE("no sequence of calls harms the instance") {
  REQUIRE(plimsoll_configure(2 * 1024 * 1024) == 0);
  std::vector<std::uint64_t> events(plimsoll_event_closed + 1);
  for (std::uint32_t seed = 0; seed < seeds_count; ++seed) {
    INFO("seed " << seed);
    plimsoll::test::CarelessHost host(seed);
    for (int i = 0; i < steps_count; ++i) host.step();
    CHECK(memory().peak <= memory().limit);
    for (std::size_t i = 0; i < events.size(); ++i) events[i] += host.events()[i];
  }

  // Or it was not worth much.
  for (std::size_t kind = plimsoll_event_ready; kind < events.size(); ++kind) {
    CAPTURE(kind, events[kind]);
    CHECK(events[kind] > seeds_count / 10);
  }
  CHECK(memory().pools[2].used == 0);    // replies
  CHECK(memory().pools[4].used < 1024);  // connections: the account of the staging area
}
