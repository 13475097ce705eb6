#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/waiter_lanes.h"
#include "plimsoll/core/cluster/node_share.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// What one node of a cluster may take from the others, and who waits if a node has that.

namespace plimsoll::testing::cluster_shares_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);

constexpr std::size_t limit = 60;
constexpr std::size_t ready_share = node_share(limit, 3, false);
constexpr std::size_t doubtful_share = node_share(limit, 3, true);
static_assert(ready_share == 40 && doubtful_share == 15);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

ClusterWorldOptions with_limit(std::size_t requests, OnLimit overflow = OnLimit::reject) {
  ClusterWorldOptions options{.cross_slot_writes = CrossSlotWrites::split};
  options.client.inflight_requests_limit = requests;
  options.client.inflight_overflow = overflow;
  return options;
}

struct Ready : ClusterWorld {
  explicit Ready(ClusterWorldOptions options, bool validates = true)
      : ClusterWorld(std::move(options)) {
    connect();
    for (const char* key : {"a", "b", "c"}) call(tags++, {"GET", key});
    if (validates) validate_always();
  }

  // How many requests with this key, submitted one after the other, were refused.
  std::size_t refused_of(std::size_t count, const std::string& key) {
    std::size_t refused = 0;
    for (std::size_t i = 0; i < count; ++i) {
      push(tags, key, 60s);
      if (has(outcome(tags), "rejected_by_limit")) ++refused;
      ++tags;
    }
    return refused;
  }
  // Submits a request, and returns its tag.
  Tag start(const std::string& key, Duration timeout = 60s) {
    push(tags, key, timeout);
    return tags++;
  }
  std::string last_what() const { return last_error().what; }
  std::size_t reached() const { return cluster().counters().share_reached; }

  Tag tags = 1000;
};

TEST_CASE("a node that says nothing leaves the others half of an equal part") {
  Ready world(with_limit(limit));
  world.freeze(node0);
  CHECK(world.refused_of(limit, "b") == limit - ready_share);
  CHECK(has(world.last_what(), "one node has its share of inflight_requests_limit"));
  CHECK(world.last_error().value == ready_share);
  CHECK(world.last_error().limit == ready_share);
  CHECK(world.reached() == limit - ready_share);
  // All that is left is for the others.
  CHECK(world.refused_of(limit - ready_share, "c") == 0);
  CHECK(world.refused_of(1, "c") == 1);
  CHECK(has(world.last_what(), "inflight_requests_limit is reached"));
  world.wake(node0);
  world.run();
  CHECK(world.refused_of(ready_share, "b") == 0);
  world.run();
  world.verify();
}

TEST_CASE("a node in doubt has a quarter") {
  Ready world(with_limit(limit));
  world.freeze(node0);
  world.start("b");
  CHECK(world.refused_of(doubtful_share, "b") == 0);
  world.advance(2s);
  // What it has stays; it gets no more, until it gives a sign of life.
  CHECK(world.refused_of(1, "b") == 1);
  CHECK(world.last_error().limit == doubtful_share);
  CHECK(world.refused_of(limit - doubtful_share - 1, "c") == 4);
  world.wake(node0);
  world.advance(10ms);
  CHECK(world.refused_of(ready_share, "b") == 0);
  world.advance(10ms);
  world.verify();
}

TEST_CASE("requests that are parked for a node which cannot be reached are a quarter") {
  Ready world(with_limit(limit));
  world.kill(node0);
  world.advance(100ms);
  CHECK(world.refused_of(limit, "b") == limit - doubtful_share);
  CHECK(world.cluster().counters().parked == doubtful_share);
  CHECK(world.refused_of(ready_share, "c") == 0);
  world.revive(node0);
  world.advance(5s);
  CHECK(world.cluster().counters().parked == 0);
  CHECK(world.refused_of(ready_share, "b") == 0);
  world.advance(10ms);
  world.verify();
}

TEST_CASE("slots without an owner have a quarter together") {
  Ready world(with_limit(limit));
  const unsigned slot_of_b = 3300;
  world.model().unassign(slot_of_b);
  world.model().tell_all();
  world.start("b");
  world.advance(1s);
  REQUIRE(world.owner_known(slot_of_b).empty());
  CHECK(world.refused_of(limit, "b") == limit - doubtful_share + 1);
  CHECK(world.refused_of(ready_share, "c") == 0);
  world.advance(10ms);
}

TEST_CASE("requests without a key leave places to those with one") {
  Ready world(with_limit(limit));
  const std::string main = world.main_address();
  world.freeze(main);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < limit; ++i) {
    world.submit(++world.tags, {"PUBLISH", "news", "text"}, 60s);
    if (has(world.outcome(world.tags), "rejected_by_limit")) ++refused;
  }
  ++world.tags;
  CHECK(refused == limit - ready_share);
  CHECK(world.refused_of(limit - ready_share, main == node1 ? "b" : "c") == 0);
  world.wake(main);
  world.run();
  CHECK(world.pending_count() == 0);
}

TEST_CASE("the only node of a cluster has all there is") {
  ClusterWorldOptions options = with_limit(limit);
  options.primaries = 1;
  Ready world(options);
  world.freeze(node0);
  world.start("b");
  world.advance(2s);
  CHECK(world.refused_of(limit - 1, "c") == 0);
  CHECK(world.refused_of(1, "c") == 1);
}

TEST_CASE("a node that says nothing leaves the others bytes of the requests pool") {
  ClusterWorldOptions options = with_limit(1000);
  options.budget.memory_limit = 8 << 20;
  Ready world(options);
  world.freeze(node0);
  const std::size_t pool = world.budget().share(PoolKind::requests);
  const bool in_doubt = GENERATE(false, true);
  if (in_doubt) {
    world.start("b");
    world.advance(2s);
  }
  const std::string text(20'000, 'x');
  std::size_t taken = 0;
  for (;; ++world.tags) {
    world.submit(world.tags, {"SET", "b", text}, 60s);
    if (has(world.outcome(world.tags), "rejected_by_limit")) break;
    taken += text.size();
  }
  const std::size_t share = node_share(pool, 3, in_doubt);
  CHECK(world.used(PoolKind::requests) <= share + share / 8);
  CHECK(taken > share / 2);
  // As much is left for another node as that may have.
  for (std::size_t bytes = 0; bytes < pool / 6; bytes += text.size()) {
    world.submit(++world.tags, {"SET", "c", text}, 60s);
    CHECK(world.outcome(world.tags) == "");
  }
  world.run();
  world.wake(node0);
  world.advance(1s);
  CHECK(world.client().statistics().in_flight == 0);
}

TEST_CASE("a request that is longer than a node's share is sent if the node has no other") {
  ClusterWorldOptions options = with_limit(1000);
  options.budget.memory_limit = 8 << 20;
  Ready world(options);
  const std::size_t share = node_share(world.budget().share(PoolKind::requests), 3, false);
  CHECK(world.call(1, {"SET", "b", std::string(share + 1000, 'x')}) == "simple \"OK\"");
}

// ---- Those who wait.

TEST_CASE("who waits for one node does not hold back who waits for another") {
  Ready world(with_limit(limit, OnLimit::wait));
  world.freeze(node0);
  std::vector<Tag> of_b;
  for (std::size_t i = 0; i < limit; ++i) of_b.push_back(world.start("b"));
  CHECK(world.client().statistics().waiting == limit - ready_share);
  CHECK(world.reached() >= 1);
  for (int i = 0; i < 100; ++i) {
    const Tag tag = world.start("c");
    CHECK(world.client().statistics().waiting == limit - ready_share);
    world.run();
    CHECK(world.outcome(tag) == std::to_string(i + 1));
  }
  // More than there are places for: these wait for room, and come before what is submitted next.
  std::vector<Tag> of_c;
  for (std::size_t i = 0; i < limit; ++i) of_c.push_back(world.start("c"));
  world.run();
  for (std::size_t i = 0; i < limit; ++i) CHECK(world.outcome(of_c[i]) == std::to_string(101 + i));
  CHECK(world.client().statistics().waiting == limit - ready_share);
  world.wake(node0);
  world.run();
  for (std::size_t i = 0; i < limit; ++i) CHECK(world.outcome(of_b[i]) == std::to_string(i + 1));
  CHECK(world.client().statistics().waiting == 0);
  world.verify();
}

TEST_CASE("who waits for a node goes to the one that takes its place, in order") {
  ClusterWorldOptions options = with_limit(limit, OnLimit::wait);
  options.with_replicas = true;
  Ready world(options);
  world.freeze(node0);
  std::vector<Tag> all;
  for (std::size_t i = 0; i < 2 * limit; ++i) all.push_back(world.start("b"));
  CHECK(world.client().statistics().waiting > 0);
  world.model().promote_replica_of(0);
  world.model().tell_all();
  for (int i = 0; i < 20; ++i) {
    world.advance(100ms);
    all.push_back(world.start("b"));
  }
  world.advance(5s);
  CHECK(world.client().statistics().waiting == 0);
  std::size_t answered = 0;
  for (const Tag tag : all) answered += has(world.outcome(tag), "refused") ? 0 : 1;
  CHECK(answered >= all.size() - ready_share);
  world.verify();
}

TEST_CASE("a wait for a node ends by cancel(), by its deadline, and with the client") {
  Ready world(with_limit(limit, OnLimit::wait));
  world.freeze(node0);
  for (std::size_t i = 0; i < ready_share; ++i) world.start("b");
  const Tag in_time = world.start("b");
  const Tag cancelled = world.start("b");
  const Tag late = world.start("b", 100ms);
  const Tag last = world.start("b");
  world.cancel(*world.id_of(cancelled));
  world.run();
  CHECK(has(world.outcome(cancelled), "cancelled"));
  world.advance(150ms);
  CHECK(has(world.outcome(late), "timed_out"));
  CHECK(world.client().statistics().waiting == 2);
  const Tag other = world.start("c");
  world.run();
  CHECK(world.outcome(other) == "1");
  const bool wakes = GENERATE(true, false);
  if (wakes) world.wake(node0);
  world.run();
  if (wakes) {
    CHECK(world.outcome(in_time) == "41");
    CHECK(world.outcome(last) == "42");
  }
  world.client().close(world.now());
  world.advance(10s);
  CHECK(world.pending_count() == 0);
  CHECK(world.client().statistics().waiting == 0);
}

TEST_CASE("those who wait for one node are a quarter of all who may wait") {
  ClusterWorldOptions options = with_limit(limit, OnLimit::wait);
  options.client.waiters_max = 40;
  Ready world(options);
  world.freeze(node0);
  // As long as the node is not in doubt, so is none of the bounds.
  CHECK(world.refused_of(ready_share + 9, "b") == 0);
  world.advance(2s);
  CHECK(world.refused_of(1, "b") == 0);
  CHECK(world.refused_of(5, "b") == 5);
  CHECK(has(world.last_what(), "a quarter of waiters_max"));
  CHECK(world.refused_of(1, "c") == 0);
  world.wake(node0);
  world.run();
  CHECK(world.client().statistics().waiting == 0);
  CHECK(world.client().statistics().waiters_refused == 5);
}

TEST_CASE("the bytes of those who wait for one node are bounded, too") {
  ClusterWorldOptions options = with_limit(limit, OnLimit::wait);
  options.budget.memory_limit = 8 << 20;
  Ready world(options);
  world.freeze(node0);
  CHECK(world.refused_of(ready_share + 1, "b") == 0);
  world.advance(2s);
  const std::size_t most = world.budget().share(PoolKind::requests) / 8;
  const std::string text(most / 4, 'x');
  std::size_t waiting = 0;
  while (waiting < 10) {
    world.submit(++world.tags, {"SET", "b", text}, 60s);
    if (has(world.outcome(world.tags), "rejected_by_limit")) break;
    ++waiting;
  }
  CHECK(waiting == 3);
  CHECK(has(world.last_what(), "an eighth of the requests pool"));
  world.wake(node0);
  world.run();
  CHECK(world.client().statistics().waiting == 0);
}

TEST_CASE("as many nodes as there are lanes may be waited for, one by one") {
  constexpr std::size_t nodes = WaiterLanes::count_max + 3;
  ClusterWorldOptions options = with_limit(nodes, OnLimit::wait);
  options.primaries = nodes;
  Ready world(options);
  // The share of a node in doubt is one request.
  std::vector<std::string> keys;
  std::vector<bool> has_key(nodes);
  for (int i = 0; keys.size() < nodes; ++i) {
    const std::string key = "key:" + std::to_string(i);
    const NodeIndex owner = world.model().owner(model_slot_of(key));
    if (has_key[owner]) continue;
    has_key[owner] = true;
    keys.push_back(key);
    world.call(world.tags++, {"GET", key});
  }
  for (std::size_t i = 0; i + 1 < nodes; ++i) {
    world.freeze(world.address(world.model().owner(model_slot_of(keys[i]))));
    world.start(keys[i]);
  }
  world.advance(2s);
  std::vector<Tag> waiting;
  for (std::size_t i = 0; i + 1 < nodes; ++i) {
    for (int j = 0; j < 3; ++j) waiting.push_back(world.start(keys[i]));
  }
  const Tag other = world.start(keys.back());
  world.run();
  // There is no lane for two of the nodes, so that who waits for them holds back the others.
  CHECK(world.outcome(other) == "");
  for (std::size_t i = 0; i + 1 < nodes; ++i) {
    world.wake(world.address(world.model().owner(model_slot_of(keys[i]))));
    world.run();
  }
  CHECK(world.outcome(other) == "1");
  for (const Tag tag : waiting) CHECK(!has(world.outcome(tag), "refused"));
  CHECK(world.pending_count() == 0);
  world.verify();
}

// ---- Requests for several slots.

TEST_CASE("requests for several slots leave half of the places while a node is in doubt") {
  const OnLimit overflow = GENERATE(OnLimit::reject, OnLimit::wait);
  Ready world(with_limit(limit, overflow));
  world.freeze(node0);
  world.start("b");
  world.advance(2s);
  std::vector<Tag> of_two;
  for (std::size_t i = 0; i < limit; ++i) {
    world.submit(++world.tags, {"MGET", "b", "c"}, 60s);
    if (!has(world.outcome(world.tags), "rejected_by_limit")) of_two.push_back(world.tags);
    world.run();
  }
  ++world.tags;
  if (overflow == OnLimit::reject) {
    CHECK(of_two.size() == limit / 2);
    CHECK(has(world.last_what(), "half of inflight_requests_limit"));
    CHECK(world.refused_of(limit / 3, "c") == 0);
  } else {
    CHECK(world.client().statistics().waiting == limit / 2);
  }
  world.wake(node0);
  world.run();
  for (const Tag tag : of_two) CHECK(has(world.outcome(tag), "["));
  CHECK(world.pending_count() == 0);
}

TEST_CASE("a request for several slots does not overtake who waits for one of them") {
  Ready world(with_limit(limit, OnLimit::wait));
  world.freeze(node0);
  for (std::size_t i = 0; i < ready_share + 3; ++i) world.start("b");
  const Tag of_two = ++world.tags;
  world.submit(of_two, {"DEL", "b", "c"}, 60s);
  ++world.tags;
  const Tag behind = world.start("c");
  world.run();
  CHECK(world.outcome(behind) == "");
  world.wake(node0);
  world.run();
  CHECK(world.outcome(of_two) == "1");
  CHECK(world.outcome(behind) == "1");
  CHECK(world.call(world.tags++, {"EXISTS", "b"}) == "0");
}

// ---- At random.

// Nothing is awaited, nodes say nothing for a while, slots move: every slot's requests are run in
// the order of submission, whoever had to wait for what.
TEST_CASE("whoever has to wait for a node, the order of each slot is kept") {
  std::size_t waited = 0;
  std::size_t reached = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto pick = [&random](int count) {
      return std::uniform_int_distribution<>(0, count - 1)(random);
    };
    static constexpr std::array<std::size_t, 4> limits{4, 8, 20, 60};
    ClusterWorldOptions options = with_limit(limits[seed % limits.size()], OnLimit::wait);
    options.client.waiters_max = 10'000;
    options.primaries = static_cast<std::size_t>(2 + pick(4));
    Ready world(options, seed % 8 == 0);
    if (seed % 5 == 0) world.delay = [&] { return std::chrono::microseconds(pick(3000)); };
    // Where a slot comes back, its node runs what it has been sent behind what it has redirected.
    std::set<unsigned> has_moved;
    std::map<std::string, std::size_t> lengths;
    std::map<Tag, std::string> expected;
    int pauses = 0;
    // An answer makes a place, and who takes it at once does not overtake those who wait.
    world.on_outcome = [&](Tag) {
      if (pick(4) != 0) return;
      const std::string key = "key:" + std::to_string(pick(12));
      const std::string length = std::to_string(++lengths[key]);
      expected[world.start(key, 600s)] = length;
    };
    for (int step = 0; step < 250; ++step) {
      const std::string key = "key:" + std::to_string(pick(12));
      const auto node = static_cast<NodeIndex>(pick(static_cast<int>(options.primaries)));
      switch (pick(12)) {
        case 0: world.freeze(world.address(node)); break;
        case 1: world.wake(world.address(node)); break;
        case 2: world.advance(std::chrono::milliseconds(pick(5))); break;
        case 3: world.run(); break;
        case 4:
          if (const unsigned slot = model_slot_of(key); has_moved.insert(slot).second) {
            world.model().move_atomically(
                slot, static_cast<NodeIndex>((world.model().owner(slot) + 1) % options.primaries));
          }
          break;
        case 5: {
          const Tag tag = ++world.tags;
          world.submit(tag, {"EXISTS", key, "key:0"}, 600s);
          ++world.tags;
          expected[tag] = std::to_string((lengths[key] > 0) + (lengths["key:0"] > 0));
          break;
        }
        case 6:
          // No longer, or a health check gives up a node that says nothing.
          if (pick(10) == 0 && pauses++ < 2) world.advance(1500ms);
          break;
        default: expected[world.start(key, 600s)] = std::to_string(++lengths[key]);
      }
    }
    world.on_outcome = {};
    for (NodeIndex i = 0; i < options.primaries; ++i) world.wake(world.address(i));
    world.advance(5s);
    for (const auto& [tag, outcome] : expected) {
      if (world.outcome(tag) != outcome) FAIL(tag << ": " << world.outcome(tag) << ", " << outcome);
    }
    waited += world.client().statistics().waited;
    reached += world.reached();
    CHECK(world.client().statistics().in_flight == 0);
  }
  CHECK(waited > 1000);
  CHECK(reached > 100);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_shares_test
