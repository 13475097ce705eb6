#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// What an answer of the primary proves, and of which writes.

namespace plimsoll::testing::replicas_proof_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an answer to an earlier question proves nothing of the writes before a later one") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"GET", "k"});
  world.advance(5s);
  // The next connection is asked at once when it is ready; and before that, because of this read.
  world.on_ready = [&world] {
    world.submit(2, {"GET", "k"});
    world.submit(3, {"SET", "k", "new"});
  };
  world.cut("a:6379");
  world.advance(1s);
  REQUIRE(world.outcome(3) == "simple \"OK\"");
  world.call(4, {"GET", "k"});
  CHECK(world.outcome(4) == "\"new\"");
}

TEST_CASE("what a group's consumers have been given counts as written") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  SECTION("at once") { world.call(1, {"XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"}); }
  SECTION("on a connection that blocks") {
    world.call(1, {"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "s", ">"});
  }
  CHECK(world.outcome(1) == "simple \"OK\"");
  world.take_served("b:6379");
  world.call(2, {"XPENDING", "s", "g"});
  CHECK(world.take_served("b:6379") == Lines{});
  world.call(3, {"GET", "other"});
  CHECK(world.take_served("b:6379") == Lines{"GET other"});
}

TEST_CASE("a read that may name keys by a pattern goes to the primary") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"SORT_RO", "list", "BY", "weight_*"});
  CHECK(world.take_served("b:6379") == Lines{});
  CHECK(world.take_served("a:6379") == Lines{"SORT_RO list BY weight_*"});
}

}  // namespace
}  // namespace plimsoll::testing::replicas_proof_test
