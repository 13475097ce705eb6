#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/support/valkey_server.h"

// Freshness as a number, against a real server: barrier() and max_staleness.

namespace plimsoll::testing::fresh_reads_test {
namespace {

using boost::asio::use_future;
using native::CacheMode;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using namespace std::chrono_literals;

void pass_barrier(ClientSideCache& cache) { value_of(cache.barrier(use_future)); }

// How often the server was told so.
std::uint64_t calls_of(const ValkeyServer& server, const std::string& command) {
  const std::string all = server.ask("INFO commandstats");
  const std::string words = "cmdstat_" + command + ":calls=";
  const auto at = all.find(words);
  return at == std::string::npos ? 0 : std::stoull(all.substr(at + words.size()));
}

TEST_CASE("behind a barrier every read is as new as what was acknowledged before it") {
  const auto cache = make();
  Client reader = cached_client(cache);
  Client other_reader = cached_client(cache);
  Client writer = connected(unix_url());
  for (int round = 0; round < 300; ++round) {
    const std::string value = std::to_string(round);
    get(reader, "counter");
    value_of(writer.set("counter", value, use_future));
    pass_barrier(*cache);
    CHECK(get(reader, "counter") == value);
    CHECK(get(other_reader, "counter") == value);
  }
}

TEST_CASE("a read with max_staleness of zero sees what was acknowledged before it") {
  const auto cache = make();
  Client reader = cached_client(cache);
  Client writer = connected(unix_url());
  for (int round = 0; round < 300; ++round) {
    const std::string value = std::to_string(round);
    value_of(writer.set("fresh", value, use_future));
    CHECK(value_of(reader.get("fresh", {.max_staleness = 0s}, use_future)) == value);
  }
}

TEST_CASE("reads that lack proof are served from the cache behind one PING for all") {
  const ValkeyServer server;
  const auto cache = make();
  Client client = cached_client(cache, server.url());
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back("key:" + std::to_string(i));
    value_of(client.set(keys.back(), "value", use_future));
    get(client, keys.back());
  }
  // Later than whatever was proved so far, and as one batch: the driver's turn cannot come between.
  boost::asio::io_context executor;
  native::Options options = patient_options();
  options.client_side_cache = cache;
  std::optional<Client> batch;
  native::connect(executor.get_executor(), server.url(), options,
                  [&](native::Result<Client> made) { batch = std::move(made).value(); });
  while (!batch) executor.run_one();
  int left = 0;
  for (const std::string& key : keys) {
    ++left;
    batch->with_max_staleness(0s).get(key, [&](native::Result<std::optional<std::string>> value) {
      CHECK(value.value() == "value");
      --left;
    });
  }
  while (left > 0) executor.run_one();  // fetched: they were another connection's
  const std::uint64_t pings = calls_of(server, "ping");
  const std::uint64_t gets = calls_of(server, "get");
  for (const std::string& key : keys) {
    ++left;
    batch->with_max_staleness(0s).get(key, [&](native::Result<std::optional<std::string>> value) {
      CHECK(value.value() == "value");
      --left;
    });
  }
  while (left > 0) executor.run_one();
  CHECK(calls_of(server, "ping") == pings + 1);
  CHECK(calls_of(server, "get") == gets);
  batch.reset();
  executor.run();
}

TEST_CASE("what is proved for long enough is served at once") {
  const auto cache = make();
  Client client = cached_client(cache);
  value_of(client.set("ship", "Great Eastern", use_future));
  get(client, "ship");
  CHECK(client.with_max_staleness(1h).cached<std::string>("GET", "ship") == "Great Eastern");
  CHECK(client.with_max_staleness(0s).cached<std::string>("GET", "ship") == std::nullopt);
  CHECK(client.cached<std::string>("GET", "ship") == "Great Eastern");
}

TEST_CASE("both wishes of a call hold, whichever is said first") {
  Client client = connected(unix_url());
  value_of(client.set("ship", "Great Eastern", use_future));
  CHECK(value_of(client.with_timeout(5s).with_max_staleness(0s).get("ship", use_future)));
  CHECK(value_of(client.with_max_staleness(0s).with_timeout(5s).get("ship", use_future)));
}

TEST_CASE("a barrier waits for nobody where there is no client, or none any more") {
  const auto cache = make();
  pass_barrier(*cache);
  {
    const Client client = cached_client(cache);
  }
  pass_barrier(*cache);
  finish(cache->barrier());  // the form without a token
}

TEST_CASE("a server that is silent fails the barrier, in the time of its clients' requests") {
  ValkeyServer server;
  const auto cache = make();
  native::Options options = patient_options();
  options.client_side_cache = cache;
  options.request_timeout = 200ms;
  options.health_check_interval = 1h;
  options.tombstone_age_max = 1h;
  Client client = connected(server.url(), options);
  server.pause();
  CHECK(error_of(cache->barrier(use_future)).code() == ErrorCode::timed_out);
  server.resume();
}

TEST_CASE("a client that ends during the barrier does not hold it up") {
  ValkeyServer server;
  const auto cache = make();
  std::optional<Client> client = cached_client(cache, server.url());
  server.pause();
  auto over = cache->barrier(use_future);
  client.reset();
  const native::Result<void> result = finish(std::move(over));
  CHECK((result || result.error().code() != ErrorCode::timed_out));
  server.resume();
}

TEST_CASE("with broadcasts a barrier holds as well") {
  ClientSideCacheOptions options = some_cache();
  options.broadcast_prefixes = {"news:"};
  const auto cache = make(options);
  Client reader = cached_client(cache);
  Client writer = connected(unix_url());
  for (int round = 0; round < 100; ++round) {
    const std::string value = std::to_string(round);
    get(reader, "news:one");
    value_of(writer.set("news:one", value, use_future));
    pass_barrier(*cache);
    CHECK(get(reader, "news:one") == value);
  }
}

TEST_CASE("a barrier drops what only time vouches for, and lets what comes after it be") {
  ClientSideCacheOptions options = some_cache();
  options.mode = CacheMode::ttl;
  options.entry_ttl_ms = 3'600'000;
  const auto cache = make(options);
  Client reader = cached_client(cache);
  Client writer = connected(unix_url());
  value_of(writer.set("slow", "old", use_future));
  CHECK(get(reader, "slow") == "old");
  value_of(writer.set("slow", "new", use_future));
  CHECK(get(reader, "slow") == "old");
  pass_barrier(*cache);
  CHECK(get(reader, "slow") == "new");
  CHECK(reader.cached<std::string>("GET", "slow") == "new");
  CHECK(value_of(reader.get("slow", {.max_staleness = 1h}, use_future)) == "new");
}

}  // namespace
}  // namespace plimsoll::testing::fresh_reads_test
