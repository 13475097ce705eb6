#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/loopback.h"
#include "plimsoll/tests/support/valkey_server.h"

// How a client finds a cluster, and what is none.

namespace plimsoll::testing::native_cluster_connect_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using namespace std::chrono_literals;

void check_all_slots(Client& client) {
  for (const std::uint16_t slot : {0, 8000, 16'383}) {
    value_of(client.set(key_in(slot), "here", use_future));
    CHECK(value_of(client.get(key_in(slot), use_future)) == "here");
  }
}

TEST_CASE("any of the nodes is enough to find all") {
  const std::size_t seed = GENERATE(as<std::size_t>(), 0, 1, 2);
  Client client = connected(shared_cluster().url({seed}), cluster_options());
  check_all_slots(client);
}

TEST_CASE("all spellings of the scheme are the same") {
  const std::string scheme = GENERATE("valkey+cluster", "redis+cluster");
  Client client = connected(scheme + "://" + shared_cluster().address(1) + "/0", cluster_options());
  check_all_slots(client);
}

TEST_CASE("seeds may be dead, as long as one is not") {
  const Descriptor nobody = bind_tcp(0);
  const Descriptor nobody_else = bind_tcp(0);
  const std::string dead = "127.0.0.1:" + std::to_string(port_of(nobody));
  native::Options options = cluster_options();
  options.seeds = {shared_cluster().address(2),
                   "127.0.0.1:" + std::to_string(port_of(nobody_else))};
  for (int i = 0; i < 10; ++i) {
    Client client = connected("valkey+cluster://" + dead, options);
    check_all_slots(client);
  }
  native::Options brief = cluster_options();
  brief.connect_timeout = 300ms;
  const native::Error error = refusal("valkey+cluster://" + dead, brief);
  INFO(error.what());
  CHECK(error.code() == ErrorCode::connect_failed);
}

TEST_CASE("a node that knows no host of its own is reached where it was asked") {
  ClusterGroup alone({.primaries = 1});
  Client client = connected(alone.url(), cluster_options());
  check_all_slots(client);
  CHECK(alone.errors(0, "MOVED") == 0);
}

TEST_CASE("nodes that call themselves by names are reached by them") {
  ClusterGroup group({.primaries = 2,
                      .arguments = {"--cluster-announce-hostname", "localhost",
                                    "--cluster-preferred-endpoint-type", "hostname"}});
  Client client = connected(group.url({1}), cluster_options());
  check_all_slots(client);
  group.move_slot(0, 1);
  CHECK(value_of(client.get(key_in(0), use_future)) == "here");
}

TEST_CASE("a server that is no cluster is called one, at once") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  const native::Error error =
      refusal("valkey+cluster://127.0.0.1:" + std::to_string(server.port()));
  INFO(error.what());
  CHECK_THAT(std::string(error.text()), ContainsSubstring("cluster"));
  CHECK(error.executed() == Executed::no);
}

TEST_CASE("a node that serves no slots yet is waited for, or the time is up") {
  ValkeyServer node({.listen = Listen::unix_socket_and_tcp,
                     .arguments = {"--cluster-enabled", "yes", "--cluster-port",
                                   std::to_string(port_of(bind_tcp(0)))}});
  const std::string url = "valkey+cluster://127.0.0.1:" + std::to_string(node.port());
  native::Options brief = cluster_options();
  brief.connect_timeout = 300ms;
  brief.request_timeout = 300ms;
  const auto connected_or_not = finish(native::connect(url, brief, use_future));
  if (connected_or_not) WARN("connect() succeeds without slots");
  auto waiting = native::connect(url, cluster_options(), use_future);
  node.ask("CLUSTER ADDSLOTSRANGE 0 16383");
  Client client = value_of(std::move(waiting));
  check_all_slots(client);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_connect_test
