#include <chrono>
#include <random>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// A caller writes to the keys of one slot while the slot goes from node to node: nothing is lost,
// nothing fails, nothing is run twice, and nothing overtakes.

namespace plimsoll::testing::cluster_order_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;  // of "b"
constexpr int moves = 40;

enum class Told { target_first, source_first };

class Load {
 public:
  explicit Load(unsigned seed) : random_(seed) {
    world.connect();
    world.delay = [this] { return std::chrono::microseconds(pick(2000)); };
    world.on_outcome = [this](Tag) {
      if (pick(4) == 0) call();
    };
  }

  int pick(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }

  // A few milliseconds, in which the caller goes on.
  void go_on(int milliseconds) {
    for (int i = 0; i < milliseconds; ++i) {
      for (int each = pick(4); each > 0; --each) call();
      world.advance(1ms);
    }
  }

  void call() {
    const std::string key = pick(2) == 0 ? "b" : "{b}" + std::to_string(pick(5));
    ++tag_;
    switch (pick(8)) {
      case 0: world.read(tag_, key); break;
      case 1: world.submit_transaction(tag_, {{"RPUSH", key, std::to_string(tag_)}}); break;
      case 2: world.push(tag_, "c"); break;
      default: world.push(tag_, key);
    }
  }

  NodeIndex next_owner() {
    const NodeIndex owner = world.model().owner(slot);
    return (owner + 1 + static_cast<NodeIndex>(pick(2))) % 3;
  }

  void end() {
    world.on_outcome = {};
    world.model().tell_all();
    world.advance(3s);
    CHECK(world.pending_count() == 0);
    CHECK(world.history().succeeded_count() == world.history().calls_count());
    CHECK(world.history().inversions(world.model()) == 0);
    CHECK(world.cluster().counters().parked == 0);
    world.verify();
  }

  ClusterWorld world;

 private:
  std::mt19937 random_;
  Tag tag_ = 0;
};

TEST_CASE("40 moves key by key under load: 0 inversions, 0 errors") {
  const Told told = GENERATE(Told::target_first, Told::source_first);
  const unsigned seed = GENERATE(range(1u, 5u));
  CAPTURE(seed, static_cast<int>(told));
  Load load(seed);
  ClusterModel& model = load.world.model();
  for (int i = 0; i < moves; ++i) {
    load.go_on(5);
    model.start_migration(slot, load.next_owner());
    do load.go_on(1);
    while (model.move_key(slot));
    load.go_on(3);
    if (told == Told::target_first) {
      model.finish_at_target(slot);
      load.go_on(3);
      model.finish_at_source(slot);
    } else {
      model.finish_at_source(slot);
      load.go_on(3);
      model.finish_at_target(slot);
    }
    load.go_on(load.pick(4));
    model.tell_all();
  }
  load.end();
  CHECK(load.world.cluster().counters().moved > 40);
  CHECK(load.world.cluster().counters().asked > 40);
}

TEST_CASE("40 atomic moves under load: 0 inversions, 0 errors") {
  const unsigned seed = GENERATE(range(1u, 5u));
  CAPTURE(seed);
  Load load(seed);
  ClusterModel& model = load.world.model();
  for (int i = 0; i < moves; ++i) {
    load.go_on(6 + load.pick(10));
    model.move_atomically(slot, load.next_owner());
    load.go_on(load.pick(10));
    if (load.pick(2) == 0) model.tell_all();
  }
  load.end();
  CHECK(load.world.cluster().counters().moved > 40);
  CHECK(load.world.cluster().counters().asked == 0);
}

TEST_CASE("moves that are called off half way: 0 inversions, 0 errors") {
  const unsigned seed = GENERATE(range(1u, 5u));
  CAPTURE(seed);
  Load load(seed);
  ClusterModel& model = load.world.model();
  for (int i = 0; i < moves; ++i) {
    load.go_on(3);
    model.start_migration(slot, load.next_owner());
    for (int keys = load.pick(4); keys > 0; --keys) {
      load.go_on(1);
      model.move_key(slot);
    }
    load.go_on(2);
    model.cancel_migration(slot);
  }
  load.end();
}

TEST_CASE("a target that is told 450 ms after its source costs time, and no errors") {
  Load load(1);
  ClusterModel& model = load.world.model();
  load.go_on(5);
  model.start_migration(slot, 1);
  model.finish_at_source(slot);
  load.go_on(450);
  // With a wait between the turns: a client that does not wait makes thousands.
  CHECK(load.world.cluster().counters().moved < 5000);
  model.finish_at_target(slot);
  load.end();
}

}  // namespace
}  // namespace plimsoll::testing::cluster_order_test
