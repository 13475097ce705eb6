#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/core/client/near_cache.h"
#include "plimsoll/tests/core/client/cached_world.h"
#include "plimsoll/tests/core/memory/test_budget.h"

// Freshness as a number: proofs, and reads that want one.

namespace plimsoll::near_cache_proof_test {
namespace {

using namespace std::chrono_literals;
using testing::cache_it;
using testing::CachedWorld;
using testing::Filling;
using testing::Lines;
using testing::Words;

// A world in which "key" is cached, and was proved a second ago.
struct Proofs : CachedWorld {
  explicit Proofs(const Settings& settings = {}) : CachedWorld(settings) {
    cache_it(*this);
    advance(1s);
    pings_before_ = pings_count();
    reads_before_ = reads_count();
  }

  Instant now() { return end(0).now(); }
  std::size_t pings() const { return pings_count() - pings_before_; }
  std::size_t reads() const { return reads_count() - reads_before_; }

 private:
  std::size_t pings_before_ = 0;
  std::size_t reads_before_ = 0;
};

TEST_CASE("once it is proved, what the cache has is served as true at that time") {
  Proofs world;
  world.end(0).prove(1);
  CHECK(world.take_events(0).empty());
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: "});
  world.advance(1s);
  world.read(0, 2, {"GET", "key"}, 1s);
  CHECK(world.take_events(0) == Lines{"2: hit $3\r\nold"});
  CHECK(world.pings() == 1);
  CHECK(world.reads() == 0);
}

TEST_CASE("a proof brings all news from before along") {
  Proofs world;
  world.write_elsewhere("key", "new");
  world.end(0).prove(1);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: "});
  world.read(0, 2, {"GET", "key"}, 1s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"new\""});
}

TEST_CASE("proofs that are wanted before one has left share it; later ones do not") {
  Proofs world;
  for (Tag tag = 1; tag <= 10; ++tag) world.end(0).prove(tag);
  world.go_up(0);
  world.end(0).prove(11);
  world.flow();
  CHECK(world.take_events(0).size() == 11);
  CHECK(world.pings() == 2);
}

TEST_CASE("a later proof waits for a PING of its own, though the reply to another comes first") {
  Proofs world;
  world.end(0).prove(1);
  world.go_up(0);
  world.write_elsewhere("key", "new");
  world.advance(1ms);
  world.end(0).prove(2);
  world.come_down(0);
  CHECK(world.take_events(0) == Lines{"1: "});
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: "});
}

TEST_CASE("reads that only lack proof share one PING, and then find what the cache has") {
  Proofs world;
  Tag tag = 100;
  for (const char* const key : {"a", "b", "c"}) {
    world.data()[key] = "old";
    world.get(0, tag++, key);
  }
  world.flow();
  CHECK(world.take_events(0).size() == 3);
  world.advance(1s);
  const std::size_t pings = world.pings();
  const std::size_t reads = world.reads();
  world.read(0, 1, {"GET", "a"}, 0s);
  world.read(0, 2, {"GET", "b"}, 0s);
  world.read(0, 3, {"GET", "c"}, 0s);
  world.read(0, 4, {"GET", "a"}, 0s);
  CHECK(world.take_events(0).empty());
  world.flow();
  Lines events = world.take_events(0);
  std::sort(events.begin(), events.end());
  CHECK(events == Lines{"1: \"old\"", "2: \"old\"", "3: \"old\"", "4: \"old\""});
  CHECK(world.pings() - pings == 1);
  CHECK(world.reads() == reads);
}

TEST_CASE("a reply of the cache's that there is no room to read is nobody else's") {
  // At some of these there is room for the bytes of a list, but none for the nodes of its values.
  constexpr std::string_view pong = "+PONG\r\n";
  for (std::size_t left = 500; left < 8000; left += 250) {
    Proofs world;
    world.data()["list"] = "mine";
    const Words lrange{"LRANGE", "list", "0", "399"};
    world.read(0, 1, lrange);
    world.flow();
    CHECK(world.take_events(0).size() == 1);
    world.end(0).keep_replies();
    world.data()["other"] = "theirs";
    world.advance(1s);
    world.read(0, 3, lrange, 0s);
    world.read(0, 2, {"GET", "other"});
    {
      const Filling filled(world.end(0).budget(), left);
      REQUIRE(filled.full());
      world.go_up(0);
      const std::string rest = world.on_its_way(0).substr(pong.size());
      world.on_its_way(0).resize(pong.size());
      world.come_down(0);
      world.on_its_way(0) = rest;
    }
    world.flow();
    const Lines told = world.take_events(0);
    CAPTURE(left, told);
    CHECK(told.size() == 2);
    CHECK(std::count(told.begin(), told.end(), "2: \"theirs\"") == 1);
  }
}

TEST_CASE("a read that lacks proof counts as one lookup, and a hit") {
  Proofs world;
  const auto before = world.statistics();
  world.read(0, 1, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"old\""});
  CHECK(world.statistics().lookups == before.lookups + 1);
  CHECK(world.statistics().hits == before.hits + 1);
}

TEST_CASE("a read that lacks proof is fetched where the proof brings news of its key") {
  Proofs world;
  world.write_elsewhere("key", "new");
  world.read(0, 1, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: \"new\""});
  CHECK(world.pings() == 1);
  CHECK(world.reads() == 1);
}

TEST_CASE("a read that wants more than a fetch can say that is under way sends its own") {
  Proofs world;
  world.data()["other"] = "old";
  world.get(0, 1, "other");
  world.go_up(0);
  world.data()["other"] = "new";  // its news is on its way nowhere: it was not tracked in time
  world.advance(1s);
  SECTION("wants no older value") {
    world.read(0, 2, {"GET", "other"}, 0s);
    world.flow();
    CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: \"new\""});
  }
  SECTION("has nothing against it") {
    world.read(0, 2, {"GET", "other"}, 2s);
    world.flow();
    CHECK(world.take_events(0) == Lines{"1: \"old\"", "2: \"old\""});
  }
}

TEST_CASE("what another connection vouches for is fetched by whoever wants proof") {
  Proofs world({.clients = 2});
  world.read(1, 1, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(1) == Lines{"1: \"old\""});
  CHECK(world.pings() == 0);
  CHECK(world.reads() == 1);
}

TEST_CASE("one who waits for a proof can be cancelled, and time out, without harm to others") {
  Proofs world;
  const auto first = world.end(0).prove(1);
  world.end(0).prove(2, 100ms);
  world.end(0).prove(3);
  const auto read = world.read(0, 4, {"GET", "key"}, 0s);
  world.end(0).cancel(*first);
  world.end(0).cancel(*read);
  world.advance(200ms);
  CHECK(world.take_events(0) ==
        Lines{"1: cancelled (no)", "4: cancelled (no)", "2: timed_out (no)"});
  world.flow();
  CHECK(world.take_events(0) == Lines{"3: "});
}

TEST_CASE("a proof that everybody gave up is not waited for") {
  Proofs world;
  const auto only = world.end(0).prove(1);
  world.end(0).cancel(*only);
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: cancelled (no)"});
  world.end(0).prove(2);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: "});
}

TEST_CASE("a proof that nobody wants any more does not keep a silent connection alive") {
  Proofs world;
  const auto read = world.read(0, 1, {"GET", "key"}, 0s);
  world.go_up(0);
  world.end(0).cancel(*read);
  CHECK(world.take_events(0) == Lines{"1: cancelled (no)"});
  CHECK(world.end(0).client().poll_timeout() <= world.now() + ClientOptions().tombstone_age_max);
  world.advance(ClientOptions().tombstone_age_max);
  world.advance(1ms);
  CHECK(world.take_events(0) == Lines{"disconnected: connection_dead"});
}

TEST_CASE("where the connection is lost there is nothing left to prove; reads are sent again") {
  Proofs world;
  world.end(0).prove(1);
  world.read(0, 2, {"GET", "key"}, 0s);
  world.go_up(0);
  world.break_off(0);
  CHECK(world.take_events(0).at(0).substr(0, 12) == "disconnected");
  world.reconnect(0);
  Lines events = world.take_events(0);
  CHECK(std::find(events.begin(), events.end(), "2: \"old\"") != events.end());
}

TEST_CASE("without tracking a proof comes at once, and nothing is served by it") {
  Proofs world({.cache = {.bytes_max = 64 * 1024, .entry_ttl = 1h}, .knows_tracking = false});
  world.end(0).prove(1);
  CHECK(world.take_events(0) == Lines{"1: "});
  world.read(0, 2, {"GET", "key"}, 0s);
  world.flow();
  CHECK(world.take_events(0) == Lines{"2: \"old\""});
  CHECK(world.reads() == 1);
}

TEST_CASE("broadcasts are proved by two round trips") {
  static constexpr std::string_view prefixes[] = {"k"};
  Proofs world({.client = {.tracking = {.method = TrackingOptions::Method::broadcast,
                                        .prefixes = prefixes}}});
  world.end(0).prove(1);
  world.go_up(0);
  world.come_down(0);
  CHECK(world.take_events(0).empty());
  world.flow();
  CHECK(world.take_events(0) == Lines{"1: "});
  CHECK(world.pings() == 2);
}

TEST_CASE("a client that closes vouches for nothing: what it has read is served to nobody") {
  CachedWorld world({.clients = 2});
  cache_it(world);
  world.get(1, 1, "key");
  CHECK(world.take_events(1) == Lines{"1: hit $3\r\nold"});
  world.submit(0, 2, {"ECHO", "owed"});
  world.end(0).close();
  world.get(1, 3, "key");
  world.flow();
  CHECK(world.take_events(1) == Lines{"3: \"old\""});
  CHECK(world.take_events(0).front() == "2: \"owed\"");
}

TEST_CASE("a client that begins to close holds up no proof, with broadcasts and without") {
  static constexpr std::string_view prefixes[] = {"k"};
  using Method = TrackingOptions::Method;
  for (const Method method : {Method::all_reads, Method::broadcast}) {
    TrackingOptions tracking{.method = method};
    if (method == Method::broadcast) tracking.prefixes = prefixes;
    Proofs world({.client = {.tracking = tracking}});
    world.submit(0, 1, {"ECHO", "owed"});
    world.end(0).prove(2);
    world.go_up(0);
    world.end(0).close();
    world.end(0).prove(3);
    CHECK(world.take_events(0) == Lines{"3: "});
    world.flow();
    const Lines told = world.take_events(0);
    REQUIRE(told.size() >= 2);
    CHECK(Lines(told.begin(), told.begin() + 2) == Lines{"1: \"owed\"", "2: "});
  }
}

TEST_CASE("a read that waits for a proof when the client begins to close has its reply") {
  Proofs world;
  world.read(0, 1, {"GET", "key"}, 0s);
  world.go_up(0);
  world.end(0).close();
  world.flow();
  CHECK(world.take_events(0).front() == "1: \"old\"");
}

TEST_CASE("reads of one key that want proof are one fetch, until the proof has left") {
  Proofs world;
  for (Tag tag = 1; tag <= 50; ++tag) world.read(0, tag, {"GET", "key"}, 0s);
  world.write_elsewhere("key", "new");
  world.flow();
  Lines told = world.take_events(0);
  CHECK(told.size() == 50);
  CHECK(std::count_if(told.begin(), told.end(),
                      [](const std::string& each) { return each.ends_with("\"new\""); }) == 50);
  CHECK(world.pings() == 1);
  CHECK(world.reads() == 1);
}

TEST_CASE("those who wait for a proof count as requests under way") {
  ClientOptions options{.tracking = {.method = TrackingOptions::Method::all_reads}};
  options.inflight_requests_limit = 2;
  Proofs world({.client = options});
  world.end(0).prove(1);
  world.end(0).prove(2);
  world.end(0).prove(3);
  CHECK(world.take_events(0) == Lines{"3: refused with rejected_by_limit (no)"});
  world.flow();
  CHECK(world.take_events(0).size() == 2);
}

TEST_CASE("when the client is aborted all who wait for a proof are told") {
  Proofs world;
  world.end(0).prove(1);
  world.read(0, 2, {"GET", "key"}, 0s);
  world.end(0).abort();
  CHECK(world.take_events(0).size() >= 2);
}

}  // namespace
}  // namespace plimsoll::near_cache_proof_test
