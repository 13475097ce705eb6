#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/cluster_options.h"
#include "plimsoll/core/memory/memory_source.h"
#include "plimsoll/core/memory/shares.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// A client of a large cluster below a small line: each node at work has a log of requests and a
// buffer for replies.

namespace plimsoll::testing::cluster_many_nodes_test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t nodes_count = 64;
constexpr Tag requests_count = nodes_count * 10;

TEST_CASE("a line of 4 MiB has room for 64 nodes at work, all at once") {
  ClusterWorldOptions options;
  options.primaries = nodes_count;
  options.budget.memory_limit = 4 * 1024 * 1024;
  ClusterWorld world(options);
  world.connect();
  // A reply comes in two pieces, and the second one later, so all buffers are needed at once.
  world.piece = [](std::size_t bytes) { return (bytes + 1) / 2; };
  world.delay = [] { return 1ms; };

  std::size_t most = 0;
  for (int round = 0; round < 20; ++round) {
    const Tag first = static_cast<Tag>(round) * requests_count + 1;
    for (Tag tag = first; tag < first + requests_count; ++tag) {
      REQUIRE(world.push(tag, "ship:" + std::to_string(tag)));
    }
    most = std::max(most, world.used(PoolKind::requests));
    world.advance(100ms);
    for (Tag tag = first; tag < first + requests_count; ++tag) {
      if (world.outcome(tag) != "1") FAIL(tag << ": " << world.outcome(tag));
    }
  }
  CHECK(most >= nodes_count * chunk_bytes);
  const BudgetStatistics all = world.budget().statistics();
  CHECK(all.pool(PoolKind::requests).refused == 0);
  CHECK(all.pool(PoolKind::replies).refused == 0);
  world.verify();
  CHECK(all.peak < options.budget.memory_limit / 2);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_many_nodes_test
