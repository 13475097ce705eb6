#include "plimsoll/demo/window.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/demo/sweep.h"
#include "plimsoll/tests/demo/map_store.h"

namespace plimsoll::demo::window_test {
namespace {

std::vector<Package> packages(std::size_t count) {
  std::vector<Package> packages(count);
  for (std::size_t index = 0; index < count; ++index) {
    auto& package = packages[index];
    package.name = "p" + std::to_string(100 + index);
    package.version = "1";
    package.fields = {{"Package", package.name}, {"Version", "1"}};
    if (index % 2 == 0) package.depends = {"p100"};
    if (index % 3 == 0) package.provides = {"virtual"};
  }
  return packages;
}

struct World {
  explicit World(std::size_t packages_count, std::size_t in_flight_max)
      : model(packages(packages_count)),
        store(model),
        verdict(model),
        window(store, verdict, in_flight_max) {}

  Model model;
  MapStore store;
  Verdict verdict;
  Window window;
};

TEST_CASE("a sweep goes over every key that has a value, once") {
  World world(2, 10);
  Sweep sweep(world.model, Verb::write);

  world.window.begin(sweep);
  world.store.answer_all();

  CHECK(world.store.log() ==
        std::vector<std::string>{"SET package:p100", "HSET package:p100:fields",
                                 "SADD package:p100:depends", "SET package:p101",
                                 "HSET package:p101:fields", "SADD provides:virtual"});
  CHECK(world.verdict.replies_count() == 6);
  CHECK(world.verdict.wrong_count() == 0);
  CHECK_FALSE(world.window.busy());
}

TEST_CASE("what was loaded is removed key by key, also what was not there any more") {
  World world(2, 10);
  Sweep sweep(world.model, Verb::remove);
  world.store.falsify("DEL package:p101", Reply(std::int64_t{0}));

  world.window.begin(sweep);
  world.store.answer_all();

  CHECK(world.store.log().size() == 6);
  CHECK(world.store.log().front() == "DEL package:p100");
  CHECK(world.verdict.wrong_count() == 0);
}

TEST_CASE("the window is kept full and never more than full") {
  World world(100, 7);
  Sweep sweep(world.model, Verb::write);

  world.window.begin(sweep);
  CHECK(world.store.waiting_count() == 7);
  world.store.answer();
  CHECK(world.store.waiting_count() == 7);
  world.store.answer_all();

  CHECK(world.store.waiting_peak() == 7);
  CHECK(world.window.latencies().count() == 100 + 100 + 50 + 1);
}

TEST_CASE("what the memory limit refuses is asked again until it has a reply") {
  World world(100, 50);
  world.store.refuse_above(3);
  Sweep sweep(world.model, Verb::write);

  world.window.begin(sweep);
  world.store.answer_all();

  CHECK(world.window.stopped().empty());
  CHECK(world.verdict.replies_count() == 251);
  CHECK(world.verdict.wrong_count() == 0);
  CHECK(world.window.refused_count() > 0);
  // The window learns: one request more is tried once a round, not with every reply.
  CHECK(world.window.refused_count() < 251 / 2);
}

TEST_CASE("a request that is refused although nothing else is in flight stops the window") {
  World world(10, 5);
  world.store.refuse_above(0);
  Sweep sweep(world.model, Verb::write);

  world.window.begin(sweep);

  CHECK(world.window.stopped() == "SET package:p100: no room");
  CHECK_FALSE(world.window.busy());
  CHECK(world.store.log().size() == 1);
}

TEST_CASE("a failure stops the window: what is in flight ends, nothing more is sent") {
  World world(100, 5);
  world.store.falsify("HSET package:p100:fields", Failure{Failure::Kind::failed, "lost"});
  Sweep sweep(world.model, Verb::write);

  world.window.begin(sweep);
  world.store.answer();
  world.store.answer();
  CHECK(world.window.stopped() == "HSET package:p100:fields: lost");
  CHECK(world.window.busy());
  world.store.answer_all();

  CHECK_FALSE(world.window.busy());
  CHECK(world.store.log().size() == 6);
}

TEST_CASE("the first reason to stop is the one that is told") {
  World world(100, 5);
  Sweep sweep(world.model, Verb::write);
  world.window.begin(sweep);

  world.window.stop("interrupted");
  world.window.stop("something else");

  CHECK(world.window.stopped() == "interrupted");
}

}  // namespace
}  // namespace plimsoll::demo::window_test
