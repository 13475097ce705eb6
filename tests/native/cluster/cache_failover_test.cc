#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/changes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Clients that read through a cache while primaries are replaced. What a primary that dies has
// acknowledged may be lost with it, so that what is true is known only once its successor serves.

namespace plimsoll::testing::native_cluster_cache_failover_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using namespace std::chrono_literals;

constexpr std::uint16_t slot = 0;  // of the shard that is harmed
constexpr std::uint16_t other_slot = 16'383;
constexpr std::size_t keys_count = 20;

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

// Short, so that the tests need not wait long until it is over.
constexpr auto lease = 500ms;

std::shared_ptr<ClientSideCache> make_cache() {
  ClientSideCacheOptions options = cluster_cache_options();
  options.coherence_lease = lease;
  options.cache_nil = true;
  return make_cluster_cache(options);
}

// A silent node is found out by requests that end by their time.
native::Options watchful_options() {
  native::Options options = cluster_options();
  options.request_timeout = 500ms;
  options.tombstone_age_max = 500ms;
  options.health_check_interval = 500ms;
  return options;
}

std::vector<std::string> keys_of(std::uint16_t in, const std::string& name) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < keys_count; ++i) keys.push_back(key_in(in, name + std::to_string(i)));
  return keys;
}

// Keys that are there, empty, and missing.
void change_all(Client& plain, const std::vector<std::string>& keys, const std::string& value) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i % 3 == 0) {
      value_of(plain.del({keys[i]}, use_future));
    } else {
      set(plain, keys[i], i % 3 == 1 ? value : "");
    }
  }
}

// The same the other way round: what was there is gone, and the other way.
std::vector<std::string> turned(std::vector<std::string> keys) {
  std::rotate(keys.begin(), keys.begin() + 1, keys.end());
  return keys;
}

void read_all(Client& client, const std::vector<std::string>& keys) {
  for (int i = 0; i < 2; ++i) {
    for (const std::string& key : keys) get(client, key);
  }
}

void check_true(Client& client, Client& plain, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(get(client, key) == get(plain, key));
  }
}

bool can_write(Client& client, const std::string& key) {
  return finish(client.set(key, "here", use_future)).has_value();
}

std::size_t count_cached(const Client& client, const std::vector<std::string>& keys) {
  std::size_t count = 0;
  for (const std::string& key : keys) count += cached(client, key) ? 1 : 0;
  return count;
}

TEST_CASE("a failover that was asked for leaves nothing outdated behind") {
  group().settle();
  const auto cache = make_cache();
  Client client = cached_member(group().url(), cache);
  Client plain = member_of(group());
  std::vector<std::string> keys = keys_of(slot, "asked");
  for (const std::string& key : keys_of(other_slot, "asked")) keys.push_back(key);
  Changes changes(plain, keys);
  // To and back: within two node timeouts nobody votes for a successor of the same primary again.
  for (int i = 0; i < 2; ++i) {
    {
      const CachedReaders readers(changes, client, *cache);
      REQUIRE(changes.go_on());
      const std::size_t old = group().owner_of(slot);
      group().fail_over(group().replica_of(old));
      REQUIRE(changes.go_on());
      group().settle();
      CHECK(group().owner_of(slot) != old);
      CHECK(readers.failure().empty());
      // Until the old owner has heard of the new one it may answer with what was true before, to
      // anybody: what was outdated is not counted here.
    }
    const std::uint64_t hits = cache->cache_statistics().value().hits;
    CachedReaders readers(changes, client, *cache);
    REQUIRE(changes.go_on(2000));
    readers.stop();
    CHECK(readers.failure().empty());
    INFO(changes.stale());
    CHECK(readers.stale() == 0);
    CHECK(cache->cache_statistics().value().hits > hits);
  }
  changes.stop();
  CHECK(changes.failure().empty());
  pass_barrier(*cache);
  check_true(client, plain, keys);
}

TEST_CASE("a primary that is killed takes along what was read there, and no more") {
  group().settle();
  const auto cache = make_cache();
  Client client = cached_member(group().url(), cache);
  Client plain = member_of(group());
  const std::vector<std::string> keys = keys_of(slot, "killed");
  const std::vector<std::string> others = keys_of(other_slot, "killed");
  change_all(plain, keys, "old");
  change_all(plain, others, "old");
  read_all(client, keys);
  read_all(client, others);
  CHECK(count_cached(client, keys) > 0);
  const std::size_t of_others = count_cached(client, others);
  CHECK(of_others > 0);

  group().kill(group().owner_of(slot));
  CHECK(eventually([&] { return count_cached(client, keys) == 0; }));
  REQUIRE(eventually([&] { return can_write(plain, key_in(slot, "probe")); }));
  CHECK(count_cached(client, others) == of_others);
  change_all(plain, turned(keys), "new");
  check_true(client, plain, keys);
  // The old primary comes back as a replica.
  group().settle();
  change_all(plain, keys, "newer");
  pass_barrier(*cache);
  check_true(client, plain, keys);
  read_all(client, keys);
  CHECK(count_cached(client, keys) > 0);
}

TEST_CASE("a primary that is frozen for longer than the lease serves nothing outdated, ever") {
  group().settle();
  const auto cache = make_cache();
  Client client = cached_member(group().url(), cache, watchful_options());
  Client plain = connected(group().url(), watchful_options());
  const std::vector<std::string> keys = keys_of(slot, "frozen");
  const std::vector<std::string> others = keys_of(other_slot, "frozen");
  change_all(plain, keys, "old");
  change_all(plain, others, "old");
  read_all(client, keys);
  read_all(client, others);
  CHECK(count_cached(client, keys) > 0);

  const std::size_t old = group().owner_of(slot);
  group().freeze(old);
  // Reads that lie in the socket of the old primary, which will answer them with its own values.
  std::vector<std::future<native::Result<std::optional<std::string>>>> lying;
  for (const std::string& key : keys) {
    lying.push_back(client.get(key, {.max_staleness = 0ms}, use_future));
  }
  CHECK(eventually([&] { return count_cached(client, keys) == 0; }));
  REQUIRE(eventually([&] { return can_write(plain, key_in(slot, "probe")); }));
  change_all(plain, turned(keys), "new");
  REQUIRE(eventually([&] { return can_write(client, key_in(slot, "probe")); }));
  check_true(client, plain, keys);
  check_true(client, plain, keys);
  CHECK(count_cached(client, keys) > 0);
  CHECK(count_cached(client, others) > 0);

  group().thaw(old);
  for (int i = 0; i < 20; ++i) check_true(client, plain, keys);
  group().settle();
  // What they come to is no matter, but that they end.
  for (auto& each : lying) std::ignore = finish(std::move(each));
  change_all(plain, keys, "newer");
  pass_barrier(*cache);
  check_true(client, plain, keys);
  check_true(client, plain, keys);
}

TEST_CASE("a barrier over a frozen primary fails, and what is read then is not from memory") {
  group().settle();
  const auto cache = make_cache();
  Client client = cached_member(group().url(), cache, watchful_options());
  const std::string key = key_in(slot, "barred");
  const std::string other = key_in(other_slot, "barred");
  for (const std::string& each : {key, other}) {
    set(client, each, "there");
    CHECK(get(client, each) == "there");
  }
  const std::size_t old = group().owner_of(slot);
  group().freeze(old);
  const auto passed = finish(cache->barrier(use_future));
  // The primary has not answered: either the barrier says so, or its entries are gone.
  if (passed) CHECK_FALSE(cached(client, key).has_value());
  CHECK(eventually([&] { return !cached(client, key); }));
  CHECK(get(client, other) == "there");
  group().thaw(old);
  group().settle();
  CHECK(eventually([&] { return finish(cache->barrier(use_future)).has_value(); }));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_cache_failover_test
