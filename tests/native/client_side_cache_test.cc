#include "plimsoll/client_side_cache.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/exclusive.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/support/valkey_server.h"

// The cache against a real server: what users see of it.

namespace plimsoll::testing::client_side_cache_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::CacheMode;
using native::CacheState;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using namespace std::chrono_literals;

TEST_CASE("what is read again comes from the cache, in both forms of a call") {
  const auto cache = make();
  Client client = cached_client(cache);
  CHECK(client.statistics().cache_state == CacheState::tracking);
  value_of(client.set("ship", "Great Eastern", use_future));
  CHECK(get(client, "ship") == "Great Eastern");
  CHECK(get(client, "ship") == "Great Eastern");
  CHECK(finish(client.get("ship")) == "Great Eastern");
  CHECK(client.cached<std::string>("GET", "ship") == "Great Eastern");
  CHECK(client.cached<std::string>("GET", "no such ship") == std::nullopt);
  const auto statistics = cache->cache_statistics().value();
  CHECK(statistics.lookups == 5);
  CHECK(statistics.hits == 3);
  CHECK(cache->cache_hit_rate().value() == 0.6);
  CHECK(cache->cache_entry_count().value() == 1);
}

TEST_CASE("all reads that may be cached are, and replies are what the server sends") {
  const auto cache = make();
  Client client = cached_client(cache);
  Client plain = connected(unix_url());
  value_of(client.command({"DEL", "h", "s", "z", "l", "str"}, use_future));
  value_of(client.command({"HSET", "h", "a", "1", "b", "2"}, use_future));
  value_of(client.command({"SADD", "s", "x"}, use_future));
  value_of(client.command({"ZADD", "z", "1.5", "m", "2", "n"}, use_future));
  value_of(client.command({"RPUSH", "l", "1", "2", "3"}, use_future));
  value_of(client.set("str", std::string(100'000, 'x'), use_future));
  const std::vector<std::string> words = GENERATE(
      std::vector<std::string>{"HGET", "h", "a"}, std::vector<std::string>{"HMGET", "h", "a", "c"},
      std::vector<std::string>{"hgetall", "h"}, std::vector<std::string>{"SMEMBERS", "s"},
      std::vector<std::string>{"SISMEMBER", "s", "y"},
      std::vector<std::string>{"ZRANGE", "z", "0", "-1", "WITHSCORES"},
      std::vector<std::string>{"ZSCORE", "z", "m"},
      std::vector<std::string>{"LRANGE", "l", "0", "-1"},
      std::vector<std::string>{"EXISTS", "h", "s", "none"},
      std::vector<std::string>{"STRLEN", "str"}, std::vector<std::string>{"TYPE", "z"},
      std::vector<std::string>{"GETRANGE", "str", "0", "9"},
      std::vector<std::string>{"BITCOUNT", "str"}, std::vector<std::string>{"GET", "str"});
  const std::vector<std::string_view> row(words.begin(), words.end());
  const auto text = [&](Client& from) {
    return value_of(from.command(native::Words(row), use_future)).to_string();
  };
  const std::string expected = text(plain);
  const auto before = cache->cache_statistics().value();
  CHECK(text(client) == expected);
  CHECK(text(client) == expected);
  const auto after = cache->cache_statistics().value();
  CHECK(after.hits == before.hits + 1);
  CHECK(after.lookups == before.lookups + 2);
}

TEST_CASE("a write by anybody is seen once its invalidation is there") {
  const auto cache = make();
  Client client = cached_client(cache);
  Client other = connected(unix_url());
  value_of(client.set("key", "1", use_future));
  CHECK(get(client, "key") == "1");
  value_of(other.set("key", "2", use_future));
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "key"); }));
  CHECK(get(client, "key") == "2");
}

TEST_CASE("own writes are seen, also by reads that do not wait for them") {
  const auto cache = make();
  Client client = cached_client(cache);
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    auto written = client.set("own", text, use_future);
    CHECK(get(client, "own") == text);
    value_of(std::move(written));
    CHECK(get(client, "own") == text);
    CHECK(get(client, "own") == text);
  }
  CHECK(cache->cache_statistics().value().hits > 0);
}

TEST_CASE("writes beside the main connection are seen, and close their keys no longer than that") {
  const auto cache = make();
  Client client = cached_client(cache);
  value_of(client.set("beside", "old", use_future));
  CHECK(get(client, "beside") == "old");
  auto own = finish(client.exclusive());
  value_of(own.set("beside", "new", use_future));
  CHECK(get(client, "beside") == "new");
  value_of(own.command({"EVAL", "return 1", "0"}, use_future));
  CHECK(finish(client.blpop({"no list"}, std::chrono::milliseconds(10))) == std::nullopt);
  CHECK(eventually([&] {
    get(client, "beside");
    return client.cached<std::string>("GET", "beside") == "new";
  }));
}

TEST_CASE("500 reads of what is not there yet are one command at the server") {
  ValkeyServer server;
  const auto cache = make();
  Client client = cached_client(cache, server.url());
  value_of(client.set("cold", "value", use_future));
  value_of(client.command({"CONFIG", "RESETSTAT"}, use_future));
  server.pause();  // all of them come before the reply to the first
  std::vector<std::future<native::Result<std::optional<std::string>>>> calls;
  for (int i = 0; i < 500; ++i) calls.push_back(client.get("cold", use_future));
  server.resume();
  for (auto& call : calls) CHECK(value_of(std::move(call)) == "value");
  const auto info = value_of(client.command<std::string>({"INFO", "commandstats"}, use_future));
  const auto at = info.find("cmdstat_get:calls=");
  REQUIRE(at != info.npos);
  CHECK(std::stoi(info.substr(at + 18)) == 1);
}

TEST_CASE("clients share what the others have read, and a connection's end ends its entries") {
  const auto cache = make();
  Client one = cached_client(cache);
  Client two = cached_client(cache);
  value_of(one.set("shared", "value", use_future));
  CHECK(get(one, "shared") == "value");
  CHECK(two.cached<std::string>("GET", "shared") == "value");
  const auto id = value_of(one.command<std::int64_t>({"CLIENT", "ID"}, use_future));
  value_of(two.command({"CLIENT", "KILL", "ID", std::to_string(id)}, use_future));
  CHECK(eventually([&] { return !two.cached<std::string>("GET", "shared"); }));
  CHECK(get(two, "shared") == "value");
}

TEST_CASE("databases do not mix") {
  const auto cache = make();
  Client zero = cached_client(cache);
  native::Options options = patient_options();
  options.client_side_cache = cache;
  options.database = 1;
  Client one = connected(unix_url(), options);
  value_of(zero.set("where", "0", use_future));
  value_of(one.set("where", "1", use_future));
  CHECK(get(zero, "where") == "0");
  CHECK(get(one, "where") == "1");
  CHECK(get(zero, "where") == "0");
  CHECK(get(one, "where") == "1");
}

TEST_CASE("errors are not stored") {
  const auto cache = make();
  Client client = cached_client(cache);
  value_of(client.command({"DEL", "list"}, use_future));
  value_of(client.command({"RPUSH", "list", "x"}, use_future));
  for (int i = 0; i < 2; ++i) {
    CHECK_THAT(std::string(error_of(client.get("list", use_future)).server_text()),
               ContainsSubstring("WRONGTYPE"));
  }
  CHECK(cache->cache_entry_count().value() == 0);
}

TEST_CASE(
    "a user who may not use CLIENT TRACKING has ttl, nothing, or an error, as the mode says") {
  ValkeyServer server;
  {
    Client admin = connected(server.url());
    value_of(admin.command(
        {"ACL", "SETUSER", "plain", "on", "nopass", "~*", "+@all", "-client|tracking"},
        use_future));
  }
  native::Options options = patient_options();
  options.username = "plain";
  options.password = "any";
  ClientSideCacheOptions wanted = some_cache();
  SECTION("automatic, with a ttl") {
    wanted.entry_ttl_ms = 60'000;
    options.client_side_cache = make(wanted);
    Client client = connected(server.url(), options);
    CHECK(client.statistics().cache_state == CacheState::ttl);
    CHECK_THAT(client.statistics().tracking_problem, ContainsSubstring("CLIENT TRACKING"));
    value_of(client.set("k", "v", use_future));
    CHECK(get(client, "k") == "v");
    CHECK(client.cached<std::string>("GET", "k") == "v");
  }
  SECTION("automatic, without") {
    options.client_side_cache = make(wanted);
    Client client = connected(server.url(), options);
    CHECK(client.statistics().cache_state == CacheState::off);
    value_of(client.set("k", "v", use_future));
    CHECK(get(client, "k") == "v");
    CHECK(client.cached<std::string>("GET", "k") == std::nullopt);
  }
  SECTION("tracking") {
    wanted.mode = CacheMode::tracking;
    options.client_side_cache = make(wanted);
    const auto refused = finish(native::connect(server.url(), options, use_future));
    REQUIRE(!refused);
    CHECK(refused.error().code() == ErrorCode::permission_denied);
    CHECK_THAT(refused.error().what(), ContainsSubstring("client|tracking"));
  }
}

TEST_CASE("opt-in and broadcast are coherent as well") {
  ClientSideCacheOptions wanted = some_cache();
  SECTION("opt-in") { wanted.opt_in = true; }
  SECTION("broadcast") { wanted.broadcast_prefixes = {"user:"}; }
  const auto cache = make(wanted);
  Client client = cached_client(cache);
  Client other = connected(unix_url());
  value_of(other.set("user:1", "old", use_future));
  CHECK(get(client, "user:1") == "old");
  CHECK(client.cached<std::string>("GET", "user:1") == "old");
  value_of(other.set("user:1", "new", use_future));
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "user:1"); }));
  CHECK(get(client, "user:1") == "new");
}

TEST_CASE("in broadcast mode only keys with a prefix are cached") {
  ClientSideCacheOptions wanted = some_cache();
  wanted.broadcast_prefixes = {"user:"};
  Client client = cached_client(make(wanted));
  value_of(client.set("ship", "value", use_future));
  CHECK(get(client, "ship") == "value");
  CHECK(client.cached<std::string>("GET", "ship") == std::nullopt);
}

TEST_CASE("options that make no sense are refused, with the field's name") {
  const auto text_of = [](const ClientSideCacheOptions& options) {
    const auto made = ClientSideCache::create(options);
    return made ? std::string("none") : std::string(made.error().what());
  };
  ClientSideCacheOptions options;
  CHECK_THAT(text_of(options), ContainsSubstring("max_cache_kb is 0"));
  options.max_cache_kb = 100'000'000;
  CHECK_THAT(text_of(options),
             ContainsSubstring("max_cache_kb") && ContainsSubstring("memory_limit"));
  options = some_cache();
  options.entry_ttl_ms = -1;
  CHECK_THAT(text_of(options), ContainsSubstring("entry_ttl_ms is negative"));
  options.entry_ttl_ms = std::numeric_limits<std::int64_t>::max();
  CHECK_THAT(text_of(options), ContainsSubstring("entry_ttl_ms is too large"));
  options = some_cache();
  options.mode = CacheMode::ttl;
  CHECK_THAT(text_of(options), ContainsSubstring("entry_ttl_ms is 0 in mode ttl"));
  options = some_cache();
  options.opt_in = true;
  options.broadcast_prefixes = {"a"};
  CHECK_THAT(text_of(options), ContainsSubstring("opt_in"));
  options = some_cache();
  options.broadcast_prefixes = {"a", "ab"};
  CHECK_THAT(text_of(options), ContainsSubstring("overlap"));
}

TEST_CASE("metrics that are off are an error to ask for") {
  ClientSideCacheOptions options = some_cache();
  options.enable_metrics = false;
  const auto cache = make(options);
  CHECK_THAT(cache->cache_hit_rate().error().what(), ContainsSubstring("enable_metrics"));
}

TEST_CASE("20 clients of a cache that all write never go back, and agree in the end") {
  const auto cache = make();
  std::vector<Client> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(cached_client(cache));
  value_of(clients[0].set("counter", "0", use_future));
  std::atomic<int> went_back = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::int64_t> seen(clients.size());
      for (int i = 0; i < 300; ++i) {
        const auto at = static_cast<std::size_t>(i + t * 5) % clients.size();
        if (i % 7 == 0) value_of(clients[at].incr("counter", use_future));
        const std::int64_t now = std::stoll(get(clients[at], "counter").value());
        if (now < seen[at]) ++went_back;
        seen[at] = now;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(went_back == 0);
  Client plain = connected(unix_url());
  const auto truth = get(plain, "counter");
  CHECK(eventually([&] {
    for (Client& client : clients) {
      if (get(client, "counter") != truth) return false;
    }
    return true;
  }));
}

}  // namespace
}  // namespace plimsoll::testing::client_side_cache_test
