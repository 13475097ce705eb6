#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/valkey_server.h"

// Users of a real server who share a cache: what one has read is not another's.

namespace plimsoll::testing::cache_users_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using native::Credentials;
using native::CredentialsRequest;
using native::Options;
using namespace std::chrono_literals;

struct Server : ValkeyServer {
  Server() {
    ask("SET secret gold");
    ask("SET public tin");
    ask("ACL SETUSER rich on >r ~* &* +@all");
    ask("ACL SETUSER poor on >p ~public &* +@all");
    // May not even ask who it is.
    ask("ACL SETUSER mute on >m ~* &* +@all -acl");
  }
};

std::shared_ptr<ClientSideCache> make_cache(native::CacheMode mode) {
  ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 1024;
  wanted.enable_metrics = true;
  wanted.mode = mode;
  if (mode == native::CacheMode::ttl) wanted.entry_ttl_ms = 3'600'000;
  return ClientSideCache::create(wanted).value();
}

Options as(const std::string& username, const std::string& password,
           const std::shared_ptr<ClientSideCache>& cache) {
  Options options = patient_options();
  options.username = username;
  options.password = password;
  options.client_side_cache = cache;
  return options;
}

std::string get(Client& client, const std::string& key) {
  const auto told = client.get(key, use_future).get();
  if (!told) return std::string(told.error().what());
  return told->value_or("nothing");
}

bool is_refused(const std::string& told) { return told.find("NOPERM") != told.npos; }

TEST_CASE("what one user has read of a server is not served to another, in any mode") {
  for (const native::CacheMode mode : {native::CacheMode::tracking, native::CacheMode::ttl}) {
    Server server;
    const auto cache = make_cache(mode);
    Client rich = connected(server.url(), as("rich", "r", cache));
    Client poor = connected(server.url(), as("poor", "p", cache));
    Client mute = connected(server.url(), as("mute", "m", cache));
    CHECK(get(rich, "secret") == "gold");
    CHECK(get(mute, "secret") == "gold");
    CHECK(is_refused(get(poor, "secret")));
    CHECK(cache->cache_statistics().value().sources == 3);
    CHECK(cache->cache_statistics().value().hits == 0);
    CHECK(get(rich, "secret") == "gold");
    CHECK(get(mute, "secret") == "gold");
    CHECK(cache->cache_statistics().value().hits == 2);
  }
}

TEST_CASE("a credentials callback that comes with another user takes nothing along") {
  Server server;
  const auto cache = make_cache(native::CacheMode::ttl);
  struct Who {
    std::mutex mutex;
    Credentials now{.username = "rich", .password = "r"};
  };
  const auto who = std::make_shared<Who>();
  Options options = patient_options();
  options.client_side_cache = cache;
  options.reconnect_wait_max = 20ms;
  options.credentials = [who](const CredentialsRequest& request) {
    const std::lock_guard lock(who->mutex);
    request.succeed(who->now);
  };
  Client client = connected(server.url(), options);
  CHECK(get(client, "secret") == "gold");
  CHECK(get(client, "secret") == "gold");
  CHECK(cache->cache_statistics().value().hits == 1);
  {
    const std::lock_guard lock(who->mutex);
    who->now = {.username = "poor", .password = "p"};
  }
  server.ask("CLIENT KILL TYPE normal");
  CHECK(value_of(client.command<std::string>({"ACL", "WHOAMI"}, use_future)) == "poor");
  CHECK(is_refused(get(client, "secret")));
  CHECK(get(client, "public") == "tin");
  CHECK(get(client, "public") == "tin");
}

TEST_CASE("a user who is told to a living connection takes nothing along") {
  Server server;
  const auto cache = make_cache(native::CacheMode::tracking);
  Client client = connected(server.url(), as("rich", "r", cache));
  CHECK(get(client, "secret") == "gold");
  client.set_credentials("poor", "p");
  CHECK(is_refused(get(client, "secret")));
  CHECK(get(client, "public") == "tin");
}

TEST_CASE("rights that were taken away are noticed with the first refusal of that user's") {
  Server server;
  const auto cache = make_cache(native::CacheMode::tracking);
  Client first = connected(server.url(), as("rich", "r", cache));
  Client second = connected(server.url(), as("rich", "r", cache));
  CHECK(get(first, "secret") == "gold");
  server.ask("ACL SETUSER rich resetkeys ~public");
  CHECK(is_refused(get(second, "other")));
  CHECK(is_refused(get(first, "secret")));
}

TEST_CASE("more users than a cache takes at a time come one behind the other") {
  Server server;
  const auto cache = make_cache(native::CacheMode::ttl);
  for (std::size_t i = 0; i < cache::cache_sources_max + 4; ++i) {
    const std::string name = "user" + std::to_string(i);
    server.ask("ACL SETUSER " + name + " on >x ~* &* +@all");
    Client client = connected(server.url(), as(name, "x", cache));
    REQUIRE(get(client, "secret") == "gold");
    REQUIRE(get(client, "secret") == "gold");
    REQUIRE(cache->cache_statistics().value().hits == i + 1);
    value_of(client.close(use_future));
  }
  CHECK(cache->cache_statistics().value().sources_refused == 0);
}

TEST_CASE("a write is seen by other users, databases and protocols of the cache's clients") {
  Server server;
  const auto cache = make_cache(native::CacheMode::automatic);
  Client writer = connected(server.url(), as("rich", "r", cache));
  Client reader = connected(server.url(), as("mute", "m", cache));
  for (int i = 0; i < 400; ++i) {
    const std::string value = std::to_string(i);
    get(reader, "secret");
    value_of(writer.set("secret", value, use_future));
    REQUIRE(get(reader, "secret") == value);
  }
}

}  // namespace
}  // namespace plimsoll::testing::cache_users_test
