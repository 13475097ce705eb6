#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// What reads from replicas cost: no memory for each once a few have been made, and no walk over
// those that are in flight.

namespace plimsoll::testing::replicas_cost_test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> two() { return {"b:6379", "c:6379"}; }

// The memory that `count` calls of `call` ask the system for, once a few have been made.
template <class Call>
std::size_t requests_of(ReplicaWorld& world, std::size_t count, const Call& call) {
  for (int i = 0; i < 10; ++i) call();
  const std::size_t before = world.memory().requests_count();
  for (std::size_t i = 0; i < count; ++i) call();
  return world.memory().requests_count() - before;
}

TEST_CASE("a read at a replica takes no more memory from the system than one at the primary") {
  ReplicaWorld world(two());
  world.connect();
  Tag tag = 0;
  const std::size_t at_primary = requests_of(world, 1000, [&] {
    world.submit(++tag, {"GET", "k"}, 10s, 1s);
    world.run();
  });
  CHECK(world.replicas().counters().reads == 0);
  const std::size_t at_replicas =
      requests_of(world, 1000, [&] { world.call(++tag, {"GET", "k"}); });
  CHECK(world.replicas().counters().reads == 1010);
  // Each of the two keeps a chunk for when its reads go on.
  CHECK(at_replicas <= at_primary + 4);
  const std::size_t behind_writes = requests_of(world, 1000, [&] {
    world.call(++tag, {"SET", "k", "v"});
    world.call(++tag, {"GET", "k"});
    world.call(++tag, {"GET", "other"});
  });
  CHECK(behind_writes <= 3 * at_primary + 2);
  CHECK(world.replicas().counters().rounds < 10);
}

TEST_CASE("reads among others in flight take no memory for each") {
  ReplicaWorld world(two());
  world.connect();
  world.freeze("b:6379");
  world.freeze("c:6379");
  Tag tag = 0;
  for (int i = 0; i < 20; ++i) world.submit(++tag, {"GET", "k"});
  const std::size_t before = world.memory().requests_count();
  for (int i = 0; i < 900; ++i) world.submit(++tag, {"GET", "k"});
  // A chunk of a queue has a hundred requests, a page some hundreds.
  CHECK(world.memory().requests_count() - before <= 20);
  world.wake("b:6379");
  world.wake("c:6379");
  world.run();
  CHECK(world.pending_count() == 0);
}

TEST_CASE("reads that go on leave nothing behind, however many there were") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.server("b:6379").refused["GET"] = "-NOPERM no GET here\r\n";
  Tag tag = 0;
  for (int i = 0; i < 100; ++i) world.call(++tag, {"GET", "k"});
  const std::size_t before = world.used(PoolKind::requests);
  for (int i = 0; i < 5000; ++i) world.call(++tag, {"GET", "k"});
  CHECK(world.replicas().counters().reads_moved == tag);
  CHECK(world.used(PoolKind::requests) <= before);
}

}  // namespace
}  // namespace plimsoll::testing::replicas_cost_test
