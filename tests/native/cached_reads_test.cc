#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// Which reads a cache takes part in, against a real server.

namespace plimsoll::testing::cached_reads_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;

using Texts = std::vector<std::string>;

ClientSideCacheOptions some_cache() {
  ClientSideCacheOptions options;
  options.max_cache_kb = 1024;
  options.enable_metrics = true;
  return options;
}

Client cached_client(std::shared_ptr<ClientSideCache> cache) {
  native::Options options = patient_options();
  options.client_side_cache = std::move(cache);
  return connected(unix_url(), options);
}

std::uint64_t hits(const ClientSideCache& cache) { return cache.cache_statistics().value().hits; }

TEST_CASE("an MGET and GETs of its keys find what the others have read, of any size") {
  const auto cache = ClientSideCache::create(some_cache()).value();
  Client client = cached_client(cache);
  Client plain = connected(unix_url());
  value_of(plain.command({"DEL", "m:none", "m:list", "m:1", "m:2"}, use_future));
  value_of(plain.command({"RPUSH", "m:list", "x"}, use_future));
  value_of(plain.set("m:1", "one", use_future));
  value_of(plain.set("m:2", std::string(10'000, 'x'), use_future));
  const auto mget = [&](Client& from) { return value_of(from.mget({"m:1", "m:2"}, use_future)); };
  const auto expected = mget(plain);
  CHECK(mget(client) == expected);
  CHECK(cache->cache_entry_count().value() == 2);
  CHECK(mget(client) == expected);
  CHECK(value_of(client.get("m:1", use_future)) == "one");
  CHECK(hits(*cache) == 2);
  const auto text = [](Client& from) {
    return value_of(from.command({"MGET", "m:2", "m:1", "m:2"}, use_future)).to_string();
  };
  CHECK(text(client) == text(plain));
  CHECK(hits(*cache) == 3);
  // What is null for two reasons.
  value_of(client.mget({"m:none", "m:list"}, use_future));
  CHECK(cache->cache_entry_count().value() == 2);
  CHECK_FALSE(client.get("m:list", use_future).get().has_value());
  // All of it goes to the server where a part has changed.
  value_of(client.set("m:1", "two", use_future));
  CHECK(mget(client) == mget(plain));
  CHECK(hits(*cache) == 3);
  CHECK(client.cached<std::vector<std::optional<std::string>>>("MGET", "m:1", "m:2"));
}

TEST_CASE("an MGET shows all of another's MSET or nothing of it, from the cache too") {
  const auto cache = ClientSideCache::create(some_cache()).value();
  Client writer = connected(unix_url());
  const auto write = [&](int version) {
    const std::string text = std::to_string(version);
    value_of(writer.mset({{"w:1", text}, {"w:2", text}, {"w:3", text}}, use_future));
  };
  write(0);
  std::atomic<bool> over = false;
  std::atomic<int> torn = 0;
  const auto read = [&](Client& client) {
    const auto found = value_of(client.mget({"w:3", "w:1", "w:2"}, use_future));
    if (found[0] != found[1] || found[0] != found[2]) ++torn;
    return found[0];
  };
  std::array<std::atomic<int>, 2> reads{};
  std::vector<Client> clients;
  for (std::size_t i = 0; i < reads.size(); ++i) clients.push_back(cached_client(cache));
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    readers.emplace_back([&, i] {
      // GETs between them, so that entries come one by one as well.
      for (int n = 0; !over; ++n, ++reads[i]) {
        value_of(clients[i].get("w:" + std::to_string(n % 3 + 1), use_future));
        read(clients[i]);
      }
    });
  }
  constexpr int versions = 1000;
  const auto seen = [&](std::size_t i) { return reads[i] > versions; };
  int last = 0;
  while (last < versions || !seen(0) || !seen(1)) write(++last);
  over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(hits(*cache) > 0);
  for (Client& client : clients) {
    CHECK(eventually([&] { return read(client) == std::to_string(last); }));
  }
}

TEST_CASE("only what the options want is looked up") {
  ClientSideCacheOptions options = some_cache();
  options.only_commands = {"get", "mget"};
  options.only_key_prefixes = {"ship:", "boat:"};
  const auto cache = ClientSideCache::create(options).value();
  Client client = cached_client(cache);
  value_of(client.set("ship:1", "x", use_future));
  value_of(client.set("yacht:1", "y", use_future));
  for (int i = 0; i < 2; ++i) {
    value_of(client.strlen("ship:1", use_future));
    value_of(client.get("yacht:1", use_future));
    value_of(client.mget({"ship:1", "yacht:1"}, use_future));
  }
  CHECK(cache->cache_total_lookups().value() == 0);
  CHECK(cache->cache_entry_count().value() == 0);
  for (int i = 0; i < 2; ++i) value_of(client.get("ship:1", use_future));
  CHECK(cache->cache_total_lookups().value() == 2);
  CHECK(hits(*cache) == 1);
}

TEST_CASE("a read of a module is cached by its name") {
  // A server without the module says so; what matters is which of these it was asked for.
  ClientSideCacheOptions options = some_cache();
  options.module_reads = {"JSON.GET"};
  const auto cache = ClientSideCache::create(options).value();
  Client client = cached_client(cache);
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(client.command({"json.get", "doc", "$"}, use_future).get().has_value());
    CHECK_FALSE(client.command({"TS.GET", "doc"}, use_future).get().has_value());
  }
  CHECK(cache->cache_total_lookups().value() == 2);
  CHECK(cache->cache_entry_count().value() == 0);  // errors are not kept
}

// Reads `key` until it is there, since it may have expired before it was read.
void read_expiring(Client& writer, Client& reader, const std::string& key) {
  do {
    value_of(writer.command({"SET", key, "x", "PX", "500"}, use_future));
  } while (value_of(reader.get(key, use_future)) != "x");
}

TEST_CASE("with server_ttl_cap an entry goes when its key expires, whoever tracks it") {
  ClientSideCacheOptions options = some_cache();
  options.entry_ttl_ms = 3'600'000;
  options.server_ttl_cap = true;
  SECTION("nobody") { options.mode = native::CacheMode::ttl; }
  SECTION("the server") { options.mode = native::CacheMode::tracking; }
  SECTION("the server, where it is told to") { options.opt_in = true; }
  const auto cache = ClientSideCache::create(options).value();
  Client client = cached_client(cache);
  Client plain = connected(unix_url());
  value_of(plain.set("stays", "y", use_future));
  CHECK(value_of(client.mget({"stays"}, use_future)).size() == 1);
  read_expiring(plain, client, "goes");
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "goes"); }));
  CHECK(eventually([&] { return !value_of(client.get("goes", use_future)); }));
  CHECK(client.cached<std::string>("GET", "stays") == "y");
}

TEST_CASE("a filter that makes no sense is refused, with the name that is wrong") {
  const auto problem = [](auto change) {
    ClientSideCacheOptions options = some_cache();
    change(options);
    const auto made = ClientSideCache::create(options);
    return made ? "" : std::string(made.error().what());
  };
  CHECK_THAT(problem([](auto& options) { options.only_commands = {"GET", "SET"}; }),
             ContainsSubstring("only_commands") && ContainsSubstring("(SET)"));
  CHECK_THAT(problem([](auto& options) { options.only_commands = {"JSON.GET"}; }),
             ContainsSubstring("not known") && ContainsSubstring("module_reads"));
  CHECK_THAT(problem([](auto& options) { options.only_key_prefixes = {"a", ""}; }),
             ContainsSubstring("only_key_prefixes"));
  CHECK_THAT(problem([](auto& options) { options.module_reads = {"GET"}; }),
             ContainsSubstring("module_reads") && ContainsSubstring("(GET)"));
  CHECK_THAT(problem([](auto& options) { options.module_reads = Texts(17, "A.B"); }),
             ContainsSubstring("too many") && ContainsSubstring("16"));
}

TEST_CASE("each metric has its name, and says so where they are off") {
  ClientSideCacheOptions options = some_cache();
  const auto cache = ClientSideCache::create(options).value();
  {
    Client client = cached_client(cache);
    value_of(client.set("ship", "x", use_future));
    value_of(client.get("ship", use_future));
    CHECK(cache->cache_bytes_live().value() > 0);
    CHECK(cache->cache_bytes_committed().value() > cache->cache_bytes_live().value());
    CHECK(cache->cache_bytes_committed().value() <= options.max_cache_kb * 1024);
    value_of(client.set("ship", "y", use_future));
    CHECK(cache->cache_invalidations().value() == 1);
    value_of(client.set("ship", std::string(2'000'000, 'x'), use_future));
    value_of(client.get("ship", use_future));
    CHECK(cache->cache_skipped().value() == 1);
    CHECK(cache->cache_statistics().value().skipped_too_large == 1);
  }
  options.enable_metrics = false;
  const auto silent = ClientSideCache::create(options).value();
  for (const auto& metric : {silent->cache_invalidations(), silent->cache_skipped(),
                             silent->cache_bytes_live(), silent->cache_bytes_committed()}) {
    REQUIRE_FALSE(metric);
    CHECK_THAT(metric.error().what(), ContainsSubstring("enable_metrics"));
  }
}

}  // namespace
}  // namespace plimsoll::testing::cached_reads_test
