#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/changes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Clients that read through a cache while slots move. Nobody tells a client what becomes of a key
// that has left the node at which the client has read it, nor that a key which was missing there
// has been written elsewhere.

namespace plimsoll::testing::native_cluster_cache_moving_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;

ClientSideCacheOptions with_opt_in(bool opt_in) {
  ClientSideCacheOptions options = cluster_cache_options();
  options.opt_in = options.server_ttl_cap = opt_in;
  return options;
}

TEST_CASE("a key that was missing, and is written where its slot has moved to, is seen") {
  constexpr std::uint16_t slot = 500;
  ClusterGroup& group = shared_cluster();
  const bool opt_in = GENERATE(false, true);
  ClientSideCacheOptions options = with_opt_in(opt_in);
  options.cache_nil = true;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  const std::vector<std::string> reads = {"GET", "HGETALL", "EXISTS", "SMEMBERS", "TYPE"};
  const auto read_all = [&](const std::string& key) {
    std::string all;
    for (const std::string& name : reads) {
      all += value_of(client.command({name, key}, use_future)).to_string() + ";";
    }
    return all;
  };
  const auto make = [&](const std::string& key, int kind) {
    switch (kind % 3) {
      case 0: return set(other, key, "made");
      case 1: value_of(other.command({"HSET", key, "made", "1"}, use_future)); return;
      default: value_of(other.command({"SADD", key, "made"}, use_future));
    }
  };
  const auto expect_same = [&](const std::string& key) {
    for (const std::string& name : reads) {
      // A read of another type is an error, for both.
      const auto told = finish(client.command({name, key}, use_future));
      const auto truth = finish(other.command({name, key}, use_future));
      INFO(name << " " << key);
      REQUIRE(told.has_value() == truth.has_value());
      if (told) CHECK(told->to_string() == truth->to_string());
    }
  };
  int kind = 0;
  for (const std::size_t to : {1u, 2u, 0u}) {
    const std::string name = (opt_in ? "chosen" : "all") + std::to_string(to);
    const std::string moved = key_in(slot, "moved:" + name);
    const std::string asked = key_in(slot, "asked:" + name);
    read_all(moved);
    read_all(asked);
    group.begin_move(slot, to);
    make(asked, ++kind);  // at the target, by ASK, while the source still has the slot
    expect_same(asked);
    group.migrate_keys(slot, to);
    group.finish_move(slot, to, SlotOrder::target_first);
    make(moved, ++kind);
    pass_barrier(*cache);
    expect_same(asked);
    expect_same(moved);
  }
}

TEST_CASE("a key that is changed where its slot has moved to is seen, and cached there") {
  constexpr std::uint16_t slot = 510;
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache(with_opt_in(GENERATE(false, true)));
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  const std::string key = key_in(slot);
  for (const std::size_t to : {1u, 2u, 0u}) {
    set(other, key, "before" + std::to_string(to));
    CHECK(eventually([&] { return get(client, key) == "before" + std::to_string(to); }));
    group.move_slot(slot, to);
    const std::string value = "behind" + std::to_string(to);
    set(other, key, value);
    pass_barrier(*cache);
    // The first read may come by a redirection.
    for (int i = 0; i < 2; ++i) CHECK(get(client, key) == value);
    group.reset_calls();
    for (int i = 0; i < 10; ++i) CHECK(get(client, key) == value);
    CHECK(calls_of(group, "get") <= 1);
  }
}

TEST_CASE("slots go to and fro under readers of a cache, who never read anything outdated") {
  constexpr std::uint16_t first = 530;
  constexpr std::uint16_t slots_moved = 12;
  constexpr std::size_t keys_per_slot = 12;
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache(with_opt_in(GENERATE(false, true)));
  Client client = cached_member(group.url(), cache);
  Client plain = member_of(group);
  std::vector<std::string> keys;
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    for (std::size_t i = 0; i < keys_per_slot; ++i) {
      keys.push_back(key_in(slot, std::to_string(i)));
      value_of(plain.del({keys.back()}, use_future));
    }
  }
  group.reset_calls();
  Changes changes(plain, keys);
  CachedReaders readers(changes, client, *cache);
  REQUIRE(changes.go_on());
  for (const std::size_t to : {1u, 2u, 0u}) {
    for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
      const bool comes_back = slot % 4 == 3;
      group.move_slot(slot, to, slot % 2 == 0 ? SlotOrder::target_first : SlotOrder::source_first);
      if (!comes_back) continue;
      const std::size_t from = to == 0 ? 2 : to - 1;
      group.move_slot(slot, from);
      // Who follows an ASK of the first move only when the last one has begun is told of keys that
      // are not there yet that there are none, by any server (docs/cluster.md, "What is promised").
      REQUIRE(changes.go_on(1));
      if (!readers.pass_round()) FAIL("no round of reads has ended. " << readers.failure());
      group.move_slot(slot, to);
    }
    REQUIRE(changes.go_on());
  }
  changes.stop();
  readers.stop();
  CHECK(changes.failure().empty());
  CHECK(readers.failure().empty());
  INFO(changes.stale());
  CHECK(readers.stale() == 0);
  CHECK(readers.rounds() > 0);
  CHECK(errors_of(group, "MOVED") >= slots_moved);
  CHECK(cache->cache_statistics().value().hits > 0);
  // Nothing changes any more: what is cached now is true, and some of it is served from memory.
  pass_barrier(*cache);
  for (int i = 0; i < 2; ++i) {
    for (const std::string& key : keys) CHECK(get(client, key) == get(plain, key));
  }
  group.reset_calls();
  std::size_t missing = 0;
  for (const std::string& key : keys) missing += get(client, key) ? 0 : 1;
  CHECK(calls_of(group, "get") == missing);
}

TEST_CASE("a move that is called off half way leaves nothing outdated") {
  constexpr std::uint16_t slot = 550;
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  Client plain = member_of(group);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 20; ++i) keys.push_back(key_in(slot, std::to_string(i)));
  Changes changes(plain, keys);
  CachedReaders readers(changes, client, *cache);
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t to = i % 2 == 0 ? 1 : 0;
    REQUIRE(changes.go_on(100));
    group.begin_move(slot, to);
    REQUIRE(changes.go_on(100));
    group.migrate_keys(slot, to, 5);
    REQUIRE(changes.go_on(100));
    group.migrate_keys(slot, to);
    group.finish_move(slot, to, SlotOrder::target_first);
    group.wait_until_owner(slot, to);
  }
  changes.stop();
  readers.stop();
  CHECK(changes.failure().empty());
  CHECK(readers.failure().empty());
  INFO(changes.stale());
  CHECK(readers.stale() == 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_cache_moving_test
