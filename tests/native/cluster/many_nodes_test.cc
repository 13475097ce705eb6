#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// A cluster with more primaries than a client has connections for other uses.

namespace plimsoll::testing::native_cluster_many_nodes_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::size_t primaries = 30;

std::uint16_t slot_of_node(std::size_t node) {
  return static_cast<std::uint16_t>(node * 16'384 / primaries + 1);
}

TEST_CASE("a client reaches every one of 30 primaries, for all that it does in a cluster") {
  ClusterGroup group({.primaries = primaries, .node_timeout = std::chrono::milliseconds(10'000)});
  native::Options options = cluster_options();
  options.blocking_connections_max = 40;
  options.subscriptions_max = 20;
  Client client = connected(group.url({0, primaries - 1}), options);

  std::vector<std::string> keys;
  std::vector<std::future<native::Result<void>>> sets;
  for (std::size_t i = 0; i < primaries; ++i) {
    keys.push_back(key_in(slot_of_node(i)));
    sets.push_back(client.set(keys.back(), std::to_string(i), use_future));
  }
  for (auto& each : sets) value_of(std::move(each));
  for (std::size_t i = 0; i < primaries; ++i) CHECK(group.calls(i, "set") == 1);
  CHECK(errors_of(group, "MOVED") == 0);

  const auto values = value_of(client.mget(keys, use_future));
  REQUIRE(values.size() == primaries);
  for (std::size_t i = 0; i < primaries; ++i) CHECK(values[i] == std::to_string(i));
  CHECK(value_of(client.dbsize(use_future)) == primaries);

  auto popped = client.blpop({key_in(slot_of_node(primaries - 2), "list")}, std::chrono::seconds(0),
                             use_future);
  value_of(client.rpush(key_in(slot_of_node(primaries - 2), "list"), {"here"}, use_future));
  CHECK(value_of(std::move(popped))->element == "here");

  // A slot goes from the last one to the first.
  group.move_slot(slot_of_node(primaries - 1), 0);
  CHECK(value_of(client.get(keys[primaries - 1], use_future)) == "29");
  group.move_slot(slot_of_node(0), primaries - 1);
  value_of(client.set(keys[0], "moved", use_future));
  CHECK(value_of(client.get(keys[0], use_future)) == "moved");

  const auto topology = client.topology();
  CHECK(topology.nodes.size() == primaries);
  CHECK(topology.slots_unserved == 0);
  CHECK(client.statistics().client.cluster.nodes_left_out == 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_many_nodes_test
