// Whatever a host calls, refused or not, the instance stays sound, and so does its memory.
// Sanitizers and the core's CHECKs are the judges.

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/wasm/careless_host.h"
#include "plimsoll/wasm/abi.h"

namespace {

constexpr std::uint32_t seeds_count = 100;
// Hits of the cache are the rarest of what the end asks for: some four in each 100,000 steps.
constexpr int steps_count = 8000;

class RandomWhims final : public plimsoll::test::Whims {
 public:
  explicit RandomWhims(std::uint32_t seed) : random_(seed) {}
  std::uint32_t next() override { return static_cast<std::uint32_t>(random_()); }

 private:
  std::mt19937 random_;
};

const PlimsollMemoryStatistics& memory() {
  plimsoll_memory_statistics();
  return plimsoll_outbox()->statistics.memory;
}

}  // namespace

TEST_CASE("no sequence of calls harms the instance") {
  REQUIRE(plimsoll_configure(2 * 1024 * 1024) == 0);
  std::vector<std::uint64_t> events(plimsoll_event_admitted + 1);
  std::array<std::uint64_t, 4> outcomes{};
  std::uint64_t grants = 0;
  std::uint64_t overruns = 0;
  std::uint64_t told = 0;
  std::uint64_t replicas = 0;
  std::uint64_t nodes = 0;
  std::uint64_t sent_on = 0;
  for (std::uint32_t seed = 0; seed < seeds_count; ++seed) {
    INFO("seed " << seed);
    RandomWhims whims(seed);
    plimsoll::test::CarelessHost host(whims);
    for (int i = 0; i < steps_count; ++i) host.step();
    for (std::size_t i = 0; i < events.size(); ++i) events[i] += host.events()[i];
    for (std::size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += host.outcomes()[i];
    grants += host.grants();
    overruns += host.overruns();
    told += host.told();
    replicas += host.replicas();
    nodes += host.nodes();
    sent_on += host.sent_on();
  }

  // Or it was not worth much.
  for (std::size_t kind = plimsoll_event_ready; kind < events.size(); ++kind) {
    CAPTURE(kind, events[kind]);
    CHECK(events[kind] > seeds_count / 20);
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    CAPTURE(i, outcomes[i]);
    CHECK(outcomes[i] > seeds_count / 20);
  }
  CHECK(grants > seeds_count / 20);
  CHECK(overruns > seeds_count / 20);
  CHECK(told > seeds_count / 20);
  CHECK(replicas > seeds_count / 20);
  CHECK(nodes > seeds_count / 20);
  CHECK(sent_on > seeds_count / 20);
  CHECK(memory().pools[2].used == 0);    // replies
  CHECK(memory().pools[4].used < 1024);  // connections: the account of the staging area
}
