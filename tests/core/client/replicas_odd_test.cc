#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/replica_world.h"

// Reads from replicas of servers that talk nonsense or come and go thousands of times, and ends of
// the client in each state.

namespace plimsoll::testing::replicas_odd_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("lists that change with each answer, with odd addresses") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  for (int i = 0; i < 50; ++i) {
    world.primary().replicas = {"a:6379",
                                "0.0.0.0:1",
                                "b:6379",
                                "h" + std::to_string(i) + ":6379",
                                "x" + std::to_string(i) + ":6379",
                                std::string(253, 'h') + ":1",
                                std::string(254, 'h') + ":1",
                                "::1:5",
                                "b:6379",
                                "b:6379"};
    for (int k = 0; k < i; ++k) world.primary().replicas.push_back("z" + std::to_string(k) + ":1");
    world.call(static_cast<Tag>(2 * i + 1), {"GET", "k"});
    world.call(static_cast<Tag>(2 * i + 2), {"SET", "k", "v"});
    const std::string odd = std::string(static_cast<std::size_t>(i) * 100, 'x') +
                            "\r\nrole:master\r\nmaster_replid:" + std::string(40, '1') +
                            "\r\nmaster_repl_offset:99999999999999999999999\r\n";
    if (i % 3 == 0) world.primary().report = odd;
    if (i % 3 == 1) world.primary().report.clear();
    world.advance(1s);
  }
  for (Tag tag = 1; tag <= 100; ++tag) CHECK(world.outcome(tag) != "");
}

TEST_CASE("a read that went on thousands of connections ago can be cancelled") {
  ReplicaWorld world({"b:6379"});
  world.connect();
  world.freeze("b:6379");
  const auto id = world.submit(1, {"GET", "k"}, 0s);
  world.run();
  world.freeze("a:6379");
  world.cut("b:6379");
  world.run();
  REQUIRE(world.replicas().counters().reads_moved == 1);
  world.wake("b:6379");
  const int cuts = GENERATE(1, 2046, 2047, 2048, 2049);
  CAPTURE(cuts);
  for (int i = 0; i < cuts; ++i) {
    world.cut("b:6379");
    world.run();
    for (int k = 0; k < 600 && world.links_to("b:6379") == 0; ++k) world.advance(10ms);
  }
  CHECK(world.outcome(1) == "");
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(1) == "cancelled (maybe)");
}

TEST_CASE("however the client ends, each read has an outcome, and each connection is closed") {
  enum class State { connecting, silent, all_silent, dismissed, moved, lost, lost_silent };
  enum class End { close, abort, close_and_abort };
  const State state = GENERATE(State::connecting, State::silent, State::all_silent,
                               State::dismissed, State::moved, State::lost, State::lost_silent);
  const End end = GENERATE(End::close, End::abort, End::close_and_abort);
  CAPTURE(static_cast<int>(state), static_cast<int>(end));
  ReplicaWorld world({"b:6379", "c:6379"});
  if (state == State::connecting) world.freeze("b:6379");
  world.connect();
  const bool is_silent = state != State::connecting && state != State::lost;
  if (is_silent) world.freeze("b:6379");
  if (state == State::all_silent) {
    world.freeze("c:6379");
    world.freeze("a:6379");
  }
  for (Tag t = 1; t < 9; ++t) world.submit(t, {"GET", "k"}, t < 5 ? 0s : 400ms);
  world.send();
  if (state == State::dismissed) {
    world.primary().replicas.clear();
    world.run();
    world.advance(1s);
    world.submit(20, {"GET", "k"});
    world.run();
    CHECK(world.node("b:6379") == nullptr);
  }
  if (state == State::moved) {
    world.run();
    world.advance(250ms);
    CHECK(world.replicas().counters().reads_moved > 0);
  }
  if (state == State::lost) {
    world.kill("b:6379");
    world.kill("a:6379");
  }
  if (state == State::lost_silent) {
    world.run();
    world.kill("b:6379");
  }
  end == End::abort ? world.client().abort() : world.client().close(world.now());
  if (end == End::close_and_abort) {
    world.run();
    world.advance(100ms);
    world.client().abort();
  }
  world.run();
  world.advance(5s);
  for (Tag t = 1; t < 9; ++t) CHECK(world.outcome(t) != "");
  const auto events = world.take_events();
  CHECK(events.back().starts_with("closed"));
  CHECK(world.client().poll_timeout() == never);
  for (const char* at : {"a:6379", "b:6379", "c:6379"}) CHECK(world.links_to(at) == 0);
}

TEST_CASE("a client that is woken exactly when it asks for it is never woken in the past") {
  ReplicaWorld world({"b:6379", "c:6379"});
  world.connect();
  world.freeze("b:6379");
  SECTION("with a primary") {}
  SECTION("with a silent primary") { world.freeze("a:6379"); }
  SECTION("without a primary") { world.kill("a:6379"); }
  for (Tag t = 1; t < 99; ++t) {
    world.submit(t, {"GET", "k"}, std::chrono::milliseconds(100 + (t * 37) % 400));
  }
  world.run();
  int wakes = 0;
  const Instant end = world.now() + 3s;
  while (world.now() < end) {
    const Instant next = world.client().poll_timeout();
    REQUIRE(next > world.now());
    if (next == never) break;
    world.jump(next - world.now());
    ++wakes;
  }
  CAPTURE(wakes);
  CHECK(wakes < 400);
  for (Tag t = 1; t < 99; ++t) CHECK(world.outcome(t) != "");
}

}  // namespace
}  // namespace plimsoll::testing::replicas_odd_test
