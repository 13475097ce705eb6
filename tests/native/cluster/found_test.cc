#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

// A client whose address does not say that there is a cluster, at a real one and at a single
// server.

namespace plimsoll::testing::native_cluster_found_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using Kind = native::Topology::Kind;
using namespace std::chrono_literals;

std::string url_of(std::size_t node) { return "valkey://" + shared_cluster().address(node); }

void check_all_slots(Client& client) {
  for (const std::uint16_t slot : {0, 8000, 16'383}) {
    value_of(client.set(key_in(slot), "here", use_future));
    CHECK(value_of(client.get(key_in(slot), use_future)) == "here");
  }
}

TEST_CASE("the address of any node is enough, also in RESP2") {
  const std::size_t node = GENERATE(as<std::size_t>(), 0, 1, 2);
  Options options = cluster_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  const std::uint64_t moved = errors_of(shared_cluster(), "MOVED");
  Client client = connected(url_of(node), options);
  check_all_slots(client);
  const native::Topology topology = client.topology();
  CHECK(topology.kind == Kind::cluster);
  CHECK(topology.nodes.size() == 3);
  CHECK(topology.slots_unserved == 0);
  CHECK(errors_of(shared_cluster(), "MOVED") == moved);
}

TEST_CASE(
    "several addresses are the seeds of the cluster, and may be dead, as long as one is not") {
  const Descriptor nobody = bind_tcp(0);
  Options options = cluster_options();
  options.seeds = {shared_cluster().address(2)};
  for (int i = 0; i < 5; ++i) {
    Client client = connected("valkey://127.0.0.1:" + std::to_string(port_of(nobody)), options);
    check_all_slots(client);
  }
}

TEST_CASE("of several addresses a replica of a cluster will do") {
  ClusterGroup group({.primaries = 1, .replicas = 1});
  for (int i = 0; i < 5; ++i) {
    Client client =
        connected("valkey://" + group.address(0) + "," + group.address(1), cluster_options());
    value_of(client.set("ship", "Victory", use_future));
    CHECK(client.topology().kind == Kind::cluster);
  }
}

TEST_CASE("with cluster as topology the client insists on one, and with a plain address") {
  Options options = cluster_options();
  options.topology = TopologyChoice::cluster;
  Client client = connected(url_of(1), options);
  check_all_slots(client);
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const native::Error error = refusal(server.url(), options);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("no node of a cluster"));
}

TEST_CASE("with standalone as topology a node is a single server, and MOVED says what to use") {
  Options options = cluster_options();
  options.topology = TopologyChoice::standalone;
  Client client = connected(url_of(0), options);
  CHECK(client.topology().kind == Kind::standalone);
  CHECK(value_of(client.dbsize(use_future)) >= 0);
  value_of(client.set(key_in(0), "here", use_future));
  const native::Error error = error_of(client.get(key_in(16'383), use_future));
  CHECK(error.code() == ErrorCode::cluster_redirect);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("cluster as topology"));
}

TEST_CASE("a single server is found to be one, and the client works as it always did") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  Options options = cluster_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  Client client = connected(server.url() + "/3", options);
  CHECK(client.topology().kind == Kind::standalone);
  value_of(client.mset({{"a", "1"}, {"b", "2"}}, use_future));
  CHECK(value_of(client.dbsize(use_future)) == 2);
  CHECK(value_of(client.blpop({"none"}, 10ms, use_future)) == std::nullopt);
  CHECK(server.ask("INFO clients").find("connected_clients") != std::string::npos);
}

TEST_CASE("what does not go with a cluster fails at connect(), and is named") {
  Options cached = cluster_options();
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 64;
  wanted.broadcast_prefixes = {"ship:"};
  cached.client_side_cache = native::ClientSideCache::create(wanted).value();
  struct Row {
    Options options;
    const char* named;
  };
  const std::vector<Row> rows{
      {cached,
       "the client_side_cache has broadcast_prefixes, and the server is a node of a cluster"},
  };
  for (const Row& row : rows) {
    const native::Error error = refusal(url_of(0), row.options);
    INFO(error.what());
    CHECK(error.code() == ErrorCode::invalid_option);
    CHECK(error.executed() == Executed::no);
    CHECK_THAT(std::string(error.text()), ContainsSubstring(row.named));
  }
}

TEST_CASE("a database that a cluster does not have fails at connect()") {
  const native::Error error = refusal(url_of(0) + "/3");
  INFO(error.what());
  CHECK_THAT(std::string(error.text()), ContainsSubstring("0 in a cluster"));
}

TEST_CASE("a unix socket of a node is named as what it is") {
  const std::string url = "unix://" + shared_cluster().node(0).socket_path();
  const native::Error error = refusal(url);
  INFO(error.what());
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("at this unix socket"));
  Options options = cluster_options();
  options.topology = TopologyChoice::standalone;
  Client client = connected(url, options);
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("the topology and the address have to agree") {
  Options options = cluster_options();
  options.topology = TopologyChoice::standalone;
  CHECK_THAT(std::string(refusal(shared_cluster().url(), options).text()),
             ContainsSubstring("topology is standalone, and the address is that of a cluster"));
  options.topology = TopologyChoice::cluster;
  for (const char* url : {"unix:///none", "ws://127.0.0.1:1", "valkey+sentinel://127.0.0.1:1/p"}) {
    CHECK_THAT(std::string(refusal(url, options).text()),
               ContainsSubstring("topology is cluster, and the address is that of"));
  }
}

TEST_CASE("a client that has found a cluster follows its slots, and outlives its seed") {
  ClusterGroup group({.primaries = 3, .replicas = 1, .node_timeout = 1000ms});
  Client client = connected("valkey://" + group.address(0), cluster_options());
  check_all_slots(client);
  group.move_slot(0, 1);
  CHECK(value_of(client.get(key_in(0), use_future)) == "here");
  group.kill(0);
  for (const std::uint16_t slot : {0, 1, 8000, 16'383}) {
    value_of(client.set(key_in(slot, "later"), "there", use_future));
  }
  CHECK(value_of(client.ping(use_future)) == "PONG");
  CHECK(client.topology().slots_unserved == 0);
}

TEST_CASE("a single server that comes back as a node of a cluster ends the client with a reason") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  Client client = connected(server.url(), cluster_options());
  CHECK(value_of(client.ping(use_future)) == "PONG");
  const std::uint16_t port = server.port();
  server.kill();
  const ValkeyServer node({.listen = Listen::unix_socket,
                           .arguments = {"--cluster-enabled", "yes", "--port", std::to_string(port),
                                         "--cluster-port", std::to_string(port_of(bind_tcp(0)))}});
  const native::Error error = error_of(client.get("key", use_future));
  INFO(error.what());
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("a new client, which finds the cluster"));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_found_test
