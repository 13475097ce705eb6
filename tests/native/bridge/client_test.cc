#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/memory.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/transaction.h"

// The native client through a bridge with a server behind it.

namespace plimsoll::testing::client_test {
namespace {

using boost::asio::awaitable;
using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;

// One for the process: all clients here share it.
constexpr const char* memory_line = "16 MiB";
constexpr std::size_t memory_line_bytes = std::size_t{16} << 20;

Options options_with_token() {
  Options options = patient_options();
  options.memory_limit = memory_line;
  options.token = good_token;
  return options;
}

std::string url_of(const BridgeWorld& world, const std::string& path = "/main") {
  return "ws://127.0.0.1:" + std::to_string(world.port()) + path;
}

BridgeOptions large_requests() {
  BridgeOptions options;
  options.settings.relay.requests.request_bytes_max = std::size_t{4} << 20;
  return options;
}

TEST_CASE("a bridge to a node of a cluster is named as what it is, and can be used as one server") {
  BridgeOptions to_node;
  to_node.server_arguments = {"--cluster-enabled", "yes", "--cluster-port",
                              std::to_string(port_of(bind_tcp(0)))};
  BridgeWorld world(to_node);
  Options options = options_with_token();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  const native::Error error = error_of(native::connect(url_of(world), options, use_future));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK_THAT(std::string(error.text()),
             ContainsSubstring("the bridge leads to a node of a cluster"));
  options.topology = TopologyChoice::standalone;
  Client client = connected(url_of(world), options);
  CHECK(finish(client.ping()) == "PONG");
}

TEST_CASE("calls are answered through a bridge as over TCP, in small and in large") {
  BridgeWorld world(large_requests());
  run([](const std::string& url) -> awaitable<void> {
    auto client = co_await native::connect(url, options_with_token());
    co_await client.set("ship", "Great Eastern");
    const auto ship = co_await client.get("ship");
    CHECK(ship == "Great Eastern");
    const std::string large(std::size_t{1} << 20, 'v');
    co_await client.set("large", large);
    const auto got = co_await client.get("large");
    CHECK(got == large);
    const auto added = co_await client.rpush("crew", {"a", "b"});
    CHECK(added == 2);
    co_await client.close();
  }(url_of(world)));
  world.wait_until_idle();
  CHECK(world.counters().commands_refused == 0);
  // It said why it went.
  CHECK_THAT(world.log(), ContainsSubstring("\"close_code\":1000"));
}

TEST_CASE("a database is chosen by the address, and the only upstream needs no name") {
  BridgeOptions allowing;
  allowing.rules.databases = {0, 3};
  BridgeWorld world(std::move(allowing));
  Client client = connected(url_of(world, "/?database=3&client_name=me"), options_with_token());
  value_of(client.set("k", "v", use_future));
  CHECK_THAT(world.valkey().ask("INFO keyspace"), ContainsSubstring("db3:keys=1"));
  CHECK_THAT(world.valkey().ask("CLIENT LIST"), ContainsSubstring("name=me"));
}

TEST_CASE("transactions, commands that block and exclusive connections go through a bridge") {
  BridgeWorld world;
  run([](const std::string& url) -> awaitable<void> {
    auto client = co_await native::connect(url, options_with_token());
    auto tx = client.transaction();
    auto first = tx.incr("n");
    auto second = tx.incr("n");
    auto done = co_await tx.exec();
    CHECK(done.get(first) == 1);
    CHECK(done.get(second) == 2);
    auto popping = client.blpop({"list"}, Duration::zero());
    co_await client.rpush("list", {"element"});
    const auto popped = co_await std::move(popping);
    CHECK(popped->element == "element");
    auto exclusive = co_await client.exclusive();
    co_await exclusive.watch({"n"});
    co_await client.set("n", "0");
    auto guarded = exclusive.transaction();
    guarded.incr("n");
    auto aborted = co_await guarded.exec();
    CHECK_FALSE(aborted.committed());
  }(url_of(world)));
}

TEST_CASE("messages are published and received through a bridge") {
  BridgeWorld world;
  run([](const std::string& url) -> awaitable<void> {
    auto client = co_await native::connect(url, options_with_token());
    auto news = co_await client.subscribe({"news"});
    for (int i = 0; i < 100; ++i) co_await client.publish("news", std::to_string(i));
    for (int i = 0; i < 100; ++i) {
      const auto message = co_await news.next();
      CHECK(message->payload == std::to_string(i));
    }
  }(url_of(world)));
}

TEST_CASE("a cache is kept coherent through a bridge: own writes and those of others are seen") {
  BridgeWorld world;
  native::ClientSideCacheOptions cache_options;
  cache_options.max_cache_kb = 1024;
  cache_options.enable_metrics = true;
  const auto cache = native::ClientSideCache::create(cache_options).value();
  Options options = options_with_token();
  options.client_side_cache = cache;
  Client client = connected(url_of(world), options);
  const auto get = [&] { return value_of(client.get("k", use_future)); };
  value_of(client.set("k", "1", use_future));
  CHECK(get() == "1");
  CHECK(get() == "1");
  CHECK(cache->cache_statistics().value().hits == 1);
  value_of(client.set("k", "2", use_future));
  CHECK(get() == "2");
  world.valkey().ask("SET k 3");
  CHECK(eventually([&] { return get() == "3"; }));
}

TEST_CASE("a connection that the bridge ended is replaced, and says why it ended") {
  BridgeWorld world;
  ConnectionLog log;
  Options options = options_with_token();
  log.listen(options);
  Client client = connected(url_of(world), options);
  value_of(client.set("k", "1", use_future));
  world.valkey().kill();
  CHECK(eventually([&] { return log.story() == "connected disconnected"; }));
  CHECK_THAT(log.last_error()->what(), ContainsSubstring("the bridge lost the server") &&
                                           ContainsSubstring("close 1011: the server is gone"));
  auto waiting = client.set("k", "2", use_future);
  CHECK(eventually([&] {
    return client.statistics().last_problem.find("could not reach the server") != std::string::npos;
  }));
  world.valkey().restart();
  value_of(std::move(waiting));
  CHECK(log.story() == "connected disconnected connected");
}

TEST_CASE("what a bridge refuses ends connect() with what it said, and no secret") {
  BridgeWorld world;
  Options options = options_with_token();
  std::string url = url_of(world);
  std::string expected;
  ErrorCode code{};
  SECTION("a token that it does not know") {
    options.token = "geheim";
    code = ErrorCode::authentication_failed;
    expected = "the bridge does not take this token";
  }
  SECTION("no token") {
    options.token.clear();
    code = ErrorCode::authentication_failed;
    expected = "the bridge wants a token; expected Options::token";
  }
  SECTION("an upstream that it does not have") {
    url = url_of(world, "/geheim");
    code = ErrorCode::invalid_option;
    expected = "the bridge has no upstream of this name";
  }
  SECTION("a token that cannot be shown") {
    options.token = "geheim\r\nHost: elsewhere";
    code = ErrorCode::invalid_option;
    expected = "the token cannot be sent in a WebSocket handshake";
  }
  const native::Error error = error_of(native::connect(url, options, use_future));
  CHECK(error.code() == code);
  CHECK_THAT(error.what(), ContainsSubstring(expected));
  CHECK_THAT(error.what(), !ContainsSubstring("let me in"));
  const bool in_address = url.ends_with("/geheim");
  CHECK((in_address || std::string(error.what()).find("geheim") == std::string::npos));
}

TEST_CASE("a command that the bridge refuses is told in its own words, and has not run") {
  BridgeOptions allowing;
  allowing.rules = {.allow = {"@all"}, .deny = {"flushall"}, .key_prefixes = {"public:"}};
  BridgeWorld world(std::move(allowing));
  Client client = connected(url_of(world), options_with_token());
  const native::Error command = error_of(client.command({"FLUSHALL"}, use_future));
  CHECK(command.code() == ErrorCode::refused_by_bridge);
  CHECK(command.executed() == Executed::no);
  CHECK(command.server_text() == "FLUSHALL is not allowed");
  CHECK(command.server_code().empty());
  CHECK_THAT(std::string(command.what()), ContainsSubstring("token's profile"));
  const native::Error key = error_of(client.get("secret", use_future));
  CHECK(key.code() == ErrorCode::refused_by_bridge);
  CHECK_THAT(std::string(key.server_text()), ContainsSubstring("'secret'"));

  auto tx = client.transaction();
  tx.set("public:a", "1");
  tx.get("secret");
  const native::Error aborted = error_of(tx.exec(use_future));
  CHECK(aborted.code() == ErrorCode::refused_by_bridge);
  CHECK(aborted.executed() == Executed::no);
  CHECK_THAT(std::string(aborted.text()), ContainsSubstring("(to command 2, GET: none has run)"));
  CHECK(value_of(client.exists("public:a", use_future)) == 0);
}

TEST_CASE("a token that is asked for is shown, and asked for again when it was refused") {
  BridgeWorld world;
  ConnectionLog log;
  Options options = options_with_token();
  options.token.clear();
  const auto asked = std::make_shared<std::atomic<int>>(0);
  options.credentials = [asked](const native::CredentialsRequest& request) {
    native::Credentials credentials;
    credentials.lifetime = std::chrono::hours(1);
    credentials.password = ++*asked == 2 ? "forged meanwhile" : good_token;
    request.succeed(credentials);
  };
  log.listen(options);
  Client client = connected(url_of(world), options);
  CHECK(*asked == 1);
  // By hand: a token that lasts no more. The connection that is there does not notice.
  client.set_credentials("", "forged");
  value_of(client.ping(use_future));
  world.valkey().kill();
  world.valkey().restart();
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  CHECK(*asked == 3);
}

TEST_CASE("a flood of replies stays below the line of the client, since the bridge waits for it") {
  BridgeWorld world(large_requests());
  Client client = connected(url_of(world), options_with_token());
  const std::string value(std::size_t{1} << 20, 'v');
  value_of(client.set("large", value, use_future));
  std::vector<std::future<native::Result<std::optional<std::string>>>> all;
  for (int i = 0; i < 100; ++i) all.push_back(client.get("large", use_future));
  for (auto& each : all) CHECK(value_of(std::move(each)) == value);
  const native::MemoryStatistics memory = native::memory_statistics();
  CHECK(memory.limit == memory_line_bytes);
  CHECK(memory.peak <= memory_line_bytes);
  CHECK(world.counters().stalls > 0);
}

}  // namespace
}  // namespace plimsoll::testing::client_test
