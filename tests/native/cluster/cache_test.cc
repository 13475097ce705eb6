#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/cached_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Clients of a cluster that read through a cache, while all slots stay where they are.

namespace plimsoll::testing::native_cluster_cache_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::CacheMode;
using native::CacheState;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using native::Options;
using namespace std::chrono_literals;

// Of the nodes 0, 1 and 2.
constexpr std::uint16_t slots[] = {0, 8000, 16'383};

// Keys of all nodes that no other test uses.
std::vector<std::string> keys_named(const std::string& name) {
  std::vector<std::string> keys;
  for (const std::uint16_t slot : slots) keys.push_back(key_in(slot, name));
  return keys;
}

// A read that waits for the connection to its node is not stored.
void connect_to_all(Client& client) {
  for (const std::uint16_t slot : slots) get(client, key_in(slot, "first of all"));
}

TEST_CASE("a read of any node's key that is repeated is served from memory") {
  ClusterGroup& group = shared_cluster();
  // The client finds the cluster, or is told.
  const std::string url = GENERATE_REF(group.url(), "valkey://" + group.address(1));
  const auto cache = make_cluster_cache();
  Client client = cached_member(url, cache);
  Client plain = member_of(group);
  const std::vector<std::string> keys = keys_named("memory");
  for (const std::string& key : keys) set(plain, key, "Great Eastern");
  connect_to_all(client);
  group.reset_calls();
  for (int i = 0; i < 50; ++i) {
    for (const std::string& key : keys) CHECK(get(client, key) == "Great Eastern");
  }
  CHECK(calls_of(group, "get") == keys.size());
  for (const std::string& key : keys) {
    CHECK(cached(client, key) == "Great Eastern");
    bool is_there = false;
    CHECK(client.visit_cached(commands::get(key), [&](const Value& value) {
      is_there = value.as_bytes().value() == "Great Eastern";
    }));
    CHECK(is_there);
  }
  CHECK(client.statistics().cache_state == CacheState::tracking);
  CHECK(client.statistics().tracking_problem.empty());
  CHECK(cache->cache_statistics().value().entries == keys.size());
  CHECK(cache->cache_statistics().value().sources == 1);
  CHECK(client.topology().nodes.size() == 3);
}

TEST_CASE("what another client writes is seen, wherever the key is") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  for (const std::string& key : keys_named("written")) {
    for (int i = 0; i < 30; ++i) {
      const std::string value = std::to_string(i);
      get(client, key);
      set(other, key, value);
      switch (i % 3) {
        case 0: CHECK(eventually([&] { return get(client, key) == value; })); break;
        case 1:
          pass_barrier(*cache);
          CHECK(get(client, key) == value);
          break;
        default: CHECK(value_of(client.get(key, {.max_staleness = 0ms}, use_future)) == value);
      }
    }
  }
  CHECK(cache->cache_invalidations().value() > 0);
}

TEST_CASE("the client's own writes are seen at once, awaited or not") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  for (const std::string& key : keys_named("own")) {
    for (int i = 0; i < 30; ++i) {
      get(client, key);
      auto written = client.set(key, std::to_string(i), use_future);
      CHECK(get(client, key) == std::to_string(i));
      value_of(std::move(written));
      CHECK(get(client, key) == std::to_string(i));
    }
  }
  // In parts.
  const std::vector<std::string> keys = keys_named("own");
  for (const std::string& key : keys) get(client, key);
  CHECK(value_of(client.del(keys, use_future)) == 3);
  for (const std::string& key : keys) CHECK(get(client, key) == std::nullopt);
}

TEST_CASE("what a missing key may have answered is asked for each time") {
  ClusterGroup& group = shared_cluster();
  ClientSideCacheOptions options = cluster_cache_options();
  options.cache_nil = true;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  const std::string missing = key_in(8000, "missing");
  const std::vector<std::vector<std::string_view>> all = {
      {"GET", missing},     {"EXISTS", missing},           {"STRLEN", missing},
      {"HGETALL", missing}, {"HGET", missing, "field"},    {"SMEMBERS", missing},
      {"TYPE", missing},    {"LRANGE", missing, "0", "-1"}};
  set(client, key_in(8000, "other"), "opens the connection");
  for (int i = 0; i < 2; ++i) {
    for (const auto& words : all) value_of(client.command(native::Words(words), use_future));
  }
  const cache::CacheStatistics statistics = cache->cache_statistics().value();
  CHECK(statistics.hits == 0);
  CHECK(statistics.entries == 0);
  CHECK(statistics.skipped_absent == 2 * all.size());
  CHECK(cache->cache_skipped().value() == 2 * all.size());

  // A missing key answers GET with null, so this one is there.
  set(client, missing, "");
  for (int i = 0; i < 2; ++i) CHECK(get(client, missing) == "");
  CHECK(cache->cache_statistics().value().hits == 1);
  value_of(client.del({missing}, use_future));
}

TEST_CASE("an MGET shares its entries with GETs, whatever slots its keys are in") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  connect_to_all(client);
  const std::string one = key_in(8000, "one");
  const std::string two = key_in(8000, "two");
  const std::string far = key_in(0, "far");
  const std::string missing = key_in(16'383, "missing");
  for (const std::string& key : {one, two, far}) set(client, key, key);
  using Texts = std::vector<std::optional<std::string>>;
  const auto mget = [&](const std::vector<std::string>& keys) {
    return value_of(client.mget(keys, use_future));
  };
  group.reset_calls();
  for (const auto& keys : std::vector<std::vector<std::string>>{{one, two}, {two, far, one}}) {
    for (int i = 0; i < 3; ++i) CHECK(mget(keys) == Texts(keys.begin(), keys.end()));
    for (const std::string& key : keys) CHECK(get(client, key) == key);
  }
  CHECK(calls_of(group, "get") == 0);
  // One, and two parts of another one.
  CHECK(calls_of(group, "mget") == 3);
  CHECK(mget({far, missing}) == Texts{far, std::nullopt});
  CHECK_FALSE(cached(client, missing).has_value());

  set(client, far, "own");
  CHECK(mget({one, far}) == Texts{one, "own"});
  set(other, one, "new");
  pass_barrier(*cache);
  CHECK(mget({one, far}) == Texts{"new", "own"});
}

TEST_CASE("what one client has read another one finds, whichever node it was told of first") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client first = cached_member(group.url({0, 1, 2}), cache);
  Client second = cached_member(group.url({2, 0, 1}), cache);
  const std::vector<std::string> keys = keys_named("shared");
  for (const std::string& key : keys) {
    set(first, key, "old");
    CHECK(get(first, key) == "old");
  }
  group.reset_calls();
  for (const std::string& key : keys) CHECK(get(second, key) == "old");
  CHECK(calls_of(group, "get") == 0);
  CHECK(cache->cache_statistics().value().sources == 1);
  for (const std::string& key : keys) {
    set(second, key, "new");
    CHECK(get(first, key) == "new");
  }
  // What a client has read goes with its connections.
  cache->clear();
  for (const std::string& key : keys) get(first, key);
  value_of(first.close(use_future));
  for (const std::string& key : keys) CHECK(get(second, key) == "new");
}

TEST_CASE("a connection that is lost takes along what was read at its node, and no more") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  const std::vector<std::string> keys = keys_named("lost");
  for (const std::string& key : keys) {
    set(client, key, "there");
    CHECK(get(client, key) == "there");
  }
  group.ask(1, {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  CHECK(eventually([&] { return !cached(client, keys[1]); }));
  CHECK(cached(client, keys[0]) == "there");
  CHECK(cached(client, keys[2]) == "there");
  for (int i = 0; i < 2; ++i) CHECK(get(client, keys[1]) == "there");
  CHECK(cached(client, keys[1]) == "there");
}

TEST_CASE("an idle connection goes on to prove what it vouches for, by a key") {
  ClusterGroup& group = shared_cluster();
  ClientSideCacheOptions options = cluster_cache_options();
  options.coherence_lease = 200ms;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  connect_to_all(client);
  const std::vector<std::string> keys = keys_named("idle");
  for (const std::string& key : keys) {
    set(client, key, "there");
    CHECK(get(client, key) == "there");
  }
  group.reset_calls();
  // Longer than the lease.
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK(eventually([&] { return group.calls(node, "exists") >= 5; }));
  }
  for (const std::string& key : keys) CHECK(get(client, key) == "there");
  CHECK(calls_of(group, "get") == 0);
}

TEST_CASE("FLUSHALL drops what was read, by whomever and wherever it is run") {
  ClusterGroup& group = shared_cluster();
  const auto cache = make_cluster_cache();
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  const std::vector<std::string> keys = keys_named("flushed");
  const auto read_all = [&] {
    for (const std::string& key : keys) {
      set(other, key, "there");
      CHECK(eventually([&] { return get(client, key) == "there"; }));
    }
  };
  read_all();
  value_of(client.command({"FLUSHALL"}, use_future));
  for (const std::string& key : keys) CHECK(get(client, key) == std::nullopt);
  read_all();
  value_of(other.command({"FLUSHALL"}, use_future));
  pass_barrier(*cache);
  for (const std::string& key : keys) CHECK(get(client, key) == std::nullopt);
  read_all();
  group.ask(2, {"FLUSHALL"});
  pass_barrier(*cache);
  CHECK(get(client, keys[0]) == "there");
  CHECK(get(client, keys[1]) == "there");
  CHECK(get(client, keys[2]) == std::nullopt);
}

TEST_CASE("with opt_in the nodes track only what the cache may keep") {
  ClusterGroup& group = shared_cluster();
  ClientSideCacheOptions options = cluster_cache_options();
  options.opt_in = true;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  Client other = member_of(group);
  const std::vector<std::string> keys = keys_named("chosen");
  connect_to_all(client);
  group.reset_calls();
  for (const std::string& key : keys) {
    set(other, key, "old");
    for (int i = 0; i < 3; ++i) CHECK(get(client, key) == "old");
    set(other, key, "new");
    pass_barrier(*cache);
    CHECK(get(client, key) == "new");
  }
  CHECK(calls_of(group, "get") == 2 * keys.size());
  CHECK(calls_of(group, "client|caching") == 2 * keys.size());
}

TEST_CASE("with server_ttl_cap an entry does not outlive its key") {
  ClusterGroup& group = shared_cluster();
  ClientSideCacheOptions options = cluster_cache_options();
  options.server_ttl_cap = true;
  options.opt_in = GENERATE(false, true);
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  connect_to_all(client);
  group.reset_calls();
  for (const std::string& key : keys_named("expiring")) {
    value_of(client.command({"SET", key, "there", "PX", "3600000"}, use_future));
    for (int i = 0; i < 3; ++i) CHECK(get(client, key) == "there");
  }
  CHECK(calls_of(group, "get") == 3);
  CHECK(calls_of(group, "pttl") == 3);
  for (const std::string& key : keys_named("expiring")) {
    value_of(client.command({"SET", key, "there", "PX", "50"}, use_future));
    get(client, key);
    CHECK(eventually([&] { return get(client, key) == std::nullopt; }));
  }
}

TEST_CASE("in mode ttl the cache keeps what it may for its time, and nothing is tracked") {
  ClusterGroup& group = shared_cluster();
  ClientSideCacheOptions options = cluster_cache_options();
  options.mode = CacheMode::ttl;
  options.entry_ttl_ms = 3'600'000;
  options.cache_nil = true;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(group.url(), cache);
  connect_to_all(client);
  const std::vector<std::string> keys = keys_named("timed");
  group.reset_calls();
  for (int i = 0; i < 3; ++i) {
    for (const std::string& key : keys) CHECK(get(client, key) == std::nullopt);
  }
  CHECK(calls_of(group, "get") == keys.size());
  CHECK(client.statistics().cache_state == CacheState::ttl);
  for (const std::string& key : keys) {
    set(client, key, "there");
    CHECK(get(client, key) == "there");
  }
  CHECK(calls_of(group, "client|tracking") == 0);
  pass_barrier(*cache);
  for (const std::string& key : keys) CHECK_FALSE(cached(client, key).has_value());
}

void allow(ClusterGroup& group, const std::string& user, const std::vector<std::string>& rights) {
  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    std::vector<std::string> words = {"ACL", "SETUSER", user, "on", ">hush", "~*", "&*"};
    words.insert(words.end(), rights.begin(), rights.end());
    group.ask(i, words);
  }
}

std::string url_of(const ClusterGroup& group, const std::string& user) {
  return "valkey+cluster://" + user + ":hush@" + group.address(0) + "," + group.address(1);
}

TEST_CASE("a user who may not ask whether a key exists has a cache all the same") {
  ClusterGroup& group = shared_cluster();
  allow(group, "blind", {"+@all", "-exists"});
  ClientSideCacheOptions options = cluster_cache_options();
  options.coherence_lease = 200ms;
  const auto cache = make_cluster_cache(options);
  Client client = cached_member(url_of(group, "blind"), cache);
  Client other = member_of(group);
  const std::vector<std::string> keys = keys_named("blind");
  for (int i = 0; i < 30; ++i) {
    const std::string value = std::to_string(i);
    for (const std::string& key : keys) {
      set(other, key, value);
      const bool is_fresh = value_of(client.get(key, {.max_staleness = 0ms}, use_future)) == value;
      CHECK(is_fresh);
    }
    for (const std::string& key : keys) CHECK(get(client, key) == value);
    for (const std::string& key : keys) set(other, key, "later" + value);
    pass_barrier(*cache);
    for (const std::string& key : keys) CHECK(get(client, key) == "later" + value);
  }
  CHECK(cache->cache_statistics().value().hits > 0);
}

TEST_CASE("a user whom nodes refuse to track is told so, or connects without a cache") {
  ClusterGroup& group = shared_cluster();
  allow(group, "deaf", {"+@all", "-client|tracking"});
  Client plain = member_of(group);
  const std::vector<std::string> keys = keys_named("deaf");
  for (const std::string& key : keys) set(plain, key, "there");
  {
    const auto cache = make_cluster_cache();
    Client client = cached_member(url_of(group, "deaf"), cache);
    for (const std::string& key : keys) CHECK(get(client, key) == "there");
    CHECK(client.statistics().cache_state == CacheState::off);
    CHECK_THAT(client.statistics().tracking_problem,
               ContainsSubstring("the user may not use CLIENT TRACKING"));
    CHECK(cache->cache_entry_count().value() == 0);
  }
  ClientSideCacheOptions required = cluster_cache_options();
  required.mode = CacheMode::tracking;
  Options options = cluster_options();
  options.client_side_cache = make_cluster_cache(required);
  const native::Error error = refusal(url_of(group, "deaf"), options);
  INFO(error.what());
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("the user may not use CLIENT TRACKING"));
}

TEST_CASE("what one user has read of a cluster is not served to another") {
  ClusterGroup& group = shared_cluster();
  allow(group, "rich", {"+@all"});
  allow(group, "poor", {"+@all", "resetkeys", "~{*}public"});
  const auto cache = make_cluster_cache();
  Client rich = cached_member(url_of(group, "rich"), cache);
  Client poor = cached_member(url_of(group, "poor"), cache);
  const std::string secret = key_in(8000, "secret");
  set(rich, secret, "gold");
  for (int i = 0; i < 2; ++i) CHECK(get(rich, secret) == "gold");
  const native::Error error = error_of(poor.get(secret, use_future));
  CHECK(error.code() == ErrorCode::permission_denied);
  CHECK_FALSE(cached(poor, secret).has_value());
  CHECK(cached(rich, secret) == "gold");
}

TEST_CASE("in RESP2 there is no tracking, and the cache says so") {
  Options options = cluster_options();
  options.protocol = native::Protocol::resp2;
  const auto cache = make_cluster_cache();
  Client client = cached_member(shared_cluster().url(), cache, options);
  for (const std::string& key : keys_named("old")) {
    set(client, key, "there");
    CHECK(get(client, key) == "there");
  }
  CHECK(client.statistics().cache_state == CacheState::off);
  CHECK(cache->cache_entry_count().value() == 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_cache_test
