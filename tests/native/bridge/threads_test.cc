// A bridge with several threads: who is served in which, and what holds for all of them together.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/bridge/bridge_world.h"
#include "plimsoll/tests/native/bridge/resp_command.h"
#include "plimsoll/tests/native/bridge/tls_bridge.h"
#include "plimsoll/tests/native/bridge/tls_client.h"
#include "plimsoll/tests/native/observe/http_peer.h"
#include "plimsoll/tests/native/observe/metrics_page.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

namespace plimsoll::testing::threads_test {
namespace {

constexpr std::size_t threads = 3;

BridgeOptions several(BridgeOptions options = {}) {
  options.threads = threads;
  options.settings.limits.upgrades_per_second_per_address = 100'000;
  return options;
}

// The bridge's own connections are shared, and it has a cache.
BridgeOptions sharing(const ValkeyServer& server) {
  native::ClientSideCacheOptions cache;
  cache.max_cache_kb = 1024;
  cache.enable_metrics = true;
  native::Options options = patient_options();
  options.topology = TopologyChoice::standalone;
  options.client_side_cache = native::ClientSideCache::create(cache).value();
  BridgeOptions all = several();
  all.settings.rules.upstreams["main"].shared = std::make_shared<const bridge::SharedServer>(
      bridge::SharedServer{.name = "main", .url = server.url(), .options = std::move(options)});
  return all;
}

std::vector<std::unique_ptr<WebSocketClient>> open(const BridgeWorld& world, std::size_t count) {
  std::vector<std::unique_ptr<WebSocketClient>> all;
  while (all.size() < count) all.push_back(std::make_unique<WebSocketClient>(world.port()));
  return all;
}

std::vector<std::uint64_t> relays_of_threads(BridgeWorld& world) {
  std::vector<std::uint64_t> all;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    all.push_back(
        world.ask([](const bridge::Server& server) { return server.counters().relays; }, thread));
  }
  return all;
}

std::string ask(WebSocketClient& client, const std::string& command, std::size_t bytes) {
  client.send(command);
  return client.receive_bytes(bytes);
}

// What comes until it ends like this.
std::string until(WebSocketClient& client, const std::string& command, std::string_view end) {
  client.send(command);
  std::string come;
  while (!come.ends_with(end)) come += client.receive();
  return come;
}

const std::string get_ship = resp("GET", "ship");

}  // namespace

TEST_CASE("each connection goes to the thread that has the fewest") {
  BridgeWorld world(several());
  auto clients = open(world, 3 * threads);
  CHECK(relays_of_threads(world) == std::vector<std::uint64_t>(threads, 3));
  for (const auto& client : clients) CHECK(ask(*client, resp("PING"), 7) == "+PONG\r\n");
  // Those of one thread go, and the next ones come there.
  for (std::size_t i = 0; i < clients.size(); i += threads) clients[i].reset();
  REQUIRE(eventually([&] { return world.counters().relays == 2 * threads; }));
  const auto others = open(world, threads);
  // The first may have been dealt before one of them had gone.
  CHECK(world.counters().relays == 3 * threads);
  for (const std::uint64_t relays : relays_of_threads(world)) CHECK(relays >= 2);
}

TEST_CASE("the most connections are those of all threads together") {
  BridgeOptions options = several();
  options.settings.limits.connections_max = 5;
  BridgeWorld world(std::move(options));
  auto clients = open(world, 4);  // the last tenth, rounded down, is for newcomers
  CHECK(eventually([&] {
    return world.ask_all([](bridge::Servers& all) { return all.connections_count(); }) == 4;
  }));
  clients.push_back(std::make_unique<WebSocketClient>(world.port()));
  CHECK(status_of_upgrade(world.port(), {}) == 503);
  clients.pop_back();
  CHECK(eventually([&] { return status_of_upgrade(world.port(), {}) == 101; }));
}

TEST_CASE("the most connections of a token are those of all threads together") {
  BridgeOptions options = several();
  options.token_connections_max = 4;
  BridgeWorld world(std::move(options));
  const auto clients = open(world, 4);
  CHECK(status_of_upgrade(world.port(), {}) == 429);
}

TEST_CASE("the most connections of an address are those of all threads together") {
  BridgeOptions options = several();
  options.settings.limits.connections_per_address_max = 4;
  BridgeWorld world(std::move(options));
  const auto clients = open(world, 4);
  CHECK(status_of_upgrade(world.port(), {}) == 429);
}

TEST_CASE("the commands per second of a token are those of all its connections") {
  constexpr std::size_t per_second = 20;
  BridgeOptions options = several();
  options.settings.limits.commands_per_second_per_token = per_second;
  BridgeWorld world(std::move(options));
  const auto clients = open(world, 2);
  std::string many;
  for (std::size_t i = 0; i < per_second; ++i) many += resp("PING");
  // None waits for what it has sent itself.
  for (const auto& client : clients) ask(*client, many, per_second * 7);
  CHECK(world.counters().paced > 0);
}

TEST_CASE("the metrics, and what the server can tell, are of all threads") {
  BridgeWorld world(several());
  const auto clients = open(world, 2 * threads);
  for (const auto& client : clients) ask(*client, resp("PING"), 7);
  const std::string answer =
      exchange_raw(world.status_port(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto metrics = read_metrics_page(answer.substr(answer.find("\r\n\r\n") + 4));
  const auto value = [&](const std::string& name, const std::string& labels) {
    return metrics.at("plimsoll_bridge_" + name).samples.at(labels);
  };
  CHECK(value("relays", "") == 2 * threads);
  CHECK(value("upgrades_total", "") == 2 * threads);
  CHECK(value("connections", "") == 2 * threads);
  CHECK(value("profile_commands_allowed_total", "profile=\"page\"") == 2 * threads);
  CHECK(value("handshakes_total", "profile=\"page\",status=\"101\"") == 0);  // as they end
  CHECK(value("request_seconds", "profile=\"page\"") == 2 * threads);
  CHECK(value("dial_seconds", "upstream=\"main\"") == 2 * threads);
}

TEST_CASE("a token that is withdrawn ends the connections in all threads") {
  BridgeWorld world(several());
  const auto clients = open(world, 2 * threads);
  world.ask_all([](bridge::Servers& all) {
    all.recheck([](const bridge::Authorization&) { return false; });
    return true;
  });
  for (const auto& client : clients) CHECK(client->receive_close() == 1008);
}

TEST_CASE("the end waits for all threads, and delivers what they owe") {
  BridgeWorld world(several());
  const auto clients = open(world, 2 * threads);
  for (const auto& client : clients) client->send(resp("PING"));
  auto drained = std::async([&] { world.drain(); });
  for (const auto& client : clients) {
    CHECK(client->receive_bytes(7) == "+PONG\r\n");
    CHECK(client->receive_close() == 1001);
  }
  drained.get();
  CHECK(relays_of_threads(world) == std::vector<std::uint64_t>(threads, 0));
}

TEST_CASE("what a client in one thread has read is cached for those in others") {
  const ValkeyServer server;
  server.ask("SET ship Daphne");
  BridgeWorld world(sharing(server));
  const auto clients = open(world, 2 * threads);
  const std::string daphne = "$6\r\nDaphne\r\n";
  for (const auto& client : clients) until(*client, resp("HELLO", "3") + get_ship, daphne);
  CHECK(server.ask("INFO commandstats").find("cmdstat_get:calls=1,") != std::string::npos);
  CHECK(world.shared_counters("main").sessions == 2 * threads);
  CHECK(world.shared_counters("main").clients == threads);
  CHECK(world.shared_counters("main").cache_entries == 1);
  // A write in one thread is seen in all.
  CHECK(ask(*clients[1], resp("SET", "ship", "Argo"), 5) == "+OK\r\n");
  const std::string argo = "$4\r\nArgo\r\n";
  for (const auto& client : clients) CHECK(ask(*client, get_ship, argo.size()) == argo);
}

TEST_CASE("a client that keeps what it reads hears of writes in other threads") {
  const ValkeyServer server;
  BridgeWorld world(sharing(server));
  const auto clients = open(world, threads);
  const std::string on = resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON");
  for (const auto& client : clients) {
    until(*client, on + resp("ECHO", "ready"), "$5\r\nready\r\n");
  }
  const std::string news = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$4\r\nship\r\n";
  int value = 100;
  for (int round = 0; round < 10; ++round) {
    for (const auto& writer : clients) {
      for (const auto& reader : clients) {
        const std::string old = std::to_string(value++);
        const std::string fresh = std::to_string(value++);
        until(*writer, resp("SET", "ship", old), "+OK\r\n");
        until(*reader, resp("PING") + get_ship, "$3\r\n" + old + "\r\n");
        const std::string written = until(*writer, resp("SET", "ship", fresh), "+OK\r\n");
        const std::string proved = until(*reader, resp("PING"), "+PONG\r\n");
        const std::string told = reader == writer ? written + proved : proved;
        CHECK(told.find(news) != std::string::npos);
        until(*reader, get_ship, "$3\r\n" + fresh + "\r\n");
      }
    }
  }
}

TEST_CASE("TLS is served in all threads") {
  TlsBridge bridge(several());
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (std::size_t i = 0; i < 2 * threads; ++i) {
    clients.push_back(std::make_unique<TlsClient>(bridge.world.port(), bridge.authority.file()));
    clients.back()->send(resp("PING"));
    CHECK(clients.back()->receive_bytes(7) == "+PONG\r\n");
  }
  CHECK(relays_of_threads(bridge.world) == std::vector<std::uint64_t>(threads, 2));
}

TEST_CASE("clients come and go in all threads at the same time, and nothing of them is left") {
  const ValkeyServer server;
  for (int i = 0; i < 20; ++i) server.ask("SET k" + std::to_string(i) + " v");
  BridgeWorld world(sharing(server));
  std::vector<std::thread> crowds;
  for (unsigned crowd = 0; crowd < 4; ++crowd) {
    crowds.emplace_back([&, crowd] {
      std::string name;
      for (unsigned i = 0; i < 60; ++i) {
        WebSocketClient client(world.port());
        const std::string key = "k" + std::to_string((i * 7 + crowd) % 20);
        const std::string resume = name.empty() ? resp("CLIENT", "TRACKING", "RESUME")
                                                : resp("CLIENT", "TRACKING", "RESUME", name, "0");
        const std::string all = resp("HELLO", "3") + resp("CLIENT", "TRACKING", "ON") + resume +
                                resp("GET", key) + resp("SET", key, std::to_string(i)) +
                                resp("GET", key) + resp("SUBSCRIBE", "news") + resp("ECHO", "done");
        if (i % 4 == 0) {  // gone with all of that under way
          client.send(all);
          continue;
        }
        const std::string come = until(client, all, "$4\r\ndone\r\n");
        const std::string begin = "*3\r\n$32\r\n";
        name = come.substr(come.find(begin) + begin.size(), 32);
        if (i % 2 == 0) client.close();
      }
    });
  }
  for (std::thread& each : crowds) each.join();
  world.wait_until_idle();
  const bridge::SharedCounters counters = world.shared_counters("main");
  CHECK(counters.sessions == 0);
  CHECK(counters.tracking_sessions == 0);
  CHECK(counters.channels == 0);
  CHECK(counters.tracking_resumed > 0);
}

}  // namespace plimsoll::testing::threads_test
