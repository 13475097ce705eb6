#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"

// A cache of what replicas answer.

namespace plimsoll::testing::native_replicas_cache_test {
namespace {

using namespace std::chrono_literals;
using native::Client;
using native::Options;

std::shared_ptr<native::ClientSideCache> some_cache() {
  native::ClientSideCacheOptions options;
  options.max_cache_kb = 256;
  options.enable_metrics = true;
  options.coherence_lease = 4 * patience();
  return native::ClientSideCache::create(options).value();
}

Options caching_options(std::shared_ptr<native::ClientSideCache> cache) {
  Options options = reading_options();
  options.client_side_cache = std::move(cache);
  return options;
}

TEST_CASE("what a replica has answered is served from the cache, until the replica has a change") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  seed(group, "ship", "1");
  const auto cache = some_cache();
  Client client = reader_of(group, caching_options(cache));
  group.reset_calls();
  CHECK(finish(client.get("ship")) == "1");
  for (int i = 0; i < 50; ++i) CHECK(finish(client.get("ship")) == "1");
  CHECK(group.calls(1, "get") == 1);
  CHECK(group.calls(0, "get") == 0);
  CHECK(cache->cache_statistics().value().hits >= 50);

  group.link().stall();
  group.ask(0, "SET ship 2");
  CHECK(finish(client.get("ship")) == "1");  // the replica does not know better
  group.link().heal();
  CHECK(eventually([&] { return finish(client.get("ship")) == "2"; }));
  CHECK(finish(client.get("ship")) == "2");
}

TEST_CASE("what the client writes is read at once, while its replica is behind and afterwards") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  seed(group, "ship", "0");
  Client client = reader_of(group, caching_options(some_cache()));
  CHECK(finish(client.get("ship")) == "0");
  for (int i = 1; i <= 20; ++i) {
    if (i % 2 == 1) group.link().stall();
    finish(client.set("ship", std::to_string(i)));
    for (int k = 0; k < 10; ++k) CHECK(finish(client.get("ship")) == std::to_string(i));
    if (i % 2 == 0) group.link().heal();
  }
  group.link().heal();
  REQUIRE(become_ready(client, group, {1}));
  CHECK(finish(client.get("ship")) == "20");
}

TEST_CASE("an entry of a replica that falls behind is not served for longer than replica_lag_max") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  seed(group, "ship", "1");
  Options options = caching_options(some_cache());
  options.replica_lag_max = 300ms;
  Client client = reader_of(group, options);
  REQUIRE(eventually_while_reading(client, [&] {
    finish(client.get("ship"));
    return group.calls(1, "get") > 0;
  }));
  group.link().stall();
  group.ask(0, "SET ship 2");
  CHECK(eventually([&] { return finish(client.get("ship")) == "2"; }));
  for (int i = 0; i < 50; ++i) CHECK(finish(client.get("ship")) == "2");
}

TEST_CASE("behind a barrier, and with max_staleness, nothing older is read") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  seed(group, "ship", "1");
  const auto cache = some_cache();
  Client client = reader_of(group, caching_options(cache));
  CHECK(finish(client.get("ship")) == "1");
  group.link().stall();
  group.ask(0, "SET ship 2");
  CHECK(finish(client.get("ship", {.max_staleness = 0ms})) == "2");
  group.ask(0, "SET ship 3");
  finish(cache->barrier());
  CHECK(finish(client.get("ship")) == "3");
}

TEST_CASE("a replica that dies takes its entries along") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "1");
  Client client = reader_of(group, caching_options(some_cache()));
  CHECK(finish(client.get("ship")) == "1");
  group.server(1).kill();
  group.ask(0, "SET ship 2");
  CHECK(eventually([&] { return finish(client.get("ship")) == "2"; }));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_cache_test
