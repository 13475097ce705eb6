// The native client with a near cache of its own, through a bridge whose connections are shared.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::kept_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using native::Client;

std::shared_ptr<native::ClientSideCache> make_cache() {
  native::ClientSideCacheOptions options;
  options.max_cache_kb = 1024;
  options.enable_metrics = true;
  return native::ClientSideCache::create(options).value();
}

BridgeOptions with_cache(const ValkeyServer& server) {
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.client_side_cache = make_cache();
  bridge::SharedServer shared{.name = "main", .url = server.url(), .options = std::move(options)};
  BridgeOptions all;
  all.threads = GENERATE(1, 3);
  all.settings.rules.upstreams["main"].shared =
      std::make_shared<const bridge::SharedServer>(std::move(shared));
  return all;
}

// A client with a cache of its own.
struct Page {
  explicit Page(const BridgeWorld& world)
      : client(connected("ws://127.0.0.1:" + std::to_string(world.port()) + "/main", options())) {}

  native::Options options() const {
    native::Options all = patient_options();
    all.token = good_token;
    all.client_side_cache = cache;
    return all;
  }

  std::optional<std::string> get(const std::string& key) {
    return value_of(client.get(key, use_future));
  }
  std::optional<std::string> get_newest(const std::string& key) {
    return value_of(client.with_max_staleness(0ns).get(key, use_future));
  }
  std::uint64_t hits() const { return cache->cache_statistics().value().hits; }

  std::shared_ptr<native::ClientSideCache> cache = make_cache();
  Client client;
};

std::uint64_t requests_of(BridgeWorld& world) { return world.shared_counters("main").requests; }

}  // namespace

TEST_CASE("what a client has read once it finds in its own cache, until that changes") {
  const ValkeyServer server;
  BridgeWorld world(with_cache(server));
  server.ask("SET ship Daphne");
  Page page(world);
  CHECK(page.client.statistics().cache_state == CacheState::tracking);
  CHECK(page.client.statistics().tracking_problem.empty());
  CHECK(page.get("ship") == "Daphne");
  const std::uint64_t asked = requests_of(world);
  for (int i = 0; i < 10; ++i) CHECK(page.get("ship") == "Daphne");
  CHECK(page.hits() == 10);
  CHECK(requests_of(world) == asked);
  server.ask("SET ship Eclipse");
  CHECK(eventually([&] { return page.get("ship") == "Eclipse"; }));
}

TEST_CASE("who wants the newest value gets it, and others their own writes at least") {
  const ValkeyServer server;
  BridgeWorld world(with_cache(server));
  Page first(world);
  Page second(world);
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    INFO(i);
    if (i % 2 == 0) {
      server.ask("SET ship " + value);
    } else {
      value_of(first.client.set("ship", value, use_future));
      CHECK(first.get("ship") == value);
    }
    REQUIRE(second.get_newest("ship") == value);
    REQUIRE(first.get_newest("ship") == value);
    // The proof is for all that the client has.
    REQUIRE(second.get("ship") == value);
  }
  CHECK(second.hits() > 0);
}

TEST_CASE("behind a client's barrier its cache has nothing that was overwritten before") {
  const ValkeyServer server;
  BridgeWorld world(with_cache(server));
  Page page(world);
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    server.ask("SET ship " + value);
    value_of(page.cache->barrier(use_future));
    REQUIRE(page.get("ship") == value);
    REQUIRE(page.get("ship") == value);
  }
  CHECK(page.hits() >= 100);
}

}  // namespace plimsoll::testing::kept_test
