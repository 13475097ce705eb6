#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/core/client/replicas.h"
#include "plimsoll/tests/core/client/client_end.h"
#include "plimsoll/tests/core/client/peer.h"
#include "plimsoll/tests/core/client/replica_world.h"

// A near cache of what replicas answer: which replies are stored, for how long they are served, and
// that no caller reads behind what it has written.

namespace plimsoll::testing::replicas_cache_test {
namespace {

using namespace std::chrono_literals;

struct Settings {
  ReplicaOptions replicas = ReplicaWorld::prefer_replica();
  cache::CacheOptions cache{.bytes_max = std::size_t{256} * 1024, .coherence_lease = 10s};
  ClientOptions client{};
  std::vector<std::string> addresses{"b:6379"};
};

// A client that has read "k", "old", from the replica b, where that is tracked.
struct CachedReplicas : ReplicaWorld {
  explicit CachedReplicas(const Settings& settings = {})
      : ReplicaWorld(settings.addresses, settings.replicas, settings.client, {}, settings.cache) {
    write_elsewhere("k", "old");
    replicate_all();
    connect();
    CHECK(get("k") == "\"old\"");
    CHECK(get("k") == "hit old");
    for (const std::string& each : addresses()) server(each).served.clear();
  }

  std::vector<std::string> addresses() { return primary().replicas; }
  void replicate_all() {
    for (const std::string& each : addresses()) replicate(each);
  }
  std::string get(const std::string& key, Duration max_staleness = cache::any_staleness) {
    return read(++tags_, {"GET", key}, max_staleness);
  }
  bool has(const std::string& key) { return look_up({"GET", key}).has_value(); }
  std::string set(const std::string& key, const std::string& value) {
    call(++tags_, {"SET", key, value});
    return outcome(tags_) == "simple \"OK\"" ? "OK" : outcome(tags_);
  }
  Tag next_tag() { return ++tags_; }

 private:
  Tag tags_ = 100;
};

TEST_CASE("what a replica answers is served from the cache until the replica has the change") {
  CachedReplicas world;
  CHECK(world.take_served("b:6379") == Lines{});
  world.write_elsewhere("k", "new");
  world.run();
  CHECK(world.get("k") == "hit old");  // the replica does not know better
  world.replicate("b:6379");
  world.run();
  CHECK(world.get("k") == "\"new\"");
  CHECK(world.get("k") == "hit new");
  CHECK(world.take_served("b:6379") == Lines{"GET k"});
  CHECK(world.take_served("a:6379") == Lines{});
}

TEST_CASE("a key that was written is read at the primary, and stored, until the replica has it") {
  CachedReplicas world;
  CHECK(world.set("k", "new") == "OK");
  CHECK(!world.has("k"));
  CHECK(world.get("k") == "\"new\"");
  CHECK(world.get("k") == "hit new");
  CHECK(world.take_served("a:6379") == Lines{"SET k new", "GET k"});
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("a replica's reply to a read from before a write is neither stored nor shared") {
  CachedReplicas world;
  const Tag before = world.next_tag();
  world.primary().data["k2"] = "old";
  world.replicate("b:6379");
  world.submit(before, {"GET", "k2"});
  world.send();  // the replica has answered, and the answer is on its way
  CHECK(world.take_served("b:6379") == Lines{"GET k2"});
  world.freeze("b:6379");
  CHECK(world.set("k2", "new") == "OK");
  const Tag behind = world.next_tag();
  world.submit(behind, {"GET", "k2"});
  world.wake("b:6379");
  world.run();
  CHECK(world.outcome(before) == "\"old\"");
  CHECK(world.outcome(behind) == "\"new\"");
  CHECK(world.get("k2") == "\"new\"");  // the old reply has overtaken the fetch behind it
  CHECK(world.get("k2") == "hit new");
}

TEST_CASE("a lost connection to a replica takes along what was read there, and nothing else") {
  CachedReplicas world;
  world.set("mine", "1");
  CHECK(world.get("mine") == "\"1\"");  // at the primary
  world.cut("b:6379");
  CHECK(!world.has("k"));
  CHECK(world.has("mine"));
}

TEST_CASE("a replica that may not be read vouches for nothing") {
  CachedReplicas world;
  SECTION("it refuses reads") {
    world.server("b:6379").refusal = "-MASTERDOWN Link with MASTER is down\r\n";
    CHECK(world.get("other") == "null");  // the primary's answer
  }
  SECTION("its link is down") {
    world.server("b:6379").is_link_up = false;
    world.advance(6s);
  }
  SECTION("it has another history") {
    world.server("b:6379").history = std::string(40, '2');
    world.advance(6s);
  }
  SECTION("the primary does not name it any more") {
    world.primary().replicas.clear();
    world.advance(6s);
  }
  SECTION("the client's connection leads to another primary, perhaps") {
    world.cut("a:6379");
    world.freeze("b:6379");
    world.advance(1s);
  }
  SECTION("the user lost a right there") {
    world.server("b:6379").refused["GET"] = "-NOPERM no\r\n";
    CHECK(world.get("other") == "null");
  }
  CHECK(!world.has("k"));
}

TEST_CASE("an entry is served as long as its replica is proved, and questions go on for that") {
  CachedReplicas world;
  world.advance(60s);
  CHECK(world.has("k"));
  CHECK(world.server("b:6379").reports < 20);
  world.write_elsewhere("other", "1");  // which the replica does not get
  world.advance(4s);
  CHECK(world.has("k"));
  world.advance(7s);
  CHECK(!world.has("k"));
  // It is still there, and is served again.
  world.replicate("b:6379");
  world.advance(5s);
  CHECK(world.has("k"));
}

TEST_CASE("an entry is served for replica_lag_max, if that is less than the lease") {
  Settings settings;
  settings.replicas.lag_max = 2s;
  CachedReplicas world(settings);
  world.write_elsewhere("other", "1");
  world.jump(1s);
  CHECK(world.has("k"));
  world.freeze("b:6379");
  world.jump(999ms);
  CHECK(world.has("k"));
  world.jump(2ms);
  CHECK(!world.has("k"));
}

TEST_CASE("nobody asks replicas for the sake of a cache without entries of theirs") {
  CachedReplicas world;
  world.write_elsewhere("k", "new");
  world.cut("b:6379");
  world.advance(20s);
  const std::size_t before = world.primary().reports;
  world.advance(60s);
  CHECK(world.primary().reports == before);
}

TEST_CASE("a bound on staleness is met by what is proved of a replica, or by the primary") {
  CachedReplicas world;
  CHECK(world.get("k", 1s) == "hit old");
  world.freeze("b:6379");
  world.jump(3s);
  CHECK(world.has("k"));
  world.take_served("a:6379");
  CHECK(world.get("k", 1s) == "\"old\"");
  CHECK(world.take_served("a:6379") == Lines{"GET k"});
  CHECK(world.get("k", Duration::zero()) == "\"old\"");
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("a read with a bound does not share what a replica is about to answer") {
  CachedReplicas world;
  world.write_elsewhere("k2", "new");
  const Tag any = world.next_tag();
  const Tag fresh = world.next_tag();
  world.submit(any, {"GET", "k2"});
  world.submit(fresh, {"GET", "k2"}, 10s, 5s);
  world.run();
  CHECK(world.outcome(any) == "null");
  CHECK(world.outcome(fresh) == "\"new\"");
}

TEST_CASE("after a barrier nothing older is read, cached or not, and no replica is waited for") {
  CachedReplicas world;
  world.write_elsewhere("k", "new");
  const Tag barrier = world.next_tag();
  world.prove(barrier);
  world.run();
  CHECK(world.outcome(barrier) == "");
  CHECK(!world.has("k"));
  CHECK(world.get("k") == "\"new\"");
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("after a barrier a replica that has everything serves its entries again") {
  CachedReplicas world;
  const Tag barrier = world.next_tag();
  world.prove(barrier);
  world.run();
  CHECK(!world.has("k"));
  CHECK(world.get("other") == "null");
  world.advance(1s);
  CHECK(world.has("k"));
}

TEST_CASE("a fetch that a replica refuses goes on, and its reply is not stored") {
  Settings settings;
  settings.addresses = {"b:6379", "c:6379"};
  SECTION("plain") {}
  SECTION("with commands in front of the read") {
    settings.client.tracking.method = TrackingOptions::Method::opt_in;
    settings.cache.server_ttl_cap = true;
  }
  CachedReplicas world(settings);
  for (const char* each : {"b:6379", "c:6379"}) {
    world.server(each).refusal = "-LOADING wait\r\n";
    world.server(each).data["k2"] = "no";
  }
  world.primary().data["k2"] = "here";
  CHECK(world.get("k2") == "\"here\"");
  CHECK(world.replicas().counters().reads_moved >= 1);
  CHECK(!world.look_up({"GET", "k2"}));
  CHECK(world.get("k2") == "\"here\"");
  CHECK(world.get("k2") == "hit here");  // read at the primary itself
}

TEST_CASE("a fetch goes on when half of its first caller's time has passed") {
  CachedReplicas world;
  world.write_elsewhere("k2", "here");
  world.replicate("b:6379");
  world.freeze("b:6379");
  const Tag tag = world.next_tag();
  world.submit(tag, {"GET", "k2"}, 2s);
  const Tag joined = world.next_tag();
  world.submit(joined, {"GET", "k2"}, 4s);
  world.advance(900ms);
  CHECK(world.outcome(tag) == "");
  CHECK(world.take_served("a:6379") == Lines{});
  world.advance(200ms);
  CHECK(world.outcome(tag) == "\"here\"");
  CHECK(world.outcome(joined) == "\"here\"");
  CHECK(world.take_served("a:6379") == Lines{"GET k2"});
  CHECK(!world.has("k2"));  // the replica does not vouch for it
}

TEST_CASE("equal reads share a fetch at a replica, and each can be cancelled") {
  CachedReplicas world;
  const Tag first = world.next_tag();
  const auto id = world.submit(first, {"GET", "k2"});
  const Tag second = world.next_tag();
  world.submit(second, {"GET", "k2"});
  REQUIRE(id);
  world.cancel(*id);
  world.run();
  CHECK(world.outcome(first).starts_with("cancelled"));
  CHECK(world.outcome(second) == "null");
  CHECK(world.take_served("b:6379") == Lines{"GET k2"});
}

TEST_CASE("a reply and an invalidation that come together leave nothing stale") {
  CachedReplicas world;
  const Tag tag = world.next_tag();
  world.submit(tag, {"GET", "k2"});
  world.send();
  world.write_elsewhere("k2", "new");
  world.replicate("b:6379");  // the push lies behind the reply
  world.run();
  CHECK(world.outcome(tag) == "null");
  CHECK(!world.has("k2"));
  CHECK(world.get("k2") == "\"new\"");
  CHECK(world.get("k2") == "hit new");
}

TEST_CASE("an MGET is stored key by key, as one replica has it") {
  CachedReplicas world;
  world.primary().data["k2"] = "two";
  world.replicate("b:6379");
  const Tag tag = world.next_tag();
  CHECK(world.read(tag, {"MGET", "k", "k2"}) == "[\"old\", \"two\"]");
  CHECK(world.get("k2") == "hit two");
  CHECK(world.look_up({"MGET", "k", "k2"}));
}

TEST_CASE("in mode ttl a replica's reply is kept for the time, and a write drops it") {
  Settings settings;
  settings.cache.mode = cache::CacheMode::ttl;
  settings.cache.entry_ttl = 5s;
  CachedReplicas world(settings);
  CHECK(world.get("k") == "hit old");
  world.set("k", "new");
  CHECK(world.get("k") == "\"new\"");
  world.advance(6s);
  CHECK(!world.has("k"));
}

TEST_CASE("what this client reads is shared with no other client of the cache") {
  CachedReplicas world;
  ClientOptions options;
  options.tracking.method = TrackingOptions::Method::all_reads;
  options.primary_only = true;
  ClientEnd other(options, world.budget());
  REQUIRE(other.client().use_cache(world.cache(), "the group").ok());
  SECTION("it reads from replicas, too") {
    REQUIRE(other.client().use_replicas(ReplicaWorld::prefer_replica()).ok());
  }
  SECTION("it reads from the primary") {}
  Peer primary;
  primary.set_script([](const Words& request) {
    return request[0] == "ACL" ? bulk_reply("default") : Peer::default_reply(request);
  });
  other.connect();
  other.open();
  for (int i = 0; i < 5; ++i) {
    primary.handle_bytes(other.write());
    other.receive(primary.take_output());
  }
  CHECK(other.take_events() == Lines{"ready"});
  CHECK(world.cache().statistics().sources == 2);
  const auto source_of = [&world](Client& client) {
    return client.near_cache()->reader(cache::any_staleness, world.now()).source;
  };
  CHECK(source_of(other.client()) != cache::Sources::none);
  CHECK(source_of(other.client()) != source_of(world.client()));
}

TEST_CASE("an invalidation that comes before a replica's reply leaves the reply in the cache") {
  CachedReplicas world;
  world.write_elsewhere("k2", "old");
  world.replicate("b:6379");
  CHECK(world.get("k2") == "\"old\"");
  world.server("b:6379").refused["GET"] = "";  // it takes its time
  world.cache().clear();                       // as if evicted: the replica goes on tracking it
  const Tag tag = world.next_tag();
  world.submit(tag, {"GET", "k2"});
  world.run();
  world.write_elsewhere("k2", "new");
  world.replicate("b:6379");
  world.run();
  world.server("b:6379").refused.clear();
  world.say("b:6379", bulk_reply("new"));
  world.run();
  CHECK(world.outcome(tag) == "\"new\"");
  CHECK(world.get("k2") == "hit new");
}

TEST_CASE("a fetch that is cancelled before it has left is not sent to the replica") {
  CachedReplicas world;
  const Tag tag = world.next_tag();
  const auto id = world.submit(tag, {"GET", "k2"});
  REQUIRE(id);
  world.cancel(*id);
  world.poll();
  world.run();
  CHECK(world.outcome(tag).starts_with("cancelled"));
  CHECK(world.take_served("b:6379") == Lines{});
}

TEST_CASE("reads at replicas prove nothing of the primary's connection, and keep no proof away") {
  CachedReplicas world;
  CHECK(world.set("mine", "1") == "OK");
  CHECK(world.get("mine") == "\"1\"");  // at the primary
  for (int i = 0; i < 30; ++i) {
    CHECK(world.get("missing" + std::to_string(i)) == "null");
    world.advance(1s);
  }
  CHECK(world.has("mine"));
  world.freeze("a:6379");
  for (int i = 0; i < 12; ++i) {
    world.submit(world.next_tag(), {"GET", "other" + std::to_string(i)});
    world.advance(1s);
  }
  CHECK(!world.has("mine"));
}

TEST_CASE("a replica that refuses the client's new credentials adds nothing to the cache") {
  ClientOptions options;
  options.username = "user";
  options.password = "first";
  Settings settings;
  settings.client = options;
  CachedReplicas world(settings);
  world.server("b:6379").refused["AUTH"] = "-WRONGPASS no\r\n";
  world.client().set_credentials({.username = "user", .password = "second"});
  world.run();
  CHECK(!world.has("k"));
  world.advance(1s);
  CHECK(world.get("k") == "\"old\"");
  CHECK(world.get("k") == "\"old\"");
  CHECK(world.take_served("b:6379") == Lines{"AUTH user second", "GET k", "GET k"});
}

}  // namespace
}  // namespace plimsoll::testing::replicas_cache_test
