#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/nodes.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// What the clients of a cache write to a cluster themselves: each read that is called afterwards
// sees it, whatever way it was written, and wherever its slot is.

namespace plimsoll::testing::native_cluster_cache_writes_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::ClientSideCache;
using native::Options;

constexpr std::uint16_t slots[] = {7, 8007, 16'007};

// So that the cache has the key, if it may have it.
void warm(Client& client, const std::string& key) {
  for (int i = 0; i < 2; ++i) get(client, key);
}

TEST_CASE("a write of any kind is seen by the read behind it, without waiting for the write") {
  const auto cache = make_cluster_cache();
  Client client = cached_member(shared_cluster().url(), cache);
  for (const std::uint16_t slot : slots) {
    const std::string key = key_in(slot, "any kind");
    for (int i = 0; i < 10; ++i) {
      const std::string value = std::to_string(i);
      warm(client, key);
      auto set = client.set(key, "set" + value, use_future);
      CHECK(get(client, key) == "set" + value);
      value_of(std::move(set));

      warm(client, key);
      auto transaction = client.transaction();
      transaction.set(key, "transaction" + value);
      auto committed = transaction.exec(use_future);
      CHECK(get(client, key) == "transaction" + value);
      CHECK(value_of(std::move(committed)).committed());

      warm(client, key);
      auto script = client.eval("return redis.call('SET', KEYS[1], ARGV[1])", {key},
                                {"script" + value}, use_future);
      CHECK(get(client, key) == "script" + value);
      value_of(std::move(script));

      warm(client, key);
      auto at = client.at(native::NodeRoute::owner_of(key))
                    .command({"SET", key, "at" + value}, use_future);
      CHECK(get(client, key) == "at" + value);
      value_of(std::move(at));
    }
  }
  CHECK(cache->cache_statistics().value().hits > 0);
}

TEST_CASE("what was written on a connection of its own is seen once it was answered") {
  const auto cache = make_cluster_cache();
  Client client = cached_member(shared_cluster().url(), cache);
  native::Exclusive own = value_of(client.exclusive(use_future));
  for (const std::uint16_t slot : slots) {
    const std::string key = key_in(slot, "own connection");
    const std::string list = key_in(slot, "list");
    for (int i = 0; i < 10; ++i) {
      const std::string value = std::to_string(i);
      warm(client, key);
      value_of(own.set(key, value, use_future));
      CHECK(get(client, key) == value);

      value_of(client.rpush(list, {"one", "two"}, use_future));
      for (int n = 0; n < 2; ++n) CHECK(value_of(client.llen(list, use_future)) == 2);
      value_of(client.command({"BLPOP", list, "5"}, use_future));
      CHECK(value_of(client.llen(list, use_future)) == 1);
      value_of(client.del({list}, use_future));
    }
  }
  CHECK(cache->cache_statistics().value().hits > 0);
}

TEST_CASE("a write in parts is seen in all of its slots") {
  const auto cache = make_cluster_cache();
  Options options = cluster_options();
  options.cross_slot_writes = CrossSlotWrites::split;
  Client client = cached_member(shared_cluster().url(), cache, options);
  std::vector<std::string> keys;
  for (const std::uint16_t slot : slots) keys.push_back(key_in(slot, "parts"));
  for (int i = 0; i < 20; ++i) {
    const std::string value = std::to_string(i);
    for (const std::string& key : keys) warm(client, key);
    auto set = client.mset({{keys[0], value}, {keys[1], value}, {keys[2], value}}, use_future);
    for (const std::string& key : keys) CHECK(get(client, key) == value);
    value_of(std::move(set));
    if (i % 4 != 0) continue;
    for (const std::string& key : keys) warm(client, key);
    auto gone = client.del(keys, use_future);
    for (const std::string& key : keys) CHECK(get(client, key) == std::nullopt);
    CHECK(value_of(std::move(gone)) == 3);
  }
}

TEST_CASE("keys have the client's prefix, in the cache as at the nodes") {
  const auto cache = make_cluster_cache();
  Options options = cluster_options();
  options.key_prefix = "own:";
  Client client = cached_member(shared_cluster().url(), cache, options);
  Client plain = member_of(shared_cluster());
  for (const std::uint16_t slot : slots) {
    const std::string key = key_in(slot, "prefixed");
    set(plain, "own:" + key, "old");
    for (int i = 0; i < 3; ++i) CHECK(get(client, key) == "old");
    set(plain, "own:" + key, "new");
    pass_barrier(*cache);
    CHECK(get(client, key) == "new");
  }
  CHECK(cache->cache_statistics().value().hits > 0);
}

// Writes numbers to keys of slots that move, and reads each back without waiting for the write.
// Returns how many were not seen.
std::size_t write_and_read(Client& client, const std::vector<std::string>& keys,
                           const std::atomic<bool>& is_over, std::atomic<std::size_t>& rounds) {
  std::size_t unseen = 0;
  for (std::size_t number = 0; !is_over; ++number, ++rounds) {
    const std::string value = std::to_string(number);
    for (const std::string& key : keys) {
      warm(client, key);
      auto written = client.set(key, value, use_future);
      unseen += get(client, key) == value ? 0 : 1;
      value_of(std::move(written));
      unseen += get(client, key) == value ? 0 : 1;
      unseen += get(client, key) == value ? 0 : 1;
    }
  }
  return unseen;
}

TEST_CASE("own writes are seen while their slots move") {
  constexpr std::uint16_t first = 600;
  constexpr std::uint16_t slots_moved = 8;
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client one = cached_member(group.url(), cache);
  Client two = cached_member(group.url(), cache);
  std::atomic<bool> is_over = false;
  std::atomic<std::size_t> unseen = 0;
  std::atomic<std::size_t> rounds = 0;
  std::atomic<std::size_t> failures = 0;
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 3; ++caller) {
    std::vector<std::string> keys;
    for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
      keys.push_back(key_in(slot, std::to_string(caller)));
    }
    Client& client = caller == 2 ? two : one;
    callers.emplace_back([&unseen, &rounds, &failures, &is_over, &client, keys] {
      try {
        unseen += write_and_read(client, keys, is_over, rounds);
      } catch (const std::exception&) {
        ++failures;
      }
    });
  }
  group.reset_calls();
  for (const std::size_t to : {1u, 2u, 0u}) {
    for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) group.move_slot(slot, to);
    const std::size_t before = rounds;
    CHECK(eventually([&] { return rounds > before + 10 || failures > 0; }));
  }
  is_over = true;
  for (std::thread& each : callers) each.join();
  CHECK(failures == 0);
  CHECK(unseen == 0);
  CHECK(errors_of(group, "MOVED") > 0);
  CHECK(cache->cache_statistics().value().hits > 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_cache_writes_test
