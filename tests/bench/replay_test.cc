#include "plimsoll/bench/cache/replay.h"

#include <catch2/catch_test_macros.hpp>

namespace plimsoll::bench::replay_test {
namespace {

using cache::EvictionPolicy;

TEST_CASE("the store hits exactly what a list hits that is searched from end to end") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Trace trace = make_trace(seed, 20'000);
    for (const EvictionPolicy policy : {EvictionPolicy::lru, EvictionPolicy::lfu}) {
      for (const std::size_t entries : {1u, 30u, 150u, 400u, 100'000u}) {
        INFO("seed " << seed << ", " << entries << " entries");
        const Hits ours = replay(trace, policy, {.entries = entries});
        CHECK(ours == replay_naively(trace, policy, entries));
        CHECK(ours.requests == trace.size());
        CHECK((entries == 1 || ours.hits > 1000));
      }
    }
  }
}

TEST_CASE("a made-up trace tells the policies apart, and is the same for the same seed") {
  const Trace trace = make_trace(1, 20'000);
  CHECK(replay(trace, EvictionPolicy::lru, {.entries = 150}) !=
        replay(trace, EvictionPolicy::lfu, {.entries = 150}));
  CHECK(replay(make_trace(1, 20'000), EvictionPolicy::lru, {.entries = 150}) ==
        replay(trace, EvictionPolicy::lru, {.entries = 150}));
}

TEST_CASE("a trace's numbers are little-endian") {
  using namespace std::string_literals;
  const Trace ids = parse_trace("\1\0\0\0\0\1\0\xFF"s, TraceKind::ids);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0].id == 1);
  CHECK(ids[1].id == 0xFF000100);
  CHECK(ids[1].bytes == 1);
  const Trace sized = parse_trace("\1\0\0\0\0\1\0\0"s, TraceKind::sized);
  REQUIRE(sized.size() == 1);
  CHECK(sized[0].bytes == 256);
}

}  // namespace
}  // namespace plimsoll::bench::replay_test
