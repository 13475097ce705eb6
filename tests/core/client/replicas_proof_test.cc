#include <chrono>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

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

TEST_CASE("what a former primary has said counts no more, even if a replica answers first") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.call(1, {"SET", "k", "new"});
  // Another server is taken for the primary, and it does not know of that write.
  world.primary().history = std::string(40, '0');
  world.primary().offset = 50;
  world.server("b:6379").history = std::string(40, '0');
  world.server("b:6379").offset = 60;
  world.server("b:6379").data.clear();
  world.cut("a:6379");
  world.freeze("b:6379");
  world.advance(300ms);
  world.call(2, {"GET", "other"});
  world.advance(100ms);
  world.primary().history = std::string(40, '1');
  world.primary().offset = 110;
  world.cut("a:6379");
  world.on_ready = [&world] { world.freeze("a:6379"); };
  world.advance(500ms);
  world.wake("b:6379");
  world.run();
  world.take_served("b:6379");
  world.call(3, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{});
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

// Each changes "k", and each server answers OK to all of them.
std::vector<Words> ways_to_write() {
  return {
      {"set", "k", "v"},
      {"MSET", "a", "1", "k", "2"},
      {"SETRANGE", "k", "0", "x"},
      {"GETDEL", "k"},
      {"GETEX", "k", "EX", "1"},
      {"EXPIRE", "k", "1"},
      {"PERSIST", "k"},
      {"UNLINK", "a", "b", "k"},
      {"RENAME", "a", "k"},
      {"RENAMENX", "k", "b"},
      {"COPY", "a", "k"},
      {"COPY", "a", "k", "DB", "0"},
      {"MOVE", "k", "1"},
      {"RESTORE", "k", "0", "x"},
      {"MIGRATE", "h", "1", "", "0", "1", "KEYS", "k"},
      {"SORT", "a", "BY", "x", "STORE", "k"},
      {"GEORADIUS", "g", "0", "0", "1", "m", "STORE", "k"},
      {"GEORADIUS", "g", "0", "0", "1", "m", "STOREDIST", "k"},
      {"GEOSEARCHSTORE", "k", "g", "FROMMEMBER", "x", "BYRADIUS", "1", "m"},
      {"SINTERSTORE", "k", "a"},
      {"ZUNIONSTORE", "k", "2", "a", "b"},
      {"BITOP", "AND", "k", "a"},
      {"BITFIELD", "k", "SET", "u8", "0", "1"},
      {"PFMERGE", "k", "a"},
      {"LMOVE", "a", "k", "LEFT", "LEFT"},
      {"RPOPLPUSH", "a", "k"},
      {"LMPOP", "2", "a", "k", "LEFT"},
      {"ZMPOP", "2", "a", "k", "MIN"},
      {"SMOVE", "a", "k", "m"},
      {"SPOP", "k"},
      {"XGROUP", "CREATE", "k", "g", "0"},
      {"xgroup", "setid", "k", "g", "0"},
      {"XACK", "k", "g", "1-1"},
      {"XCLAIM", "k", "g", "c", "0", "1-1"},
      {"XAUTOCLAIM", "k", "g", "c", "0", "0"},
      {"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "a", "k", ">", ">"},
      {"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">"},
      {"BLMOVE", "a", "k", "LEFT", "LEFT", "0"},
      {"BLMPOP", "0", "2", "a", "k", "LEFT"},
      {"BZPOPMIN", "a", "k", "0"},
      {"EVAL", "x", "0"},
      {"EVALSHA", "x", "1", "z"},
      {"FCALL", "f", "0"},
      {"MODULE.SET", "k", "1"},
      {"FLUSHALL"},
      {"FLUSHDB", "ASYNC"},
      {"SWAPDB", "0", "1"},
      {"DEBUG", "RELOAD"},
  };
}

TEST_CASE("a key is read from the primary after a write, however it was written") {
  const Words words = GENERATE(from_range(ways_to_write()));
  CAPTURE(words);
  ReplicaWorld world({"b:6379"});
  world.connect();
  SECTION("alone") { world.submit(1, words); }
  SECTION("in a transaction") { world.submit_transaction(1, {{"MULTI"}, words, {"EXEC"}}); }
  SECTION("among others") { world.submit_transaction(1, {{"GET", "z"}, words}); }
  SECTION("on an exclusive connection") {
    const ConnectionId id = world.client().open_exclusive(world.now()).value();
    world.run();
    SECTION("alone") { world.submit_to(id, 1, words); }
    SECTION("in a transaction") {
      world.submit_to(id, 2, {"MULTI"});
      world.submit_to(id, 3, words);
      world.run();
      // By now a round has passed.
      world.call(4, {"GET", "z"});
      world.advance(1s);
      world.submit_to(id, 1, {"EXEC"});
    }
  }
  world.run();
  REQUIRE(world.outcome(1) != "");
  world.take_served("b:6379");
  world.call(9, {"GET", "k"});
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("a client without reads asks nobody, whatever its replica has said last") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  SECTION("all is well") {}
  SECTION("it is behind") { world.primary().offset += 100; }
  SECTION("it has no link") { world.server("b:6379").is_link_up = false; }
  SECTION("it may not be asked") { world.server("b:6379").refused["INFO"] = "-NOPERM no\r\n"; }
  SECTION("it talks nonsense") { world.server("b:6379").report = "nonsense"; }
  world.advance(2s);
  world.call(1, {"GET", "k"});
  world.advance(4s);
  const std::size_t before = world.server("b:6379").reports + world.primary().reports;
  world.advance(60s);
  CHECK(world.server("b:6379").reports + world.primary().reports == before);
  CHECK(world.node("b:6379")->ask_again_at == never);
}

}  // namespace
}  // namespace plimsoll::testing::replicas_proof_test
