#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cluster_world.h"
#include "plimsoll/tests/core/client/read_cluster.h"

// What a second review of reads from the replicas of a cluster has found.

namespace plimsoll::testing::cluster_replicas_attacked_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned slot = 3300;  // of "b"; node 0 has it, and node 3 is its replica
constexpr NodeIndex replica = 3;

using Ready = ReadCluster;

// The cluster goes on, and so must the client: as it does without read_from.
TEST_CASE("an old primary that is silent, and named as a replica, does not hold its slots") {
  const ReadFrom from = GENERATE(ReadFrom::primary, ReadFrom::prefer_replica);
  CAPTURE(static_cast<int>(from));
  Ready world(reading({.read_from = from}));
  world.advance(300ms);
  world.hold_answers(world.address(0));
  world.submit(1, {"SET", "b", "before"}, 60s);
  world.run();
  world.advance(100ms);
  world.model().replicate(0);
  world.model().promote_replica_of(0);
  world.model().tell_all();
  world.model().resynchronize(0);
  world.advance(3s);
  CHECK(world.owner_known(slot) == world.address(replica));
  world.submit(2, {"SET", "b", "after"}, 60s);
  world.run();
  world.advance(3s);
  CHECK(world.outcome(2) == "simple \"OK\"");
  int i = 0;
  for (; i < 60 && world.outcome(2).empty(); ++i) world.advance(1s);
  CAPTURE(i, world.outcome(1), world.outcome(2));
  CHECK(i == 0);
}

// Its address was that of a replica, of whose end not everybody has heard.
TEST_CASE("a replica that is named at the address of an owner does not take its connection") {
  const ReadFrom from = GENERATE(ReadFrom::primary, ReadFrom::prefer_replica);
  CAPTURE(static_cast<int>(from));
  Ready world(reading({.read_from = from}));
  if (from != ReadFrom::primary) world.prove();
  const NodeIndex ghost = world.model().add_node("10.0.0.1", 7000);
  world.node(ghost).replica_of = 1;
  const std::size_t attempts = world.attempts_at(world.address(0));
  // Until the next view.
  int failed = 0;
  for (int i = 0; i < 150; ++i) {
    failed += world.get("b") == "x" ? 0 : 1;
    world.advance(1s);
  }
  CHECK(failed == 0);
  CHECK(world.attempts_at(world.address(0)) == attempts);
  CHECK(world.call(1, {"SET", "b", "new"}) == "simple \"OK\"");
}

TEST_CASE(
    "a node that was a replica, and gets slots key by key, is not left with writes under way") {
  const ReadFrom from = GENERATE(ReadFrom::primary, ReadFrom::prefer_replica);
  CAPTURE(static_cast<int>(from));
  Ready world(reading({.read_from = from}));
  if (from != ReadFrom::primary) world.prove();
  // Node 3 is made a primary of its own, and slot 3300 is on its way there.
  world.node(replica).replica_of.reset();
  world.node(replica).data.clear();
  world.model().start_migration(slot, replica);
  world.model().move_key(slot, "b");
  CHECK(world.call(1, {"SET", "b", "there"}) == "simple \"OK\"");
  world.hold_answers(world.address(replica));
  world.submit(2, {"SET", "b", "there too"}, 60s);
  world.run();
  // A view, for another reason.
  world.model().move_atomically(7365, 2);
  world.model().tell_all();
  world.call(3, {"SET", "c", "v"});
  world.advance(800ms);
  world.let_answers_go(world.address(replica));
  world.run();
  CHECK(world.outcome(2) == "simple \"OK\"");
}

TEST_CASE(
    "a replica that cannot be reached does not make the client ask for views again and again") {
  Ready world;
  world.prove();
  world.advance(1s);
  world.kill(world.address(replica));
  for (int i = 0; i < 50; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  const std::size_t views = world.cluster().counters().views;
  for (int i = 0; i < 600; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  CHECK(world.cluster().counters().views - views <= 8);
}

TEST_CASE("a primary whose connection was lost with a question under way has not refused") {
  Ready world(reading({.read_from = ReadFrom::prefer_replica, .lag_max = 400ms}));
  world.prove();
  world.freeze(world.address(0));
  for (int i = 0; i < 4; ++i) {
    world.submit(100 + static_cast<Tag>(i), {"GET", "b"});
    world.run();
    world.advance(100ms);
  }
  world.wake(world.address(0));
  world.kill(world.address(0));
  world.advance(1s);
  world.revive(world.address(0));
  world.call(1, {"SET", "b", "v"});
  world.advance(1s);
  world.model().replicate(0);
  world.advance(500ms);
  const std::size_t before = world.replica_reads();
  for (int i = 0; i < 20; ++i) {
    world.get("b");
    world.advance(100ms);
  }
  CHECK(world.replica_reads() > before);
}

TEST_CASE("an answer to a question of a former role says nothing of the latency") {
  Ready world;
  world.advance(1h);
  world.prove();
  world.advance(2s);
  // The question to the replica is under way.
  world.hold_answers(world.address(replica));
  for (int i = 0; i < 3; ++i) {
    world.submit(100 + static_cast<Tag>(i), {"GET", "b"});
    world.run();
    world.advance(50ms);
  }
  // It becomes the owner, and a replica again, before it answers.
  const NodeIndex promoted = world.model().promote_replica_of(0);
  REQUIRE(promoted == replica);
  world.model().tell_all();
  world.model().resynchronize(0);
  world.submit(1, {"SET", "b", "v"});
  world.run();
  world.advance(200ms);
  CHECK(world.owner_known(slot) == world.address(replica));
  world.model().replicate(replica);
  world.model().promote(0);
  world.model().tell_all();
  world.model().resynchronize(replica);
  // A view, for another reason.
  world.model().move_atomically(7365, 2);
  world.model().tell_all();
  world.call(3, {"SET", "c", "v"});
  world.advance(1500ms);
  CHECK(world.owner_known(slot) == world.address(0));
  world.let_answers_go(world.address(replica));
  world.run();
  bool found = false;
  world.cluster().replicas()->for_each([&](const KnownReplica& known) {
    if (known.address != *NodeAddress::read("10.0.0.1", 7003)) return;
    found = true;
    CHECK(known.progress.latency.value() < 10s);
  });
  CHECK(found);
}

// As a driver would find them: no step may throw the client into work without end.
TEST_CASE("a closed client with a read at a frozen replica and its owner ends in time") {
  ClusterWorldOptions options = reading();
  options.client.close_timeout = 2s;
  Ready world(options);
  world.prove();
  world.freeze(world.address(replica));
  const bool has_deadline = GENERATE(true, false);
  world.submit(1, {"GET", "b"}, has_deadline ? Duration(1s) : Duration(60s));
  world.run();
  world.client().close(world.now());
  world.run();
  world.advance(3s);
  CHECK_FALSE(world.outcome(1).empty());
  CHECK(world.take_events() == Lines{"ready", "closed: closed"});
}

// Both are named as replicas of two primaries, of themselves, and twice.
TEST_CASE("a write to a slot whose owner was a replica is seen at once, whoever is named as what") {
  ReplicaOptions replicas{.read_from = ReadFrom::prefer_replica, .lag_max = 1s};
  ClusterWorldOptions options = reading(replicas);
  options.replicas_count = 2;
  Ready world(options);
  world.validate_always();
  world.prove();
  Tag tag = 10;
  int value = 0;
  for (int round = 0; round < 12; ++round) {
    const NodeIndex owner = world.model().owner(slot);
    for (int i = 0; i < 8; ++i) {
      const std::string text = std::to_string(++value);
      world.call(++tag, {"SET", "b", text});
      CHECK(world.get("b") == text);
      world.advance(110ms);
      world.model().replicate(owner);
      for (int j = 0; j < 3; ++j) {
        CHECK(world.get("b") == text);
        world.advance(60ms);
      }
    }
    const std::vector<NodeIndex> all = world.model().replicas_of(owner);
    const NodeIndex next = all[static_cast<std::size_t>(round) % all.size()];
    world.model().replicate(owner);
    world.model().promote(next);
    world.model().tell_all();
    CHECK(world.get("b") == std::to_string(value));
    for (const NodeIndex each : world.model().replicas_of(next)) {
      if (round % 3 != 0) world.model().resynchronize(each);
    }
    CHECK(world.get("b") == std::to_string(value));
  }
  CHECK(world.replica_reads() > 20);
}

TEST_CASE("a command that blocks, of a client that finds the cluster, counts as a write") {
  ClusterWorldOptions options = reading();
  const bool is_early = GENERATE(false, true);
  CAPTURE(is_early);
  options.knows = ClusterWorldOptions::Knows::nothing;
  struct World : ClusterWorld {
    using ClusterWorld::ClusterWorld;
  } world(options);
  if (is_early) world.submit(1, {"BLPOP", "{b}l", "0"}, 60s);
  world.connect();
  if (!is_early) world.submit(1, {"BLPOP", "{b}l", "0"}, 60s);
  world.run();
  for (NodeIndex i = 0; i < 3; ++i) world.model().replicate(i);
  for (Tag tag = 100; tag < 150 && world.cluster().replicas()->counters().reads < 3; ++tag) {
    world.call(tag, {"GET", "b"});
    world.advance(100ms);
  }
  // While a command from before is under way, all that it may write counts as written.
  REQUIRE((is_early || world.cluster().replicas()->counters().reads >= 3));
  world.write_elsewhere({"RPUSH", "{b}l", "e1", "e2"});
  world.run();
  CHECK(world.outcome(1) == "[\"{b}l\", \"e1\"]");
  CHECK(world.call(2, {"LRANGE", "{b}l", "0", "-1"}) == "[\"e2\"]");
}

// One key a way of writing; each write is a larger number. A read must not be older than the last
// write that had succeeded when it was submitted.
class Ways {
 public:
  explicit Ways(unsigned seed) : random_(seed), world_(options_of(seed)) {
    if (seed % 3 != 0) world_.delay = [this] { return std::chrono::microseconds(pick(4000)); };
    if (seed % 4 == 0) world_.validate_always();
    world_.on_outcome = [this](Tag tag) { note(tag); };
    if (seed % 2 == 0) write(early_, 0);
    world_.connect();
    world_.advance(50ms);
  }
  void run() {
    for (int i = 0; i < 150; ++i) {
      step();
      if (pick(2) == 0) world_.run();
      world_.advance(std::chrono::milliseconds(pick(60)));
    }
    if (world_.client().cluster() != nullptr)
      reads += world_.cluster().replicas()->counters().reads;
  }
  std::size_t reads = 0;

 private:
  static ClusterWorldOptions options_of(unsigned seed) {
    ClusterWorldOptions options = reading({.read_from = ReadFrom::prefer_replica, .lag_max = 1s});
    options.replicas_count = 1 + seed % 2;
    options.cross_slot_writes = CrossSlotWrites::split;
    options.seeds = {ClusterWorld::port(0), ClusterWorld::port(4)};
    options.client.random_seed = seed;
    options.client.inflight_requests_limit = seed % 5 == 0 ? 6 : 1000;
    if (seed % 2 == 0) options.knows = ClusterWorldOptions::Knows::nothing;
    return options;
  }
  int pick(int count) { return std::uniform_int_distribution<>(0, count - 1)(random_); }
  struct Key {
    std::string name;
    int sent = 0;
    int known = 0;
  };
  // 0: exclusive; 1: MULTI there; 2: MSET with the others; 3: a transaction; 4: at(); 5: SET
  void write(Key& key, int way) {
    const Tag tag = ++tags_;
    const std::string value = std::to_string(++key.sent);
    writes_[tag] = {{&key, key.sent}};
    switch (way) {
      case 0:
      case 1:
        if (!connection_) {
          const auto opened = world_.client().open_exclusive(world_.now());
          if (!opened) return;
          connection_ = *opened;
        }
        if (way == 0) {
          world_.submit_to(*connection_, tag, {{"SET", key.name, value}});
        } else {
          world_.submit_to(*connection_, tag, {{"SET", key.name, value}, {"GET", key.name}});
        }
        return;
      case 2: {
        Words words{"MSET"};
        writes_[tag].clear();
        for (Key& each : parts_) {
          words.push_back(each.name);
          words.push_back(std::to_string(++each.sent));
          writes_[tag].push_back({&each, each.sent});
        }
        world_.submit(tag, words);
        return;
      }
      case 3: world_.submit_transaction(tag, {{"SET", key.name, value}, {"GET", key.name}}); return;
      case 4: {
        world_.history().note_submitted(tag, {});
        const Words words{"SET", key.name, value};
        std::vector<std::string_view> views(words.begin(), words.end());
        const auto id = world_.client().submit_at(
            {.kind = NodeChoice::Kind::owner, .slot = static_cast<Slot>(model_slot_of(key.name))},
            *commands::prepare(views), world_.now(), 10s, tag);
        if (!id) world_.history().note_outcome(tag, "refused", &id.error());
        return;
      }
      default: world_.submit(tag, {"SET", key.name, value});
    }
  }
  void read(Key& key) {
    const Tag tag = ++tags_;
    asked_[tag] = {&key, key.known};
    world_.submit(tag, {"GET", key.name}, pick(4) == 0 ? Duration(300ms) : Duration(10s));
  }
  void note(Tag tag) {
    const std::string outcome = world_.outcome(tag);
    if (const auto found = asked_.find(tag); found != asked_.end()) {
      const bool is_value = outcome.starts_with('"');
      const bool is_null = outcome == "null" || outcome == "nil" || outcome == "(nil)";
      if (!is_value && !is_null) return;
      const int seen = is_value ? std::stoi(outcome.substr(1)) : 0;
      CAPTURE(found->second.first->name, outcome, found->second.second, tag);
      CHECK(seen >= found->second.second);
      return;
    }
    const auto found = writes_.find(tag);
    if (found == writes_.end() || !world_.history().has_succeeded(tag)) return;
    for (const auto& [key, value] : found->second) key->known = std::max(key->known, value);
  }
  void step() {
    ClusterModel& model = world_.model();
    for (int i = pick(6); i > 0; --i) {
      if (pick(3) != 0) {
        const int way = pick(7);
        if (way == 2)
          read(parts_[static_cast<std::size_t>(pick(3))]);
        else if (way == 6)
          read(early_);
        else
          read(keys_[static_cast<std::size_t>(way)]);
        continue;
      }
      const int way = pick(6);
      write(keys_[static_cast<std::size_t>(way)], way);
    }
    if (pick(2) == 0) {
      for (NodeIndex each = 0; each < model.nodes_count(); ++each) {
        if (world_.node(each).replica_of && pick(3) == 0) {
          if (!model.replication().is_linked(each) && !model.replication().is_primary(each)) {
            model.resynchronize(each);
          }
          model.replication().catch_up(each);
        }
      }
    }
    const unsigned moving = pick(2) == 0 ? 3300 : 7365;
    const int what = pick(60);
    const NodeIndex owner = model.owner(moving);
    if (what < 3 && !model.is_migrating(moving)) {
      const NodeIndex to = other_primary(owner);
      if (to != owner) model.start_migration(moving, to);
    } else if (what < 10 && model.is_migrating(moving)) {
      model.move_key(moving);
    } else if (what < 12 && model.is_migrating(moving)) {
      model.finish_at_target(moving);
      model.finish_at_source(moving);
    } else if (what < 13 && model.is_migrating(moving)) {
      model.cancel_migration(moving);
    } else if (what < 15 && !model.is_migrating(moving)) {
      const NodeIndex to = other_primary(owner);
      if (to != owner) model.move_atomically(moving, to);
    } else if (what < 17 && !model.is_migrating(3300) && !model.is_migrating(7365)) {
      model.replicate(owner);
      model.promote_replica_of(owner);
      model.tell_all();
    } else if (what < 20) {
      model.tell_all();
    } else if (what < 23) {
      world_.cut(world_.address(any()),
                 pick(2) == 0 ? ClusterWorld::UnderWay::arrives : ClusterWorld::UnderWay::lost);
    } else if (what < 25) {
      world_.freeze(world_.address(any()));
    } else if (what < 35) {
      for (NodeIndex each = 0; each < model.nodes_count(); ++each)
        world_.wake(world_.address(each));
    } else if (what < 36 && connection_) {
      world_.client().release(*connection_, world_.now());
      connection_.reset();
    }
  }
  NodeIndex any() {
    return static_cast<NodeIndex>(pick(static_cast<int>(world_.model().nodes_count())));
  }
  NodeIndex other_primary(NodeIndex owner) {
    for (int i = 0; i < 20; ++i) {
      const NodeIndex each = any();
      if (!world_.node(each).replica_of && each != owner) return each;
    }
    return owner;
  }

  std::mt19937 random_;
  std::vector<Key> keys_{{"{b}0"}, {"{b}1"}, {"{c}2"}, {"{b}3"}, {"{c}4"}, {"{b}5"}};
  std::vector<Key> parts_{{"{b}p"}, {"{c}p"}, {"{a}p"}};
  Key early_{"{b}early"};
  std::map<Tag, std::vector<std::pair<Key*, int>>> writes_;
  std::map<Tag, std::pair<Key*, int>> asked_;
  std::optional<ConnectionId> connection_;
  Tag tags_ = 0;
  ClusterWorld world_;
};

TEST_CASE("on whichever way a client writes, it reads what it has written") {
  unsigned from = 1;
  unsigned to = 40;
  if (const char* const text = std::getenv("PLIMSOLL_SEEDS")) {
    char* end = nullptr;
    from = static_cast<unsigned>(std::strtoul(text, &end, 10));
    to = static_cast<unsigned>(std::strtoul(*end == '-' ? end + 1 : text, nullptr, 10));
  }
  std::size_t reads = 0;
  for (unsigned seed = from; seed <= to; ++seed) {
    CAPTURE(seed);
    Ways ways(seed);
    ways.run();
    reads += ways.reads;
  }
  WARN(reads);
  CHECK(reads > 100);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_replicas_attacked_test
