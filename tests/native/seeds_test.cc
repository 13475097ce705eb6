#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

// Clients with several addresses, at real servers: a primary and its replica, one of them dead, all
// of them dead.

namespace plimsoll::testing::native_seeds_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::ConnectionEvent;
using native::Options;
using namespace std::chrono_literals;

Options eager_options() {
  Options options = patient_options();
  options.reconnect_wait_max = 50ms;
  return options;
}

std::string address_of(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::string url_of(const std::vector<std::uint16_t>& ports) {
  std::string url = "valkey://";
  for (const std::uint16_t port : ports) {
    if (!url.ends_with('/')) url += ',';
    url += address_of(port);
  }
  return url;
}

// A port at which no server listens.
class DeadPort {
 public:
  std::uint16_t port() const { return port_of(socket_); }

 private:
  const Descriptor socket_ = bind_tcp(0);
};

struct PrimaryAndReplica {
  PrimaryAndReplica()
      : primary({.listen = Listen::unix_socket_and_tcp,
                 .arguments = {"--repl-diskless-sync-delay", "0"}}),
        replica({.listen = Listen::unix_socket_and_tcp,
                 .arguments = {"--replicaof", "127.0.0.1", std::to_string(primary.port())}}) {
    REQUIRE(eventually([&] {
      return replica.ask("INFO replication").find("master_link_status:up") != std::string::npos;
    }));
  }

  ValkeyServer primary;
  ValkeyServer replica;
};

TEST_CASE("a client connects to any of its addresses that has a server") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const DeadPort dead;
  for (int i = 0; i < 8; ++i) {
    Client client = connected(url_of({dead.port(), server.port()}), eager_options());
    CHECK(client.statistics().server == address_of(server.port()));
  }
}

TEST_CASE("the error of connect() says what each address said") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp, .arguments = {"--requirepass", "x"}});
  const DeadPort dead;
  Options options = eager_options();
  options.connect_timeout = 200ms;
  options.seeds = {address_of(server.port())};
  options.password = "wrong";
  const auto client = finish(native::connect(url_of({dead.port()}), options, use_future));
  REQUIRE_FALSE(client);
  CHECK_THAT(
      client.error().what(),
      ContainsSubstring(address_of(dead.port()) + ": Connection refused; " +
                        address_of(server.port()) + ": the server does not take this username"));
}

TEST_CASE("of a primary and its replica the client finds the primary, and the next one after it") {
  PrimaryAndReplica servers;
  std::mutex mutex;
  std::vector<std::string> connected_to;
  Options options = eager_options();
  options.on_connection = [&](const ConnectionEvent& event) {
    if (event.kind != ConnectionEvent::Kind::connected) return;
    const std::lock_guard lock(mutex);
    connected_to.push_back(event.server);
  };
  const std::string url = url_of({servers.replica.port(), servers.primary.port()});
  Client client = connected(url, options);
  for (int i = 0; i < 8; ++i) {
    CHECK(connected(url, eager_options()).statistics().server ==
          address_of(servers.primary.port()));
  }
  servers.primary.kill();
  // What is sent before the client has heard of the loss is in doubt.
  CHECK(eventually([&] { return client.statistics().client.counters.connections_lost == 1; }));
  servers.replica.ask("REPLICAOF NO ONE");
  CHECK(finish(client.set("ship", "here", use_future)));
  CHECK(servers.replica.ask("GET ship") == "$4\r\nhere\r\n");
  CHECK(client.statistics().server == address_of(servers.replica.port()));
  const std::lock_guard lock(mutex);
  CHECK(connected_to == std::vector<std::string>{address_of(servers.primary.port()),
                                                 address_of(servers.replica.port())});
}

TEST_CASE("a primary that is made a replica is left, without a call in doubt") {
  PrimaryAndReplica servers;
  const std::string url = url_of({servers.replica.port(), servers.primary.port()});
  Client client = connected(url, eager_options());
  servers.replica.ask("REPLICAOF NO ONE");
  servers.primary.ask("REPLICAOF 127.0.0.1 " + std::to_string(servers.replica.port()));
  const auto refused = finish(client.set("ship", "a", use_future));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == ErrorCode::read_only_replica);
  CHECK(refused.error().executed() == Executed::no);
  CHECK(finish(client.set("ship", "b", use_future)));
  CHECK(client.statistics().server == address_of(servers.replica.port()));
}

TEST_CASE("subscriptions and cached reads follow the client to another server") {
  PrimaryAndReplica servers;
  Options options = eager_options();
  native::ClientSideCacheOptions cache_options;
  cache_options.max_cache_kb = 64;
  options.client_side_cache = native::ClientSideCache::create(cache_options).value();
  servers.primary.ask("SET ship old");
  Client client = connected(url_of({servers.replica.port(), servers.primary.port()}), options);
  auto subscription = finish(client.subscribe({"news"}, use_future)).value();
  CHECK(finish(client.get("ship", use_future)).value() == "old");
  servers.primary.kill();
  servers.replica.ask("REPLICAOF NO ONE");
  servers.replica.ask("SET ship new");
  CHECK(eventually([&] {
    const auto value = finish(client.get("ship", use_future));
    return value && *value == "new";
  }));
  CHECK(eventually([&] { return servers.replica.ask("PUBLISH news here") == ":1\r\n"; }));
  CHECK(finish(subscription.next(use_future)).value()->payload == "here");
}

}  // namespace
}  // namespace plimsoll::testing::native_seeds_test
