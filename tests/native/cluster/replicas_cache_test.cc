#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/reading_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// A cache of what the replicas of a cluster answer, while slots move and nodes end.

namespace plimsoll::testing::native_cluster_replicas_cache_test {
namespace {

using native::Client;
using namespace std::chrono_literals;

constexpr std::uint16_t slot = 0;

ClusterGroup& group() {
  static ClusterGroup all(group_with_replicas());
  return all;
}

std::shared_ptr<native::ClientSideCache> patient_cache() {
  native::ClientSideCacheOptions options = cluster_cache_options();
  options.coherence_lease = 4 * patience();
  return make_cluster_cache(options);
}

std::size_t owner() { return group().owner_of(slot); }
std::size_t replica() { return group().replica_of(owner()); }

// A client that reads from replicas, and has a cache; and another program.
struct Caching {
  Caching()
      : cache((settle(group()), patient_cache())),
        client(cached_member(group().url(), cache, reading_options())),
        other(member_of(group())) {
    REQUIRE(comes_to_read(client, slot, group().address(replica())));
  }

  /// A key that the cache has, as the replica has answered: "old".
  std::string some_key() {
    for (;;) {
      const std::string key = key_in(slot, "cached" + std::to_string(++keys_));
      set(other, key, "old");
      const std::uint64_t at_owner = group().calls(owner(), "get");
      // The replica may not have it yet.
      REQUIRE(eventually([&] { return get(client, key) == "old"; }));
      const bool is_of_replica = group().calls(owner(), "get") == at_owner;
      // A round has to ask for a key that was read.
      if (is_of_replica && eventually([&] { return is_served(key); })) return key;
    }
  }
  bool is_served(const std::string& key) {
    if (cached(client, key) == "old") return true;
    read(client, slot);  // without reads there are few rounds
    return false;
  }

  std::shared_ptr<native::ClientSideCache> cache;
  Client client;
  Client other;

 private:
  int keys_ = 0;
};

TEST_CASE("what a replica has answered is served, until the replica has another value") {
  Caching world;
  const std::string key = world.some_key();
  const std::uint64_t before = calls_of(group(), "get");
  for (int i = 0; i < 50; ++i) CHECK(get(world.client, key) == "old");
  CHECK(calls_of(group(), "get") == before);
  const std::size_t frozen = replica();
  group().freeze(frozen);
  set(world.other, key, "new");
  CHECK(get(world.client, key) == "old");  // the replica does not know better
  group().thaw(frozen);
  CHECK(eventually([&] { return get(world.client, key) == "new"; }));
  for (int i = 0; i < 50; ++i) CHECK(get(world.client, key) == "new");
}

TEST_CASE("what the client writes is read at once, cached or not") {
  Caching world;
  const std::string key = world.some_key();
  for (int i = 0; i < 200; ++i) {
    set(world.client, key, std::to_string(i));
    for (int k = 0; k < 5; ++k) CHECK(get(world.client, key) == std::to_string(i));
  }
}

TEST_CASE("behind a barrier, and with max_staleness, nothing older is read") {
  Caching world;
  const std::string key = world.some_key();
  const std::size_t frozen = replica();
  group().freeze(frozen);
  set(world.other, key, "1");
  CHECK(finish(world.client.get(key, {.max_staleness = 0ms})) == "1");
  set(world.other, key, "2");
  pass_barrier(*world.cache);
  CHECK(get(world.client, key) == "2");
  group().thaw(frozen);
}

TEST_CASE("a slot that moves takes along what its replica vouched for") {
  Caching world;
  const std::string key = world.some_key();
  const std::string stays = world.some_key();
  const std::size_t to = group().owner_of(8000);
  const std::size_t from = owner();
  group().begin_move(slot, to);
  while (group().migrate_keys(slot, to, 5) > 0) CHECK(get(world.client, key) == "old");
  set(world.other, key, "new");
  group().finish_move(slot, to, SlotOrder::target_first);
  CHECK(eventually([&] { return get(world.client, key) == "new"; }));
  for (int i = 0; i < 50; ++i) {
    CHECK(get(world.client, key) == "new");
    CHECK(get(world.client, stays) == "old");
  }
  group().move_slot(slot, from);
}

TEST_CASE("a failover leaves nothing stale of the replica that was promoted, nor of the other") {
  Caching world;
  for (int i = 0; i < 2; ++i) {
    const std::string key = world.some_key();
    const std::size_t promoted = replica();
    group().fail_over(promoted);
    group().wait_until_owner(slot, promoted);
    set(world.other, key, "new");
    CHECK(eventually([&] { return get(world.client, key) == "new"; }));
    for (int more = 0; more < 50; ++more) CHECK(get(world.client, key) == "new");
    settle(group());
    REQUIRE(comes_to_read(world.client, slot, group().address(replica())));
    CHECK(get(world.client, key) == "new");
  }
}

TEST_CASE("a replica that is killed takes its entries along") {
  Caching world;
  const std::string key = world.some_key();
  const std::size_t victim = replica();
  group().kill(victim);
  set(world.other, key, "new");
  CHECK(eventually([&] { return get(world.client, key) == "new"; }));
  settle(group());
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_replicas_cache_test
