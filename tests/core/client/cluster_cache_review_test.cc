#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/node_caches.h"
#include "plimsoll/core/client/write_fences.h"
#include "plimsoll/core/cluster/view_schedule.h"
#include "plimsoll/core/commands/question.h"
#include "plimsoll/tests/core/client/cluster_world.h"

// Cases of a near cache in a cluster that are easily missed: two questions under way, what fences
// everything twice, commands that block. "b", "bar" and "hello" are in slots 3300, 5061 and 866,
// which node 0 has; "c" is in 7365, of node 1.

namespace plimsoll::testing::cluster_cache_review_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);

constexpr Duration lease = 10s;

ClusterWorldOptions with_cache() {
  ClusterWorldOptions options{.seeds = {node1}, .cross_slot_writes = CrossSlotWrites::split};
  options.cache = {.bytes_max = std::size_t{256} * 1024};
  options.cache->coherence_lease = lease;
  options.client.tracking.method = TrackingOptions::Method::all_reads;
  options.client.blocking_connections_max = 8;
  return options;
}

// A world that is ready, whose client has `keys` in its cache.
struct World : ClusterWorld {
  explicit World(const std::vector<std::string>& keys) : ClusterWorld(with_cache()) {
    connect();
    for (const std::string& key : keys) {
      write_elsewhere({"SET", key, "old"});
      // The first read of a node waits for its connection.
      get(++tags_, {"GET", key});
      get(++tags_, {"GET", key});
      CHECK(has(key));
    }
  }

  /// Whether the cache serves the key now. Nothing is asked of anyone.
  bool has(const std::string& key, Duration max_staleness = cache::any_staleness) {
    const Tag tag = ++tags_;
    const bool found = look_up(tag, {"GET", key}, max_staleness);
    if (const auto id = id_of(tag)) cancel(*id);
    take_outcomes();
    return found;
  }

  /// Whether no reply of the key is stored now, because somebody writes it.
  bool is_fenced(const std::string& key) {
    const std::uint64_t before = cache().statistics().skipped_fenced;
    std::array<cache::Cache::Ticket::Seen, 1> room;
    static_cast<void>(cache().begin_fetch(commands::get_of(key), cache::Sources::none,
                                          cache::Generations::untracked, now(), room));
    return cache().statistics().skipped_fenced > before;
  }

  /// All that nodes and client send while this lives arrives two seconds later.
  struct Delay {
    explicit Delay(World& of) : world(of) {
      world.delay = [] { return Duration(2s); };
    }
    ~Delay() {
      world.delay = [] { return Duration::zero(); };
    }
    Delay(const Delay&) = delete;
    Delay& operator=(const Delay&) = delete;
    World& world;
  };

  Tag next_tag() { return ++tags_; }

 private:
  Tag tags_ = 10'000;
};

TEST_CASE("the answer to a question that was given up proves nothing of a later request") {
  World world({"b", "bar"});
  world.hold_answers(node0);
  world.advance(lease / 2);  // EXISTS b is under way, and answered; nobody knows it yet
  CHECK(world.model().runs().back().words == Words{"EXISTS", "b"});

  // The slot of "b" moves, and node 2 says so.
  const auto views = world.cluster().counters().views;
  world.model().take_over(slot, 1);
  world.model().tell(2, slot);
  for (int i = 0; i < 20 && world.cluster().counters().views == views; ++i) world.advance(500ms);
  REQUIRE(world.owner_known(slot) == node1);

  const Instant changed_at = world.now();
  {
    const World::Delay push(world);
    world.write_elsewhere({"SET", "bar", "new"});
  }
  world.advance(1s);
  const Tag tag = world.next_tag();
  world.look_up(tag, {"GET", "hello"});
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(tag).empty());
  CHECK_FALSE(world.has("bar", (world.now() - changed_at) / 2));
  world.advance(2s);
  CHECK(world.outcome(tag) == "null");
  CHECK_FALSE(world.has("bar"));
}

TEST_CASE("all keys stay closed until the last of two writes that close them is answered") {
  World world({"b", "c"});
  for (const std::string key : {"{b}9", "{c}9"}) world.write_elsewhere({"SET", key, "old"});
  world.hold_answers(node0);
  const Tag both = world.next_tag();
  // So many keys close all others once nobody waits for the command any more.
  Words words(1 + NodeCaches::given_up_max, "{b}9");
  words[0] = "DEL";
  words.push_back("{c}9");
  const auto parts = world.submit(both, words);
  world.run();
  const Tag later = world.next_tag();
  {
    const World::Delay transaction(world);
    world.submit_transaction(later, {{"SET", "hello", "new"}});
    world.send();
  }
  // Nobody waits for the first write any more, but node 0 runs it.
  world.cancel(parts.value());
  world.run();
  CHECK(world.outcome(both).starts_with("cancelled"));
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(later).empty());
  CHECK(world.is_fenced("hello"));
  world.advance(3s);
  CHECK_FALSE(world.outcome(later).empty());
  CHECK_FALSE(world.is_fenced("hello"));
}

TEST_CASE("a write in parts that is given up keeps its keys closed, and no others") {
  World world({"b", "c"});
  for (const std::string key : {"{b}9", "{c}9"}) world.write_elsewhere({"SET", key, "old"});
  world.hold_answers(node0);
  const Tag tag = world.next_tag();
  const auto id = world.submit(tag, {"DEL", "{b}9", "{c}9"}, 1s);
  world.run();
  if (GENERATE(false, true)) {
    world.cancel(id.value());
    world.run();
  } else {
    world.advance(1s);
  }
  CHECK_FALSE(world.outcome(tag).empty());
  CHECK(world.is_fenced("{b}9"));
  CHECK_FALSE(world.is_fenced("hello"));
  CHECK(world.has("b"));
  CHECK(world.has("c"));
  if (GENERATE(false, true)) {
    world.cut(node0);
    world.run();
    CHECK(world.has("c"));
  } else {
    world.let_answers_go(node0);
    world.run();
    CHECK(world.has("b"));
  }
  CHECK_FALSE(world.is_fenced("{b}9"));
  CHECK_FALSE(world.is_fenced("{c}9"));
}

TEST_CASE("all keys of a write are closed over a MOVED, also of one with too many to remember") {
  World world({"b", "c"});
  // One key again and again, since many would close all others as well, which share their cells.
  Words words(1 + WriteFences::keys_max, "{b}1");
  words[0] = "DEL";
  words.push_back("{b}2");
  world.model().take_over(slot, 1);
  world.model().tell_all();
  world.hold_answers(node1);
  const Tag tag = world.next_tag();
  world.submit(tag, words);
  world.run();
  REQUIRE(world.owner_known(slot) == node1);
  CHECK(world.outcome(tag).empty());
  CHECK(world.is_fenced(words[1]));
  CHECK(world.is_fenced(words.back()));
  world.let_answers_go(node1);
  world.run();
  CHECK(world.outcome(tag) == "0");
  CHECK_FALSE(world.is_fenced(words[1]));
  CHECK_FALSE(world.is_fenced(words.back()));
}

TEST_CASE("a key that a command blocks on is closed until its last answer, over a MOVED") {
  World world({"b", "c"});
  const Tag tag = world.next_tag();
  world.submit(tag, {"BLPOP", "{b}list", "0"}, 1s);
  world.advance(20ms);
  CHECK(world.model().sessions().blocked_count(0) == 1);
  CHECK(world.is_fenced("{b}list"));
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  world.advance(1s);
  REQUIRE(world.model().sessions().blocked_count(1) == 1);
  CHECK(world.is_fenced("{b}list"));
  world.write_elsewhere({"RPUSH", "{b}list", "1"});
  world.advance(20ms);
  CHECK(world.outcome(tag) == "[\"{b}list\", \"1\"]");
  CHECK_FALSE(world.is_fenced("{b}list"));
}

// An MGET of "{b}5" and "{c}5", of which node 0 has answered its part, and node 1 has not.
struct HalfAnswered : World {
  HalfAnswered() : World({"b", "c"}) {
    for (const std::string key : {"{b}5", "{c}5"}) write_elsewhere({"SET", key, "old"});
    hold_answers(node1);
    look_up(tag, {"MGET", "{b}5", "{c}5"}, cache::any_staleness, 10 * ViewSchedule::idle_interval);
    run();
    CHECK(outcome(tag).empty());
  }
  std::string end() {
    let_answers_go(node1);
    run();
    return outcome(tag);
  }
  /// The slot of "{b}5" goes to this node, and the client hears of it by its next view.
  void move(NodeIndex to) {
    model().move_atomically(slot, to);
    model().tell_all();
    const Instant until = now() + 2 * ViewSchedule::idle_interval;
    while (now() < until && owner_known(slot) != address(to)) advance(500ms);
    REQUIRE(owner_known(slot) == address(to));
  }

  const Tag tag = next_tag();
};

TEST_CASE("what one node has answered of an MGET is not kept if it changes before the others do") {
  HalfAnswered world;
  SECTION("by another client") { world.write_elsewhere({"SET", "{b}5", "new"}); }
  SECTION("by the client itself") { world.call(world.next_tag(), {"SET", "{b}5", "new"}); }
  SECTION("by a script, perhaps") {
    world.submit_transaction(world.next_tag(), {{"SET", "{b}5", "new"}});
  }
  CHECK(world.end() == "[\"old\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.get(world.next_tag(), {"GET", "{b}5"}) == "\"new\"");
}

TEST_CASE("what one node has answered of an MGET is not kept if its slot leaves meanwhile") {
  HalfAnswered world;
  world.move(1);
  world.write_elsewhere({"SET", "{b}5", "new"});
  if (GENERATE(false, true)) world.move(0);
  CHECK(world.end() == "[\"old\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK_FALSE(world.has("{c}5"));
}

TEST_CASE("a part of an MGET that nobody waits for any more is redirected to nobody") {
  World world({"b", "c"});
  for (const std::string key : {"{b}5", "{c}5"}) world.write_elsewhere({"SET", key, "old"});
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  world.hold_answers(node0);
  const Tag tag = world.next_tag();
  world.look_up(tag, {"MGET", "{b}5", "{c}5"}, cache::any_staleness, 1s);
  world.run();
  if (GENERATE(false, true)) {
    world.cancel(world.id_of(tag).value());
  } else {
    world.advance(1s);
  }
  world.run();
  CHECK_FALSE(world.outcome(tag).empty());
  world.let_answers_go(node0);
  world.run();
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.get(world.next_tag(), {"GET", "{b}5"}) == "\"old\"");
}

TEST_CASE("nodes for which the cache has no member are read as without one, until they have one") {
  World world({});
  std::vector<std::uint32_t> members;
  for (auto each = world.cache().join(); each; each = world.cache().join()) {
    members.push_back(*each);
  }
  world.write_elsewhere({"SET", "b", "old"});
  for (int i = 0; i < 3; ++i) CHECK(world.get(world.next_tag(), {"GET", "b"}) == "\"old\"");
  CHECK_FALSE(world.has("b"));
  world.hold_answers(node0);
  world.submit(world.next_tag(), {"SET", "b", "new"});
  world.run();
  CHECK(world.is_fenced("b"));
  world.let_answers_go(node0);
  world.run();
  CHECK_FALSE(world.is_fenced("b"));
  world.prove(world.next_tag());
  world.run();
  CHECK(world.get(world.next_tag(), {"GET", "b"}) == "\"new\"");
  CHECK(world.client().near_cache()->state() == NearCache::State::unknown);

  for (const std::uint32_t each : members) world.cache().leave(each);
  world.cut(node0);
  world.advance(2s);
  for (int i = 0; i < 2; ++i) CHECK(world.get(world.next_tag(), {"GET", "b"}) == "\"new\"");
  CHECK(world.has("b"));
  CHECK(world.client().near_cache()->state() == NearCache::State::tracking);
}

// A driver calls handle_timeout() only when it is due, which is each second here.
TEST_CASE("a node that was idle has as long to answer a barrier as any request") {
  World world({"b", "c"});
  world.advance(100ms);
  world.hold_answers(node0);
  Client& client = world.client();
  // It may be due once more for what was answered since.
  client.handle_timeout(client.poll_timeout());
  world.take_outcomes();
  const Instant later = world.now() + 800ms;
  REQUIRE(client.poll_timeout() > later);
  const Tag tag = world.next_tag();
  world.history().note_submitted(tag, {});
  REQUIRE(client.prove(later, 10s, tag).ok());
  world.take_outcomes();
  client.handle_timeout(later + 500ms);
  world.cluster().for_each(
      [&](const Cluster::Known& known) { CHECK(known.state != ClusterNode::Known::suspect); });
}

}  // namespace
}  // namespace plimsoll::testing::cluster_cache_review_test
