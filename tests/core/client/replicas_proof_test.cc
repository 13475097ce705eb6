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

}  // namespace
}  // namespace plimsoll::testing::replicas_proof_test
