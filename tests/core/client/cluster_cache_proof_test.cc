#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/tests/core/client/cached_cluster.h"

// What proves that a near cache in a cluster may be believed, writes, and what its options and
// users make of it.

namespace plimsoll::testing::cluster_cache_proof_test {
namespace {

using namespace std::chrono_literals;
using Cached = CachedCluster;

constexpr unsigned slot = 3300;  // of "b"
const std::string node0 = ClusterWorld::port(0);
const std::string node1 = ClusterWorld::port(1);
const std::string node3 = ClusterWorld::port(3);
constexpr Duration lease = lease_of_cached;

// ---- Proofs.

TEST_CASE("an idle node is asked for a key that was read there, twice a lease") {
  Cached world;
  const std::size_t before = world.runs(1, "EXISTS");
  world.advance(3 * lease);
  CHECK(world.runs(1, "EXISTS", "c") - before >= 5);
  CHECK(world.runs(1, "EXISTS", "c") - before <= 7);
  CHECK(world.has("c"));
}

TEST_CASE("a node in a minority answers PING for ever, and serves nothing any more") {
  Cached world({.seeds = {node1}});
  world.elect(0);
  world.node(0).is_down = true;
  world.write_elsewhere({"SET", "b", "new"});
  world.advance(lease / 2 + 100ms);
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  world.see();
  CHECK(world.read("b") == "\"new\"");
}

TEST_CASE("a node that answers nothing is not believed beyond the lease, the others are") {
  Cached world;
  world.freeze(node0);
  world.advance(lease - 100ms);
  CHECK(world.has("b"));
  world.advance(200ms);
  CHECK_FALSE(world.has("b"));
  CHECK(world.has("c"));
  CHECK(world.has("a"));
}

TEST_CASE("a frozen owner that was replaced wakes: nothing that it says from before is served") {
  Cached world({.seeds = {node1}});
  world.freeze(node0);
  world.advance(lease + 1s);
  const Tag tag = world.look_up_now("b");
  world.elect(0);
  world.write_elsewhere({"SET", "b", "new"});
  world.write_elsewhere({"SET", "{b}1", "new"});
  world.advance(3s);
  // It runs what lay in its socket, with its old data, and hears of the other one then.
  world.wake(node0);
  world.run();
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  world.model().tell(0);
  CHECK(world.read("b") == "\"new\"");
  CHECK(world.read("{b}1") == "\"new\"");
  world.model().resynchronize(0);
  CHECK(world.read("b").ends_with("\"new\""));
  CHECK(world.outcome(tag).find("hit") == std::string::npos);
}

TEST_CASE("MOVED in answer to a question proves nothing") {
  Cached world({.seeds = {node1}});
  // The replaced owner has nothing to tell: no key has changed there, and it was not synchronized.
  world.elect(0);
  world.model().tell(0);
  world.write_elsewhere({"SET", "b", "new"});
  world.advance(lease + 100ms);
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.has("{b}1"));
  CHECK(world.read("b") == "\"new\"");
}

TEST_CASE("MOVED in answer to a read proves nothing of the node's other slots either") {
  Cached world({.seeds = {node1}});
  world.write_elsewhere({"SET", "x3", "old"});  // slot 1984, of node 0
  world.read("x3");
  CHECK(world.has("x3"));
  world.elect(0);
  world.model().tell(0);
  // No view tells that the other slots have left as well.
  for (NodeIndex each = 0; each < world.model().nodes_count(); ++each) {
    world.node(each).refused["CLUSTER SLOTS"] = "-LOADING wait\r\n";
  }
  world.write_elsewhere({"SET", "x3", "new"});
  world.advance(lease / 2 - 100ms);
  CHECK(world.read("{b}5") == "null");
  CHECK(world.owner_known(slot) == node3);
  CHECK(world.owner_known(1984) == node0);
  world.advance(lease / 2 + 200ms);
  CHECK_FALSE(world.has("x3"));
  CHECK(world.read("x3") == "\"new\"");
}

TEST_CASE("the reply to any read that is fetched proves what its node vouches for") {
  Cached world;
  const std::size_t before = world.runs(0, "EXISTS");
  for (int i = 0; i < 30; ++i) {
    world.advance(lease / 10);
    world.write_elsewhere({"SET", "{b}5", std::to_string(i)});
    world.read("{b}5");
  }
  CHECK(world.has("b"));
  CHECK(world.runs(0, "EXISTS") == before);
}

TEST_CASE(
    "a read that wants to be true at the call fetches the value, and asks for no proof first") {
  Cached world;
  const std::size_t gets = world.runs(0, "GET", "b");
  const std::size_t others = world.model().runs().size();
  CHECK(world.read("b", 0s) == "\"old\"");
  CHECK(world.runs(0, "GET", "b") == gets + 1);
  CHECK(world.model().runs().size() == others + 1);
  world.advance(1s);
  CHECK(is_hit(world.read("b", 2s)));
  CHECK_FALSE(is_hit(world.read("b", 500ms)));
  CHECK(is_hit(world.read("b", 500ms)));
  world.write_elsewhere({"SET", "b", "new"});
  CHECK(world.read("b", 0s) == "\"new\"");
}

TEST_CASE("a barrier waits until every node that vouches for something has proved it") {
  Cached world;
  world.hold_answers(node1);
  world.write_elsewhere({"SET", "c", "new"});
  const Tag tag = world.next_tag();
  world.prove(tag);
  world.run();
  CHECK(world.outcome(tag).empty());
  world.let_answers_go(node1);
  world.run();
  CHECK(world.outcome(tag) == "proved");
  CHECK_FALSE(world.has("c"));
  CHECK(world.has("b"));
  CHECK(world.read("c") == "\"new\"");
}

TEST_CASE("a barrier ends with its time, and with cancel()") {
  Cached world;
  world.freeze(node1);
  const Tag late = world.next_tag();
  world.prove(late, 1s);
  const Tag given_up = world.next_tag();
  const auto id = world.prove(given_up);
  world.run();
  world.cancel(id.value());
  world.run();
  CHECK(world.outcome(given_up).starts_with("cancelled"));
  world.advance(1s);
  CHECK(world.outcome(late).starts_with("timed_out"));
  world.wake(node1);
  CHECK(world.barrier() == "proved");
}

TEST_CASE("a node that says MOVED or CLUSTERDOWN to a barrier's question serves nothing then") {
  Cached world({.seeds = {node1}});
  const bool is_down = GENERATE(true, false);
  world.elect(0);
  if (is_down) {
    world.node(0).is_down = true;
  } else {
    world.model().tell(0);
  }
  world.write_elsewhere({"SET", "b", "new"});
  const Tag tag = world.next_tag();
  world.prove(tag);
  world.run();
  CHECK(world.outcome(tag) == "proved");
  CHECK_FALSE(world.has("b"));
  CHECK(world.has("c"));
}

TEST_CASE("a barrier with nothing to prove is over at once, and a lost node has nothing to prove") {
  ClusterWorld fresh(with_cache());
  fresh.connect();
  fresh.prove(1);
  fresh.run();
  CHECK(fresh.outcome(1) == "proved");
  Cached world;
  world.hold_answers(node1);
  const Tag tag = world.next_tag();
  world.prove(tag);
  world.run();
  world.kill(node1);
  world.run();
  CHECK(world.outcome(tag) == "proved");
  CHECK_FALSE(world.has("c"));
}

TEST_CASE("a user who may not say EXISTS has what the replies to reads prove, and no more") {
  ClusterWorld world(with_cache());
  for (const NodeIndex each : {0, 1, 2}) {
    world.node(each).refused["EXISTS"] =
        "-NOPERM User default has no permissions to run the 'exists' command\r\n";
  }
  world.connect();
  world.write_elsewhere({"SET", "b", "old"});
  world.get(100, {"GET", "b"});
  CHECK(world.get(1, {"GET", "b"}) == "\"old\"");
  CHECK(is_hit(world.get(2, {"GET", "b"})));
  world.write_elsewhere({"SET", "b", "new"});
  world.prove(3);
  world.run();
  CHECK(world.outcome(3) == "proved");
  CHECK(world.get(4, {"GET", "b"}) == "\"new\"");
  world.advance(lease + 100ms);
  CHECK_FALSE(is_hit(world.get(5, {"GET", "b"})));
  CHECK(is_hit(world.get(6, {"GET", "b"})));
}

// ---- Writes.

TEST_CASE("a key that is being written is closed until its last answer, over a MOVED") {
  Cached world;
  ClusterWorld other(with_cache(), world);
  other.connect();
  other.get(1, {"GET", "{b}7"});
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  other.run();
  CHECK(other.get(2, {"GET", "b"}) == "\"old\"");  // it knows the new owner
  CHECK(other.get(3, {"GET", "b"}) == "\"old\"");
  // The writer hears of it now, and cannot get through to the new owner.
  world.hold_answers(node0);
  const Tag tag = world.next_tag();
  world.submit(tag, {"SET", "b", "new"});
  world.run();
  world.hold_answers(node1);
  world.let_answers_go(node0);
  world.run();
  CHECK(world.outcome(tag).empty());
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(other.look_up(10 + static_cast<Tag>(i), {"GET", "b"}));
    CHECK_FALSE(world.has("b"));
    world.run();
  }
  world.let_answers_go(node1);
  world.run();
  CHECK(world.outcome(tag) == "simple \"OK\"");
  CHECK(other.get(20, {"GET", "b"}) == "\"new\"");
  CHECK(world.read("b").ends_with("\"new\""));
}

TEST_CASE("a key that is being written is closed while the write waits for an owner") {
  Cached world;
  ClusterWorld other(with_cache(), world);
  other.connect();
  // The slot's new owner refuses the writer, and nobody else.
  world.model().move_atomically(slot, 1);
  world.model().tell_all();
  other.get(1, {"GET", "{b}7"});
  other.get(2, {"GET", "b"});
  world.node(1).is_down = true;
  const Tag tag = world.next_tag();
  world.submit(tag, {"SET", "b", "new"});
  world.run();
  CHECK(world.outcome(tag).empty());
  // It is parked now. Another connection reads what is still so.
  world.node(1).is_down = false;
  CHECK(other.get(3, {"GET", "b"}) == "\"old\"");
  CHECK_FALSE(other.look_up(4, {"GET", "b"}));
  CHECK_FALSE(world.has("b"));
  world.advance(2s);
  CHECK(world.outcome(tag) == "simple \"OK\"");
  CHECK(world.read("b") == "\"new\"");
}

TEST_CASE("a key is closed while its write waits for a connection to the owner") {
  Cached world;
  ClusterWorld other(with_cache(), world);
  other.connect();
  world.delay = [] { return 5s; };
  world.kill(node0);
  world.revive(node0);
  const Tag tag = world.next_tag();
  world.submit(tag, {"SET", "b", "new"});
  for (Tag read = 1; read <= 5; ++read) {
    world.advance(300ms);
    const bool is_found = other.look_up(read, {"GET", "b"});
    other.run();
    CHECK_FALSE(is_found);
  }
  CHECK(other.outcome(5) == "\"old\"");
  CHECK(world.outcome(tag).empty());
  world.delay = [] { return 0ms; };
  world.advance(15s);
  CHECK(world.history().has_ended(tag));
}

TEST_CASE("a key that is being written is closed while it is asked for elsewhere") {
  Cached world;
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "b");
  world.hold_answers(node1);
  const Tag tag = world.next_tag();
  world.submit(tag, {"SET", "b", "new"});
  world.run();
  CHECK(world.outcome(tag).empty());
  world.model().move_key(slot, "{b}1");
  world.model().cancel_migration(slot);
  world.run();
  CHECK_FALSE(world.has("b"));
  world.let_answers_go(node1);
  world.run();
  CHECK(world.outcome(tag) == "simple \"OK\"");
  CHECK(world.read("b") == "\"new\"");
  CHECK(world.read("b") == "hit \"new\"");
}

TEST_CASE("what a client has written is what it reads next, awaited or not, also in parts") {
  Cached world;
  for (const char* const key : {"b", "c", "a"}) {
    const Tag tag = world.next_tag();
    world.submit(tag, {"SET", key, "mine"});
    const Tag read = world.look_up_now(key);
    world.run();
    CHECK(world.outcome(read) == "\"mine\"");
    CHECK(world.read(key).ends_with("\"mine\""));
  }
  const Tag tag = world.next_tag();
  world.submit(tag, {"DEL", "a", "b", "c"});
  for (const char* const key : {"b", "c", "a"}) CHECK_FALSE(world.has(key));
  world.run();
  CHECK(world.outcome(tag) == "3");
  for (const char* const key : {"b", "c", "a"}) CHECK(world.read(key) == "null");
}

// ---- Options, users, and clients that find a cluster.

TEST_CASE("opted in, a fetch that is handed on to another node goes there as the read alone") {
  ClusterWorldOptions options;
  options.client.tracking.method = TrackingOptions::Method::opt_in;
  options.cache = cache::CacheOptions{.bytes_max = std::size_t{256} * 1024,
                                      .server_ttl_cap = GENERATE(true, false)};
  Cached world(options);
  CHECK(world.is_tracked("b", node0));
  world.model().start_migration(slot, 1);
  world.model().move_key(slot, "b");
  CHECK(world.read("b") == "\"old\"");  // ASK
  CHECK_FALSE(world.has("b"));
  CHECK_FALSE(world.is_tracked("b", node1));
  world.model().finish_at_target(slot);
  world.model().finish_at_source(slot);
  world.model().tell_all();
  CHECK(world.read("b") == "\"old\"");  // MOVED
  CHECK_FALSE(world.has("b"));
  CHECK(world.read("b") == "\"old\"");
  CHECK(world.has("b"));
  CHECK(world.is_tracked("b", node1));
  world.write_elsewhere({"SET", "b", "new"});
  CHECK(world.read("b") == "\"new\"");
  world.call(world.next_tag(), {"GET", "{b}8"});
}

TEST_CASE("a cache with prefixes does not go with a cluster, and the client says so") {
  const std::vector<std::string_view> prefixes{"b"};
  ClusterWorldOptions options = with_cache();
  options.knows = ClusterWorldOptions::Knows::nothing;
  options.client.tracking.method = TrackingOptions::Method::broadcast;
  options.client.tracking.prefixes = prefixes;
  ClusterWorld world(options);
  world.connect();
  const Lines events = world.take_events();
  REQUIRE_FALSE(events.empty());
  CHECK(events.back() == "closed: invalid_option");
  CHECK(world.last_error_words().find("broadcast_prefixes") != std::string::npos);
}

TEST_CASE("a client that finds a cluster caches what it reads from then on") {
  ClusterWorldOptions options = with_cache();
  options.knows = ClusterWorldOptions::Knows::nothing;
  ClusterWorld world(options);
  world.write_elsewhere({"SET", "b", "old"});
  world.write_elsewhere({"SET", "c", "old"});
  world.look_up(1, {"GET", "b"});
  world.look_up(2, {"GET", "c"});
  world.submit(3, {"SET", "a", "mine"});
  world.look_up(4, {"GET", "a"});
  world.connect();
  CHECK(world.outcome(1) == "\"old\"");
  CHECK(world.outcome(2) == "\"old\"");
  CHECK(world.outcome(3) == "simple \"OK\"");
  CHECK(world.outcome(4) == "\"mine\"");
  Tag tag = 10;
  for (const char* const key : {"b", "c", "a"}) {
    world.get(++tag, {"GET", key});
    CHECK(is_hit(world.get(++tag, {"GET", key})));
  }
  world.write_elsewhere({"SET", "c", "new"});
  world.run();
  CHECK(world.get(++tag, {"GET", "c"}) == "\"new\"");
}

TEST_CASE("a node that has refused new credentials stores nothing until its next connection") {
  Cached world;
  world.node(1).refused["AUTH"] = "-WRONGPASS invalid username-password pair\r\n";
  world.client().set_credentials({.username = "somebody", .password = "secret"});
  world.run();
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(is_hit(world.read("c")));
    CHECK_FALSE(world.has("c"));
  }
  CHECK(world.read("b") == "\"old\"");
  CHECK(world.has("b"));
  world.node(1).refused.clear();
  world.cut(node1);
  world.advance(1s);
  CHECK(world.read("c") == "\"old\"");
  CHECK(world.read("c") == "\"old\"");
  CHECK(world.has("c"));
}

TEST_CASE("two users of one cache do not read each other's entries in a cluster either") {
  Cached world;
  ClusterWorldOptions options = with_cache();
  options.client.username = "somebody";
  options.client.password = "secret";
  ClusterWorld other(options, world);
  other.connect();
  CHECK(other.get(1, {"GET", "b"}) == "\"old\"");
  CHECK(other.get(2, {"GET", "b"}) == "\"old\"");
  CHECK(is_hit(other.get(3, {"GET", "b"})));
  CHECK(world.has("b"));
}

TEST_CASE("what one client has read in a cluster the other finds, until either hears of its end") {
  Cached world;
  ClusterWorld other(with_cache(), world);
  other.connect();
  CHECK(is_hit(other.get(1, {"GET", "b"})));
  world.elect(0);
  world.model().tell(0);
  other.get(2, {"GET", "{b}9"});  // MOVED
  CHECK_FALSE(other.look_up(3, {"GET", "b"}));
  CHECK_FALSE(world.has("b"));
  world.run();
  CHECK(other.outcome(3) == "\"old\"");
}

TEST_CASE("the line holds, and everything is given back, with many keys at many nodes") {
  Cached world({.cache = cache::CacheOptions{.bytes_max = std::size_t{32} * 1024}});
  for (int i = 0; i < 500; ++i) {
    const std::string key = "key:" + std::to_string(i);
    world.write_elsewhere({"SET", key, std::string(200, 'v')});
    world.read(key);
    CHECK(world.cache().statistics().bytes_committed <= std::size_t{32} * 1024);
  }
  CHECK(world.cache().statistics().entries > 20);
  world.cache().validate();
}

TEST_CASE("in a cluster a client that has ended asks for no more time, whatever was to be proved") {
  Cached world;
  CHECK(world.read("b") == "hit \"old\"");
  CHECK(world.read("c") == "hit \"old\"");
  world.client().close(world.now());
  world.advance(100ms);
  CHECK(world.client().poll_timeout() == never);
}

}  // namespace
}  // namespace plimsoll::testing::cluster_cache_proof_test
