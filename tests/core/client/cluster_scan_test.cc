#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"

// SCAN in a cluster: what is sent where, and how pages end. What a walk finds while slots move is
// the matter of tests/core/cluster/walk_model_test.cc.

namespace plimsoll::testing::cluster_scan_test {
namespace {

using namespace std::chrono_literals;

// Of three nodes, 0 has the slot of "b" (3300), 1 that of "c" (7365) and 2 that of "a" (15495).
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// All texts in an outcome: the cursor, and the keys.
std::vector<std::string> texts_of(const std::string& outcome) {
  std::vector<std::string> texts;
  for (std::size_t at = outcome.find('"'); at != outcome.npos; at = outcome.find('"', at + 1)) {
    const std::size_t end = outcome.find('"', at + 1);
    texts.push_back(outcome.substr(at + 1, end - at - 1));
    at = end;
  }
  return texts;
}

// Keys with and without a common slot.
std::set<std::string> fill(ClusterWorld& world, int count) {
  std::set<std::string> keys;
  for (int i = 0; i < count; ++i) {
    keys.insert("key" + std::to_string(i));
    keys.insert("{c}" + std::to_string(i));
  }
  Tag tag = 1'000'000;
  for (const std::string& key : keys) world.call(tag++, {"SET", key, "x"});
  return keys;
}

class Walking {
 public:
  explicit Walking(ClusterWorld& world, Tag first = 0) : world_(world), tag_(first) {}

  /// One page. Returns false if that was no page.
  bool go_on(Words options = {}) {
    Words words{"SCAN", cursor_};
    words.insert(words.end(), options.begin(), options.end());
    return take(world_.call(next_tag(), words));
  }
  bool take(const std::string& outcome) {
    last_ = outcome;
    if (!outcome.starts_with("[")) return false;
    const std::vector<std::string> texts = texts_of(outcome);
    cursor_ = texts.at(0);
    keys_.insert(texts.begin() + 1, texts.end());
    ++pages_;
    return true;
  }
  Tag next_tag() { return ++tag_; }

  bool is_over() const { return pages_ > 0 && cursor_ == "0"; }
  const std::string& cursor() const { return cursor_; }
  const std::string& last() const { return last_; }
  const std::set<std::string>& keys() const { return keys_; }
  std::size_t pages() const { return pages_; }

 private:
  ClusterWorld& world_;
  std::string cursor_ = "0";
  std::string last_;
  std::set<std::string> keys_;
  std::size_t pages_ = 0;
  Tag tag_;
};

TEST_CASE("SCAN walks over one node after the other") {
  ClusterWorld world;
  world.connect();
  const std::set<std::string> keys = fill(world, 30);
  Walking walking(world);
  while (!walking.is_over()) REQUIRE(walking.go_on({"COUNT", "100"}));
  CHECK(walking.pages() == 3);
  CHECK(walking.keys() == keys);
  CHECK(world.cluster().in_flight() == 0);
  CHECK(world.cluster().counters().parked == 0);
  CHECK(world.take_events() == Lines{"ready"});

  Walking slow(world, 100);
  while (!slow.is_over()) REQUIRE(slow.go_on());
  CHECK(slow.pages() == 3 * (7 + 1));  // 64 buckets, ten a page, and a report at the end
  CHECK(slow.keys() == keys);
}

TEST_CASE("what is no walk's cursor is refused, and nothing is sent") {
  ClusterWorld world;
  world.connect();
  const std::size_t attempts = world.attempts();
  CHECK(world.call(1, {"SCAN", "17"}) == "refused with invalid_argument (no)");
  CHECK(has(world.last_error().what, "cursor"));
  CHECK(world.call(3, {"SCAN", std::string(6000, 'A')}) == "refused with invalid_argument (no)");
  CHECK(world.attempts() == attempts);
  CHECK(world.cluster().in_flight() == 0);
  CHECK(world.cluster().counters().parked == 0);
}

TEST_CASE("a node's own words reach the caller") {
  ClusterWorld world;
  world.connect();
  const std::string syntax = world.call(1, {"SCAN", "0", "MATCH"});
  CHECK(has(syntax, "ERR syntax error\""));
  CHECK(world.last_error().code == ErrorCode::server_error);
  world.node(0).refused["INFO server"] = "-NOPERM no right to INFO\r\n";
  CHECK(has(world.call(2, {"SCAN", "0"}), "NOPERM no right to INFO\""));
  CHECK(world.last_error().code == ErrorCode::permission_denied);
  CHECK(world.last_error().executed == Executed::no);
  CHECK(world.cluster().in_flight() == 0);
  world.node(0).refused.clear();
  CHECK(Walking(world, 100).go_on());
}

TEST_CASE("a page whose node dies is empty, and the next one is the successor's") {
  ClusterWorld world({.with_replicas = true});
  world.connect();
  const std::set<std::string> keys = fill(world, 30);
  for (const NodeIndex each : {0u, 1u, 2u}) world.model().replicate(each);
  Walking walking(world);
  REQUIRE(walking.go_on());
  REQUIRE(walking.go_on());
  world.hold_answers(node0);
  const Tag tag = walking.next_tag();
  world.submit(tag, {"SCAN", walking.cursor()});
  world.run();
  CHECK(world.outcome(tag) == "");
  world.model().promote_replica_of(0);
  world.model().tell_all();
  world.kill(node0);
  world.let_answers_go(node0);
  world.run();
  REQUIRE(walking.take(world.outcome(tag)));
  CHECK(has(walking.last(), ", []]"));
  while (!walking.is_over()) {
    const Tag next = walking.next_tag();
    world.submit(next, {"SCAN", walking.cursor()});
    world.advance(2s);
    REQUIRE(walking.take(world.outcome(next)));
  }
  CHECK(walking.keys() == keys);
}

TEST_CASE("a walk waits for a slot on the move, and holds up nobody") {
  ClusterWorld world;
  world.connect();
  const std::set<std::string> keys = fill(world, 5);
  world.model().start_migration(7365, 2);
  Walking walking(world);
  for (int i = 0; i < 40; ++i) {
    const Tag tag = walking.next_tag();
    world.submit(tag, {"SCAN", walking.cursor(), "COUNT", "100"});
    world.run();
    const std::string push = "pushed" + std::to_string(i);
    CHECK(world.call(static_cast<Tag>(500 + i), {"SET", "{c}" + push, "x"}) == "simple \"OK\"");
    if (i == 20) {
      // The wait has become long, and nothing is sent meanwhile.
      CHECK(world.outcome(tag) == "");
      CHECK(world.cluster().in_flight() > 0);
    }
    world.advance(1s);
    REQUIRE(walking.take(world.outcome(tag)));
    CHECK(!walking.is_over());
  }
  world.model().finish_at_target(7365);
  world.model().finish_at_source(7365);
  world.model().tell_all();
  for (int i = 0; i < 10 && !walking.is_over(); ++i) {
    const Tag tag = walking.next_tag();
    world.submit(tag, {"SCAN", walking.cursor(), "COUNT", "100"});
    world.advance(1s);
    REQUIRE(walking.take(world.outcome(tag)));
  }
  CHECK(walking.is_over());
  CHECK(std::includes(walking.keys().begin(), walking.keys().end(), keys.begin(), keys.end()));
}

TEST_CASE("a walk that never gets on fails, and goes on from its cursor afterwards") {
  ClusterWorld world;
  world.connect();
  world.model().start_migration(7365, 2);
  Walking walking(world);
  std::string outcome;
  for (int i = 0; i < 200; ++i) {
    const Tag tag = walking.next_tag();
    world.submit(tag, {"SCAN", walking.cursor(), "COUNT", "100"});
    world.advance(1s);
    outcome = world.outcome(tag);
    if (!walking.take(outcome)) break;
  }
  CHECK(outcome == "refused with cluster_down (no)");
  CHECK(world.last_error().value == 7365);
}

TEST_CASE("a page for a slot without an owner ends by its deadline, after all others") {
  ClusterWorld world;
  world.model().unassign(3300);
  world.model().tell_all();
  world.connect();
  Walking walking(world);
  for (int i = 0; i < 3; ++i) REQUIRE(walking.go_on({"COUNT", "100"}));
  const Tag tag = walking.next_tag();
  world.submit(tag, {"SCAN", walking.cursor()}, 500ms);
  world.run();
  CHECK(world.outcome(tag) == "");
  CHECK(world.call(900, {"SET", "c", "x"}) == "simple \"OK\"");
  world.advance(600ms);
  CHECK(world.outcome(tag) == "timed_out (no)");
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("a page is cancelled wherever it is") {
  ClusterWorld world;
  world.connect();
  world.hold_answers(node0);
  const auto sent = world.submit(1, {"SCAN", "0"});
  world.run();
  world.cancel(*sent);
  world.run();
  CHECK(has(world.outcome(1), "cancelled"));
  world.let_answers_go(node0);
  world.run();
  CHECK(world.cluster().in_flight() == 0);
  world.kill(node0);
  world.run();
  const auto parked = world.submit(2, {"SCAN", "0"});
  world.run();
  world.cancel(*parked);
  world.run();
  CHECK(has(world.outcome(2), "cancelled"));
  CHECK(world.cluster().in_flight() == 0);
  CHECK(world.cluster().counters().parked == 0);
}

TEST_CASE("a client with one request at a time can walk, and so can one that waits for room") {
  for (const OnLimit overflow : {OnLimit::reject, OnLimit::wait}) {
    ClusterWorldOptions options;
    options.client.inflight_requests_limit = 1;
    options.client.inflight_overflow = overflow;
    ClusterWorld world(options);
    world.connect();
    const std::set<std::string> keys = fill(world, 10);
    Walking walking(world);
    while (!walking.is_over()) {
      if (overflow == OnLimit::wait) world.submit(50'000 + walking.next_tag(), {"GET", "c"});
      REQUIRE(walking.go_on());
    }
    CHECK(walking.keys() == keys);
  }
}

TEST_CASE("a page that does not fit fails alone") {
  ClusterWorldOptions options;
  options.client.reply_bytes_max = 4096;
  ClusterWorld world(options);
  world.connect();
  for (int i = 0; i < 100; ++i) {
    const std::string key = "{c}" + std::string(100, 'x') + std::to_string(i);
    world.call(static_cast<Tag>(1000 + i), {"SET", key, "x"});
  }
  Walking walking(world);
  REQUIRE(walking.go_on({"COUNT", "100"}));
  CHECK(!walking.go_on({"COUNT", "100"}));
  CHECK(has(walking.last(), "reply_too_large"));
  while (!walking.is_over()) {
    const bool is_page = walking.go_on({"COUNT", "3"});
    INFO(walking.last());
    REQUIRE(is_page);
  }
  CHECK(walking.keys().size() == 100);
  CHECK(world.cluster().in_flight() == 0);
}

TEST_CASE("an allocation that is refused costs one page at most") {
  for (std::size_t granted = 0; granted < 40; ++granted) {
    ClusterWorld world;
    world.connect();
    const std::set<std::string> keys = fill(world, 10);
    Walking walking(world);
    world.memory().refuse_one_after(granted);
    std::size_t refused = 0;
    while (!walking.is_over()) {
      if (!walking.go_on({"COUNT", "100"})) REQUIRE(++refused <= 1);
    }
    CHECK(walking.keys() == keys);
    CHECK(world.cluster().in_flight() == 0);
  }
}

// Slots move, nodes are lost, answers are late; callers go on with other requests.
TEST_CASE("walks end well in worlds of any kind") {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    ClusterWorld world;
    world.connect();
    world.validate_always();
    const std::set<std::string> keys = fill(world, 12);
    std::optional<unsigned> moving;
    world.delay = [&random] { return std::chrono::milliseconds(random() % 4); };
    Walking walking(world);
    Tag others = 10'000;
    for (int calls = 0; !walking.is_over() && calls < 400; ++calls) {
      const unsigned slot = model_slot_of("c");
      switch (calls < 60 ? random() % 6 : 6) {
        case 0:
          if (!moving) {
            moving = slot;
            world.model().start_migration(slot, (world.model().owner(slot) + 1) % 3);
          }
          break;
        case 1:
        case 2:
          if (moving) world.model().move_key(slot);
          break;
        case 3: world.cut(ClusterWorld::port(random() % 3)); break;
        case 4: world.push(others++, "{c}list"); break;
        case 6:
          if (moving) {
            world.model().finish_at_target(slot);
            world.model().finish_at_source(slot);
            world.model().tell_all();
            moving.reset();
          }
          break;
        default: break;
      }
      const Tag tag = walking.next_tag();
      world.submit(tag, {"SCAN", walking.cursor(), "COUNT", std::to_string(1 + random() % 40)});
      world.advance(2s);
      REQUIRE(walking.take(world.outcome(tag)));
    }
    CHECK(walking.is_over());
    CHECK(std::includes(walking.keys().begin(), walking.keys().end(), keys.begin(), keys.end()));
    world.verify();
  }
}

}  // namespace
}  // namespace plimsoll::testing::cluster_scan_test
