#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/support/child_process.h"
#include "plimsoll/tests/support/fault_proxy.h"
#include "plimsoll/tests/support/valkey_server.h"
#include "plimsoll/transaction.h"

// The cache where something goes wrong, or is at its bound: links, servers, expiry, others who
// write.

namespace plimsoll::testing::cache_trouble_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;
using namespace std::chrono_literals;

void set(Client& client, const std::string& key, const std::string& value) {
  value_of(client.set(key, value, use_future));
}

void pass_barrier(ClientSideCache& cache) { value_of(cache.barrier(use_future)); }

// valkey-server, and the Redis of whom it was forked.
std::string some_server() { return GENERATE(std::string(), std::string("redis-server")); }

TEST_CASE("own writes, others' writes and a lost connection, on Valkey and on Redis") {
  const ValkeyServer server({.program = some_server()});
  const auto cache = make();
  Client client = cached_client(cache, server.url());
  Client other = connected(server.url());
  set(client, "ship", "one");
  CHECK(get(client, "ship") == "one");
  CHECK(client.cached<std::string>("GET", "ship") == "one");
  set(other, "ship", "two");
  pass_barrier(*cache);
  CHECK(get(client, "ship") == "two");
  client.set("ship", "three");
  CHECK(get(client, "ship") == "three");
  value_of(other.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}, use_future));
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "ship"); }));
  CHECK(get(client, "ship") == "three");
}

TEST_CASE("a link that swallows everything makes nothing staler than the lease") {
  const ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  FaultProxy proxy(server.socket_path());
  ClientSideCacheOptions options = some_cache();
  options.coherence_lease = 300ms;
  const auto cache = make(options);
  Client client = cached_client(cache, proxy.url());
  set(client, "ship", "old");
  CHECK(get(client, "ship") == "old");
  proxy.swallow();
  Client other = connected(server.url());
  set(other, "ship", "new");
  CHECK(eventually([&] { return !client.cached<std::string>("GET", "ship"); }));
  proxy.cut_all_and_heal(Cut::reset);
  CHECK(eventually([&] {
    const auto value = finish(client.get("ship", use_future));
    return value && *value == "new";
  }));
}

TEST_CASE("a server that cannot remember all that is read invalidates what it forgets") {
  const ValkeyServer server({.arguments = {"--tracking-table-max-keys", "10"}});
  const auto cache = make();
  Client client = cached_client(cache, server.url());
  Client other = connected(server.url());
  const auto key = [](int number) { return "key:" + std::to_string(number); };
  for (int i = 0; i < 100; ++i) set(other, key(i), "old");
  for (int i = 0; i < 100; ++i) CHECK(get(client, key(i)) == "old");
  pass_barrier(*cache);
  CHECK(cache->cache_invalidations().value() >= 50);
  CHECK(cache->cache_entry_count().value() < 100);
  for (int i = 0; i < 100; ++i) set(other, key(i), "new");
  pass_barrier(*cache);
  for (int i = 0; i < 100; ++i) CHECK(get(client, key(i)) == "new");
}

TEST_CASE("what a transaction writes is seen as a whole, whoever runs it") {
  const auto cache = make();
  Client client = cached_client(cache);
  Client other = connected(unix_url());
  Client& writer = GENERATE(true, false) ? client : other;
  for (int round = 0; round < 50; ++round) {
    const std::string value = std::to_string(round);
    get(client, "left");
    get(client, "right");
    native::Transaction both = writer.transaction();
    both.set("left", value);
    both.set("right", value);
    value_of(both.exec(use_future));
    pass_barrier(*cache);
    CHECK(get(client, "left") == value);
    CHECK(get(client, "right") == value);
  }
}

TEST_CASE("a transaction closes the keys that it writes, and all if a script is among them") {
  const auto cache = make();
  Client client = cached_client(cache);
  set(client, "key", "value");
  get(client, "key");
  const auto hits = [&] { return cache->cache_statistics().value().hits; };
  const auto run = [&](auto&& queue) {
    native::Transaction transaction = client.transaction();
    queue(transaction);
    value_of(transaction.exec(use_future));
    const std::uint64_t before = hits();
    CHECK(get(client, "key") == "value");
    return hits() > before;
  };
  CHECK(run([](auto& all) { all.get("key"); }));
  CHECK(run([](auto& all) {
    all.ping();
    all.mget({"key", "other"});
    all.command("EXISTS", "key");
  }));
  // A key may share a cell of the cache with another one, by a random seed: then not with the next.
  bool others_close_it = true;
  for (int i = 0; i < 8 && others_close_it; ++i) {
    const std::string tag = std::to_string(i);
    others_close_it = !run([&tag](auto& all) {
      all.set("other" + tag, "value");
      all.mset({{"third" + tag, "1"}, {"fourth" + tag, "2"}});
    });
  }
  CHECK_FALSE(others_close_it);
  CHECK_FALSE(run([](auto& all) { all.set("key", "value"); }));
  CHECK_FALSE(run([](auto& all) {
    all.set("other", "value");
    all.mset({{"third", std::string(100'000, 'x')}, {"key", "value"}});
  }));
  CHECK(run([](auto& all) { all.get("key"); }));
  CHECK_FALSE(run([](auto& all) { all.command("EVAL", "return 1", "0"); }));
}

TEST_CASE("what expires at the server goes, though entries would live for longer") {
  ClientSideCacheOptions options = some_cache();
  options.entry_ttl_ms = 3'600'000;
  const auto cache = make(options);
  Client client = cached_client(cache);
  value_of(client.command({"SET", "brief", "value", "PX", "30"}, use_future));
  get(client, "brief");
  CHECK(eventually([&] { return !get(client, "brief"); }));
}

TEST_CASE("an invalidation in the packet of its reply drops what that brought") {
  Listener listener;
  native::Options options = patient_options();
  const auto cache = make();
  options.client_side_cache = cache;
  auto connecting = native::connect(listener.url(), options, use_future);
  Peer peer = listener.accept();
  while (peer.receive() != "PING") {
  }
  peer.send("%1\r\n$5\r\nproto\r\n:3\r\n+OK\r\n+OK\r\n+user\r\n+OK\r\n+PONG\r\n");
  Client client = finish(std::move(connecting)).value();
  auto first = client.get("ship", use_future);
  CHECK(peer.receive() == "GET ship");
  peer.send("$3\r\nold\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$4\r\nship\r\n");
  CHECK(value_of(std::move(first)) == "old");
  CHECK(eventually([&] { return cache->cache_invalidations().value() == 1; }));
  auto second = client.get("ship", use_future);
  CHECK(peer.receive() == "GET ship");
  peer.send("$3\r\nnew\r\n");
  CHECK(value_of(std::move(second)) == "new");
}

TEST_CASE("a process that writes at full rate is never seen to go back") {
  const ValkeyServer server;
  Client admin = connected(server.url());
  set(admin, "counter", "0");
  const ChildProcess writer(
      {"valkey-cli", "-s", server.socket_path(), "-r", "20000", "INCR", "counter"}, "/dev/null");
  const auto cache = make();
  std::atomic<int> back = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      Client client = cached_client(cache, server.url());
      std::int64_t last = 0;
      while (last < 20'000) {
        const std::int64_t now = std::stoll(*get(client, "counter"));
        if (now < last) ++back;
        last = now;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(back == 0);
}

TEST_CASE("a client with a cache says that it cannot be recorded") {
  Client client = cached_client(make());
  const native::Result<void> started = client.start_recording();
  REQUIRE(!started);
  CHECK(started.error().code() == ErrorCode::invalid_argument);
  CHECK_THAT(started.error().what(), ContainsSubstring("cache"));
}

}  // namespace
}  // namespace plimsoll::testing::cache_trouble_test
