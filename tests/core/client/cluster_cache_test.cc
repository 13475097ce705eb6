#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cached_cluster.h"

// What a near cache in a cluster serves, what it keeps, and when it has to forget.

namespace plimsoll::testing::cluster_cache_test {
namespace {

using namespace std::chrono_literals;
using Cached = CachedCluster;

constexpr unsigned slot = 3300;  // of "b"
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node2 = ClusterWorld::port(2);
const std::string node3 = ClusterWorld::port(3);

// ---- What is cached, and who vouches for it.

TEST_CASE("in a cluster each node's connection brings the news of what was read there") {
  Cached world;
  CHECK(world.read("b") == "hit \"old\"");
  CHECK(world.read("c") == "hit \"old\"");
  world.write_elsewhere({"SET", "b", "new"});
  world.run();
  CHECK(world.has("c"));
  CHECK(world.has("{b}1"));
  CHECK_FALSE(world.has("b"));
  CHECK(world.read("b") == "\"new\"");
  CHECK(world.read("b") == "hit \"new\"");
  CHECK(world.client().near_cache()->state() == NearCache::State::tracking);
}

TEST_CASE("a reply and the invalidation behind it, on one node's wire, leave nothing") {
  Cached world;
  world.hold_answers(node0);
  const Tag tag = world.look_up_now("{b}2");
  world.run();
  CHECK(world.outcome(tag).empty());
  world.write_elsewhere({"SET", "{b}2", "new"});
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(tag) == "null");
  CHECK_FALSE(world.has("{b}2"));
  world.write_elsewhere({"SET", "{b}2", "newer"});
  CHECK(world.read("{b}2") == "\"newer\"");
  CHECK(world.has("{b}2"));
}

TEST_CASE("a lost connection takes along what its node has vouched for, and nothing else") {
  Cached world;
  world.cut(node1);
  CHECK_FALSE(world.has("c"));
  CHECK(world.has("b"));
  CHECK(world.has("a"));
  world.advance(1s);
  CHECK(world.read("c") == "\"old\"");
  world.read("c");
  CHECK(world.has("c"));
}

TEST_CASE("the main connection vouches for no node, so its end takes nothing along") {
  Cached world({.seeds = {node3}});
  CHECK(world.main_address() == node3);
  world.cut(node3);
  world.run();
  for (const char* const key : {"b", "c", "a"}) CHECK(world.has(key));
}

TEST_CASE("a node that says CLUSTERDOWN to anything has vouched for nothing any more") {
  Cached world;
  const bool by_write = GENERATE(true, false);
  world.node(0).is_down = true;
  const Tag tag = world.next_tag();
  world.submit(tag, by_write ? Words{"SET", "{b}3", "1"} : Words{"GET", "{b}3"});
  world.run();
  CHECK(world.outcome(tag).empty());  // it is sent again later
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  CHECK(world.has("c"));
  CHECK(world.has("a"));
  world.node(0).is_down = false;
  world.advance(2s);
  CHECK(world.read("b") == "\"old\"");
  CHECK(world.has("b"));
}

TEST_CASE("a null push drops everything, as without a cluster") {
  Cached world;
  world.model().tracking().note_flush(1);
  world.run();
  for (const char* const key : {"b", "c", "a"}) {
    CHECK_FALSE(world.has(key));
    CHECK(world.read(key) == "\"old\"");
    CHECK(world.has(key));
  }
}

TEST_CASE("FLUSHALL of the client closes all keys until the last node has answered") {
  Cached world;
  world.hold_answers(node2);
  const Tag tag = world.next_tag();
  world.submit(tag, {"FLUSHALL"});
  CHECK_FALSE(world.has("b"));
  world.run();
  CHECK(world.outcome(tag).empty());
  CHECK(world.read("b") == "null");
  CHECK_FALSE(world.has("a"));
  world.let_answers_go(node2);
  world.run();
  CHECK(world.outcome(tag) == "simple \"OK\"");
  CHECK(world.read("a") == "null");
}

TEST_CASE("a transaction closes the keys that it writes until its node has answered") {
  Cached world;
  world.hold_answers(node0);
  const Tag tag = world.next_tag();
  world.submit_transaction(tag, {{"GET", "{b}1"}, {"SET", "b", "new"}});
  world.run();
  CHECK_FALSE(world.has("b"));
  for (const char* const key : {"{b}1", "c", "a"}) CHECK(world.has(key));
  world.let_answers_go(node0);
  world.run();
  CHECK_FALSE(world.outcome(tag).empty());
  CHECK(world.read("b") == "\"new\"");
  CHECK(world.has("b"));
}

TEST_CASE("hits cost no request") {
  Cached world;
  const std::size_t before = world.model().runs().size();
  for (int i = 0; i < 100; ++i) {
    CHECK(is_hit(world.read("b")));
    CHECK(is_hit(world.read("a")));
  }
  CHECK(world.model().runs().size() == before);
}

// ---- Slots that move.

TEST_CASE("a view that gives a slot to another node puts its keys out of reach, and no others") {
  // Node 0 knows of nothing, and has not said a word.
  Cached world({.seeds = {node1}});
  world.write_elsewhere({"SET", "x3", "old"});  // slot 1984, of node 0
  world.read("x3");
  world.model().take_over(slot, 1);
  world.model().tell(2, slot);
  world.see();
  CHECK(world.owner_known(slot) == node1);
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  CHECK(world.has("x3"));
  CHECK(world.has("c"));
  CHECK(world.read("b") == "null");
}

TEST_CASE("one MOVED puts all keys of its slot out of reach at once") {
  // A replaced owner says MOVED before it says that it has to forget all.
  Cached world;
  world.elect(0);
  world.model().tell(0);
  world.write_elsewhere({"SET", "b", "new"});
  CHECK(world.read("{b}4") == "null");
  CHECK(world.owner_known(slot) == node3);
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  CHECK(world.has("c"));
  CHECK(world.read("b") == "\"new\"");
}

TEST_CASE("a slot that comes back does not bring along what was read there before") {
  Cached world;
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  CHECK(world.read("{b}4") == "null");
  world.model().move_atomically(slot, 0);
  world.model().tell_all();
  CHECK(world.read("{b}4") == "null");
  CHECK(world.owner_known(slot) == node0);
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  CHECK(world.read("b") == "\"old\"");
  CHECK(world.has("b"));
}

TEST_CASE("keys that move one by one are read where they are, and are true in the end") {
  Cached world;
  for (int i = 0; i < 3; ++i) {
    const NodeIndex to = world.model().owner(slot) == 0 ? 1 : 0;
    world.model().start_migration(slot, to);
    CHECK(is_hit(world.read("b")));
    world.model().move_key(slot, "b");
    world.run();
    CHECK_FALSE(world.has("b"));
    CHECK(world.read("b") == "\"old\"");
    CHECK_FALSE(world.has("b"));
    CHECK(world.has("{b}1"));
    world.model().finish_at_target(slot);
    world.model().finish_at_source(slot);
    world.model().tell_all();
    world.run();
    for (int reads = 0; reads < 2; ++reads) {
      CHECK(world.read("b").ends_with("\"old\""));
      CHECK(world.read("{b}1").ends_with("\"old\""));
    }
    CHECK(is_hit(world.read("b")));
    CHECK(is_hit(world.read("{b}1")));
  }
}

TEST_CASE("a slot that nobody has any more serves nothing") {
  Cached world({.seeds = {node1}});
  world.model().unassign(slot);
  for (const NodeIndex each : {1, 2, 3, 4, 5}) world.model().tell(each);
  world.see();
  CHECK(world.owner_known(slot).empty());
  CHECK_FALSE(world.has("b"));
  CHECK(world.has("c"));
}

// ---- What is not stored.

TEST_CASE("what came by ASK is not stored") {
  Cached world;
  world.write_elsewhere({"SET", "{b}5", "old"});
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "{b}5");
  CHECK(world.read("{b}5") == "\"old\"");
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.read("{b}5") == "\"old\"");
  // The import is called off, which hides what was imported, and nobody is told.
  world.model().cancel_migration(slot);
  world.write_elsewhere({"SET", "{b}5", "new"});
  CHECK(world.read("{b}5") == "\"new\"");
  CHECK(world.read("{b}5").ends_with("\"new\""));
  CHECK(world.has("{b}5"));
}

TEST_CASE("what came by MOVED is not stored; what is asked of the new owner is") {
  Cached world;
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  CHECK(world.read("b") == "\"old\"");
  CHECK_FALSE(world.has("b"));
  CHECK(world.read("b") == "\"old\"");
  CHECK(world.has("b"));
}

TEST_CASE("what waited for TRYAGAIN is not stored") {
  Cached world;
  world.write_elsewhere({"SET", "{b}5", "old"});
  world.write_elsewhere({"SET", "{b}6", "old"});
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "{b}5");
  const Tag tag = world.next_tag();
  world.look_up(tag, {"MGET", "{b}5", "{b}6"});
  world.run();
  CHECK(world.outcome(tag).empty());
  world.model().cancel_migration(slot);
  world.advance(100ms);
  CHECK(world.outcome(tag) == "[\"old\", \"old\"]");
  CHECK_FALSE(world.has("{b}5"));
  CHECK_FALSE(world.has("{b}6"));
}

TEST_CASE("what waited for an owner is not stored") {
  Cached world;
  world.write_elsewhere({"SET", "{b}5", "old"});
  world.kill(node0);
  const Tag tag = world.look_up_now("{b}5");
  world.run();
  CHECK(world.outcome(tag).empty());
  world.elect(0);
  world.advance(3s);
  CHECK(world.outcome(tag) == "\"old\"");
  CHECK_FALSE(world.has("{b}5"));
  CHECK(world.read("{b}5") == "\"old\"");
  CHECK(world.has("{b}5"));
}

TEST_CASE("a read whose deadline passes says for which slot and node it waited") {
  Cached world;
  const std::string of_slot =
      "the request's deadline passed while it waited for the owner of slot 3300, ";
  constexpr Tag first = 101, joined = 102;
  world.kill(node0);
  world.look_up(first, {"GET", "{b}5"}, cache::any_staleness, 50ms);
  world.look_up(joined, {"GET", "{b}5"}, cache::any_staleness, 40ms);
  world.advance(40ms);
  CHECK(world.outcome(joined) == "timed_out (no)");
  CHECK(world.last_error_words() == of_slot + node0 + ": connection refused");
  world.advance(10ms);
  CHECK(world.outcome(first) == "timed_out (no)");
  CHECK(world.last_error_words() == of_slot + node0 + ": connection refused");
}

TEST_CASE("a read whose deadline passes at a node that is silent says so") {
  Cached world;
  world.hold_answers(node0);
  constexpr Tag one = 101, several = 102;
  world.look_up(one, {"GET", "{b}5"}, cache::any_staleness, 50ms);
  world.look_up(several, {"MGET", "{b}6", "c"}, cache::any_staleness, 60ms);
  world.run();
  world.advance(50ms);
  CHECK(world.outcome(one) == "timed_out (maybe)");
  CHECK(world.last_error_words() == "the request's deadline passed before its reply");
  world.advance(10ms);
  CHECK(world.outcome(several) == "timed_out (maybe)");
  CHECK(world.last_error_words() ==
        "the request's deadline passed before all of its parts were answered");
}

TEST_CASE("a read that is sent again after its connection was lost is not stored") {
  ClusterWorldOptions options;
  options.client.read_resends_max = 2;
  Cached world(options);
  world.hold_answers(node1);
  const Tag tag = world.look_up_now("{c}5");
  world.run();
  world.cut(node1);
  world.let_answers_go(node1);
  world.write_elsewhere({"SET", "{c}5", "new"});
  world.advance(2s);
  CHECK(world.outcome(tag) == "\"new\"");
  CHECK_FALSE(world.has("{c}5"));
}

TEST_CASE("a reply whose slot has left the node meanwhile is delivered, and not stored") {
  Cached world({.seeds = {node1}});
  world.write_elsewhere({"SET", "{b}5", "old"});
  world.hold_answers(node0);
  const Tag tag = world.next_tag();
  world.look_up(tag, {"GET", "{b}5"}, cache::any_staleness, 1h);
  world.run();
  world.model().take_over(slot, 1);
  world.model().tell(2, slot);
  world.see();
  CHECK(world.owner_known(slot) == node1);
  world.let_answers_go(node0);
  world.advance(1s);
  CHECK_FALSE(world.outcome(tag).empty());
  CHECK_FALSE(world.has("{b}5"));
}

TEST_CASE("a reply from one node is not taken for newer than what another one has told before it") {
  Cached world;
  // Node 1 will tell of this key, since it was read there when it was missing.
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  for (int i = 0; i < 2; ++i) CHECK(world.read("{b}5") == "null");
  world.model().move_atomically(slot, 0);
  world.model().tell_all();
  CHECK(world.read("{b}6") == "null");
  CHECK(world.owner_known(slot) == node0);
  world.write_elsewhere({"SET", "{b}5", "old"});
  world.hold_answers(node0);
  const Tag first = world.look_up_now("{b}5");
  world.run();
  world.write_elsewhere({"SET", "{b}5", "new"});
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  world.run();
  CHECK(world.told("{b}5") == 2);
  const Tag second = world.look_up_now("{b}5");
  world.run();
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(first) == "\"old\"");
  CHECK(world.outcome(second) == "\"new\"");
  CHECK(world.read("{b}5").ends_with("\"new\""));
}

// ---- Missing keys.

struct ReadOf {
  Words words;
  std::string of_missing;
  std::string of_present;
};

std::vector<ReadOf> reads_of(const std::string& key) {
  return {{{"GET", key}, "null", "\"v1\""},
          {{"EXISTS", key}, "0", "1"},
          {{"STRLEN", key}, "0", "2"},
          {{"LLEN", key}, "0", "2"},
          {{"TYPE", key}, "simple \"none\"", "simple \"string\""},
          {{"GETRANGE", key, "0", "-1"}, "\"\"", "\"v1\""},
          {{"LRANGE", key, "0", "-1"}, "[]", "[\"f\", \"v1\"]"},
          {{"HGETALL", key}, "{}", "{\"f\": \"v1\"}"}};
}

TEST_CASE("what a missing key has answered is not kept, and counted") {
  const bool cache_nil = GENERATE(true, false);
  Cached world(
      {.cache = cache::CacheOptions{.bytes_max = std::size_t{256} * 1024, .cache_nil = cache_nil}});
  for (const ReadOf& each : reads_of("{b}none")) {
    CAPTURE(each.words[0]);
    const auto before = world.cache().statistics().skipped_absent;
    const std::string outcome = world.read_by(each.words);
    CHECK(outcome == each.of_missing);
    CHECK_FALSE(world.has_reply(each.words));
    const bool counts = cache_nil || each.of_missing != "null";
    CHECK(world.cache().statistics().skipped_absent == before + (counts ? 1 : 0));
  }
  world.write_elsewhere({"HSET", "{b}none", "f", "v1"});
  for (const ReadOf& each : reads_of("{b}none")) {
    CAPTURE(each.words[0]);
    CHECK(world.read_by(each.words) == each.of_present);
    CHECK(world.has_reply(each.words));
  }
}

TEST_CASE("a key that was missing, is written elsewhere and nobody told of, is true at once") {
  Cached world;
  const bool by_ask = GENERATE(true, false);
  for (const ReadOf& each : reads_of("{b}none")) world.read_by(each.words);
  world.model().start_migration(slot, 1);
  if (!by_ask) {
    world.model().finish_at_source(slot);
    world.model().finish_at_target(slot);
    world.model().tell_all();
  }
  world.write_elsewhere({"HSET", "{b}none", "f", "v1"});
  world.run();
  for (const ReadOf& each : reads_of("{b}none")) {
    CAPTURE(each.words[0], by_ask);
    CHECK(world.read_by(each.words) == each.of_present);
  }
}

TEST_CASE("an empty text that was read by GET is kept, since a missing key answers null") {
  Cached world;
  world.write_elsewhere({"SET", "b", ""});
  CHECK(world.read("b") == "\"\"");
  CHECK(world.read("b") == "hit \"\"");
  CHECK(world.read_by({"STRLEN", "b"}) == "0");
  CHECK_FALSE(world.has_reply({"STRLEN", "b"}));
  world.write_elsewhere({"HSET", "b", "", ""});
  CHECK(world.read_by({"LRANGE", "b", "0", "-1"}) == "[\"\", \"\"]");
  CHECK_FALSE(world.has_reply({"LRANGE", "b", "0", "-1"}));
}

TEST_CASE("by time alone, what a missing key has answered is kept as ever, until its time is up") {
  Cached world({.cache = cache::CacheOptions{.bytes_max = std::size_t{256} * 1024,
                                             .entry_ttl = 2s,
                                             .mode = cache::CacheMode::ttl,
                                             .cache_nil = true}});
  CHECK(world.client().near_cache()->state() == NearCache::State::ttl);
  for (const ReadOf& each : reads_of("{b}none")) {
    CAPTURE(each.words[0]);
    world.read_by(each.words);
    CHECK(world.has_reply(each.words));
  }
  world.write_elsewhere({"HSET", "{b}none", "f", "v1"});
  world.advance(2001ms);
  for (const ReadOf& each : reads_of("{b}none")) {
    CHECK(world.read_by(each.words) == each.of_present);
  }
}

TEST_CASE("a read of several keys is not kept, but an MGET of one slot is, key by key") {
  Cached world;
  CHECK(world.read_by({"EXISTS", "b", "{b}1"}) == "2");
  CHECK_FALSE(world.has_reply({"EXISTS", "b", "{b}1"}));
  world.write_elsewhere({"MSET", "{b}5", "5", "{b}6", "6"});
  CHECK(world.read_by({"MGET", "{b}5", "{b}none", "{b}6"}) == "[\"5\", null, \"6\"]");
  CHECK(world.has("{b}5"));
  CHECK(world.has("{b}6"));
  CHECK_FALSE(world.has("{b}none"));
  CHECK(world.read_by({"MGET", "{b}6", "{b}5"}) == "hit [\"6\", \"5\"]");
  world.write_elsewhere({"SET", "{b}6", "7"});
  world.run();
  CHECK_FALSE(world.has_reply({"MGET", "{b}6", "{b}5"}));
  CHECK(world.has("{b}5"));
}

// The nil that the client of one node keeps would never go from the cache.
TEST_CASE("a client that finds the cluster shares nothing with one that goes to one node only") {
  Cached world({.knows = ClusterWorldOptions::Knows::nothing});
  ClusterWorld one(with_cache({.knows = ClusterWorldOptions::Knows::one_server}), world);
  one.connect();
  CHECK(one.get(1, {"GET", "b"}) == "\"old\"");
  CHECK(is_hit(one.get(2, {"GET", "b"})));
  CHECK(world.has("b"));
  CHECK(one.get(3, {"GET", "{b}5"}) == "null");
  CHECK(one.get(4, {"STRLEN", "{b}5"}) == "0");
  CHECK(is_hit(one.get(5, {"STRLEN", "{b}5"})));
  CHECK_FALSE(world.has_reply({"STRLEN", "{b}5"}));
}

}  // namespace
}  // namespace plimsoll::testing::cluster_cache_test
