#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// Clusters of many primaries, whose slots move about.

namespace plimsoll::testing::cluster_crowd_test {
namespace {

using namespace std::chrono_literals;

// A client, and a key of each of so many primaries.
class Crowd {
 public:
  explicit Crowd(unsigned seed) : random_(seed) {
    for (unsigned i = 0, found = 0; found < nodes_count; ++i) {
      const std::string key = "k" + std::to_string(i);
      std::string& own = keys_[world_.model().owner(model_slot_of(key))];
      if (own.empty()) ++found;
      if (own.empty()) own = key;
    }
    world_.connect();
    if (seed % 3 == 0) world_.delay = [this] { return std::chrono::microseconds(pick(3000)); };
    for (const std::string& key : keys_) world_.push(++tag_, key, 60s);
    world_.advance(50ms);
  }

  void step() {
    const NodeIndex node = pick(nodes_count);
    const std::string& key = keys_[pick(nodes_count)];
    switch (pick(12)) {
      case 0:
      case 1: world_.hold_answers(world_.address(node)); break;
      case 2: world_.let_answers_go(world_.address(node)); break;
      case 3:
      case 4:
      case 5: move(model_slot_of(key), node); break;
      case 6: world_.model().tell_all(); break;
      case 7: world_.advance(std::chrono::milliseconds(1 + pick(60))); break;
      case 8: world_.run(); break;
      default: world_.push(++tag_, key, 60s);
    }
  }

  void calm() {
    for (NodeIndex each = 0; each < nodes_count; ++each) {
      world_.let_answers_go(world_.address(each));
    }
    world_.model().tell_all();
    world_.advance(12s);
    CHECK(world_.pending_count() == 0);
    CHECK(world_.cluster().counters().parked == 0);
    world_.verify();
  }

 private:
  static constexpr NodeIndex nodes_count = 60;

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  void move(unsigned which, NodeIndex to) {
    ClusterModel& model = world_.model();
    if (!model.is_migrating(which) && model.owner(which) != to) model.move_atomically(which, to);
  }

  std::mt19937 random_;
  ClusterWorld world_{{.primaries = nodes_count}};
  std::vector<std::string> keys_ = std::vector<std::string>(nodes_count);
  Tag tag_ = 0;
};

TEST_CASE("order survives moves of more nodes' slots than the table can name predecessors") {
  for (unsigned seed = 0; seed < 4; ++seed) {
    CAPTURE(seed);
    Crowd crowd(seed);
    for (int step = 0; step < 800; ++step) crowd.step();
    crowd.calm();
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_crowd_test
