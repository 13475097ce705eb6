#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cached_cluster.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Shares of nodes, looked at once more: who waits for a node, and what it costs the others.

namespace plimsoll::testing::cluster_shares_review_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

ClusterWorldOptions with_limit(std::size_t requests, OnLimit overflow = OnLimit::wait) {
  ClusterWorldOptions options{.cross_slot_writes = CrossSlotWrites::split};
  options.client.inflight_requests_limit = requests;
  options.client.inflight_overflow = overflow;
  return options;
}

struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options) : ClusterWorld(std::move(options)) {
    connect();
    for (const char* key : {"a", "b", "c"}) call(tags++, {"GET", key});
  }
  Tag start(const std::string& key, Duration timeout = 600s) {
    push(tags, key, timeout);
    return tags++;
  }

  Tag tags = 1000;
};

// Callers that call again as soon as they have an answer, each with its own key.
struct Callers {
  Ready& world;
  std::map<Tag, std::string> calls{};
  std::map<std::string, std::size_t> answers{};
  bool stopped = false;
  std::string text{};

  explicit Callers(Ready& of) : world(of) {
    world.on_outcome = [this](Tag tag) {
      const auto found = calls.find(tag);
      if (found == calls.end()) return;
      const std::string key = found->second;
      calls.erase(found);
      ++answers[key];
      if (!stopped) call(key);
    };
  }
  void call(const std::string& key) {
    calls[world.tags] = key;
    if (text.empty()) {
      world.submit(world.tags++, {"EXISTS", key}, 600s);
    } else {
      world.submit(world.tags++, {"SET", key, text}, 600s);
    }
  }
};

TEST_CASE("who waits for a node that is well again gets a place beside callers of other nodes") {
  Ready world(with_limit(60));
  world.delay = [] { return 1ms; };
  world.freeze(node0);
  for (int i = 0; i < 40; ++i) world.start("b");
  Callers callers(world);
  for (int i = 0; i < 20; ++i) callers.call(i % 2 == 0 ? "c" : "a");
  std::vector<Tag> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(world.start("b"));
  world.advance(20ms);
  CHECK(world.client().statistics().waiting == 10);
  // Those who have the node's answers go on with others.
  std::size_t more = 0;
  const auto again = world.on_outcome;
  world.on_outcome = [&](Tag tag) {
    if (tag < waiting.front() && !callers.calls.contains(tag) && more < 40) {
      callers.call(more++ % 2 == 0 ? "c" : "a");
    }
    again(tag);
  };
  world.wake(node0);
  world.advance(100ms);
  CHECK(more == 40);
  for (const Tag tag : waiting) CHECK(!world.outcome(tag).empty());
  callers.stopped = true;
  world.advance(100ms);
  for (const Tag tag : waiting) CHECK(!world.outcome(tag).empty());
}

TEST_CASE("those who wait for one of several nodes are admitted, too") {
  ClusterWorldOptions options = with_limit(60);
  options.primaries = 4;
  Ready world(options);
  world.delay = [] { return 1ms; };
  std::vector<std::string> keys(4);
  for (int i = 0; std::ranges::count(keys, "") > 0; ++i) {
    const std::string key = "key:" + std::to_string(i);
    keys[world.model().owner(model_slot_of(key))] = key;
  }
  for (const std::string& key : keys) world.call(world.tags++, {"GET", key});
  world.advance(10ms);
  Callers callers(world);
  for (NodeIndex i = 0; i < 3; ++i) {
    world.freeze(world.address(i));
    callers.call(keys[i]);
  }
  world.advance(1500ms);
  for (NodeIndex i = 0; i < 3; ++i) {
    for (int j = 0; j < 60; ++j) callers.call(keys[i]);
  }
  world.advance(100ms);
  CHECK(world.client().statistics().waiting == 3 * 46);
  for (NodeIndex i = 0; i < 3; ++i) world.wake(world.address(i));
  world.advance(50ms);
  const auto before = callers.answers;
  world.advance(50ms);
  for (NodeIndex i = 0; i < 3; ++i) {
    CAPTURE(i, callers.answers[keys[i]]);
    CHECK(callers.answers[keys[i]] > before.at(keys[i]) + 20);
  }
  callers.stopped = true;
  world.advance(1s);
}

// Its bytes are within the node's share, and the segments that it needs are not.
TEST_CASE("a long request is sent in the end, whatever others go to its node") {
  ClusterWorldOptions options = with_limit(1000);
  options.budget.memory_limit = 2 << 20;
  Ready world(options);
  world.delay = [] { return 1ms; };
  std::string other;  // another slot of the node of "b"
  for (int i = 0; other.empty(); ++i) {
    const std::string key = "key:" + std::to_string(i);
    if (world.model().owner(model_slot_of(key)) == 0) other = key;
  }
  Callers callers(world);
  callers.text = std::string(1500, 'x');
  for (int i = 0; i < 6; ++i) {
    callers.call(other);
    world.advance(300us);
  }
  const Tag tag = world.tags++;
  const std::size_t before = callers.answers[other];
  world.submit(tag, {"SET", "b", std::string(100'000, 'x')}, 60s);
  world.advance(500ms);
  CHECK(callers.answers[other] > before + 50);
  CHECK(has(world.outcome(tag), "OK"));
  callers.stopped = true;
  world.advance(100ms);
}

// A program whose keys all lie at one node, and all nodes are well.
TEST_CASE("a burst to one node finds room to wait as long as nobody else needs it") {
  ClusterWorldOptions options = with_limit(100);
  options.budget.memory_limit = 1 << 20;
  Ready world(options);
  std::size_t refused = 0;
  for (int i = 0; i < 600; ++i) {
    const Tag tag = world.tags++;
    world.submit(tag, {"SET", "b", std::string(100, 'x')}, 60s);
    if (has(world.outcome(tag), "rejected_by_limit")) ++refused;
  }
  CHECK(refused == 0);
  world.advance(1s);
  CHECK(world.pending_count() == 0);
}

TEST_CASE("the cache serves what was written by one who waited behind a node that says nothing") {
  const bool is_stuck = GENERATE(false, true);
  CAPTURE(is_stuck);
  CachedCluster world(with_limit(60));
  Tag tag = 100'000;
  world.freeze(node0);
  for (int i = 0; i < 40; ++i) world.push(tag++, "list{b}", 600s);
  const Tag stuck = tag++;
  world.push(stuck, "list{b}", 600s);
  // 20 places are left: the last of these writes waits for room, and is done soon.
  for (int i = 0; i < 20; ++i) world.submit(tag++, {"SET", "x{c}", "1"}, 600s);
  const Tag last = tag++;
  world.submit(last, {"SET", "c", "new"}, 600s);
  CHECK(world.client().statistics().waiting == 2);
  world.run();
  CHECK(!world.outcome(last).empty());
  CHECK(world.outcome(stuck).empty());
  if (!is_stuck) {
    world.cancel(*world.id_of(stuck));
    world.run();
  }
  for (const char* key : {"c", "a"}) {
    world.read(key);
    world.read(key);
    CAPTURE(key);
    CHECK(world.has(key));
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_shares_review_test
