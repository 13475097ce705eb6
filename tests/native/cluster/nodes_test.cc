#include "plimsoll/nodes.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/support/valkey_server.h"

// Commands for nodes of the cluster that the caller has chosen.

namespace plimsoll::testing::native_cluster_nodes_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::NodeRoute;

TEST_CASE("all primaries answer, each under its address") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  for (std::uint16_t slot = 0; slot < 16'000; slot += 500) {
    value_of(client.set(key_in(slot, "counted"), "1", use_future));
  }
  const native::Reply reply =
      value_of(client.at(NodeRoute::all_primaries()).command({"DBSIZE"}, use_future));
  std::set<std::string> seen;
  std::int64_t keys = 0;
  bool is_address = true;
  std::string address;
  for (const Value value : reply.value().as_elements().value()) {
    if (is_address) {
      address = std::string(value.as_bytes().value().view());
    } else {
      seen.insert(address);
      keys += value.as_integer().value();
    }
    is_address = !is_address;
  }
  CHECK(seen == std::set<std::string>{group.address(0), group.address(1), group.address(2)});
  CHECK(keys == value_of(client.dbsize(use_future)));
}

TEST_CASE("what a node refuses is its answer") {
  Client client = member_of(shared_cluster());
  const native::Reply reply =
      value_of(client.at(NodeRoute::all_primaries())
                   .command({"CONFIG", "SET", "maxmemory", "none"}, use_future));
  std::size_t errors = 0;
  for (const Value value : reply.value().as_elements().value()) errors += value.is_error();
  CHECK(errors == 3);
}

TEST_CASE("one node answers: by its address, by a key, or any") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  for (std::size_t node = 0; node < 3; ++node) {
    const std::string id = value_of(client.at(NodeRoute::address(group.address(node)))
                                        .command<std::string>({"CLUSTER", "MYID"}, use_future));
    CHECK(id == group.id(node));
  }
  const std::string key = key_in(12'000);
  const std::string owner = value_of(
      client.at(NodeRoute::owner_of(key)).command<std::string>({"CLUSTER", "MYID"}, use_future));
  CHECK(owner == group.id(group.owner_of(12'000)));
  std::set<std::string> turns;
  for (int i = 0; i < 9; ++i) {
    turns.insert(value_of(
        client.at(NodeRoute::any_primary()).command<std::string>({"CLUSTER", "MYID"}, use_future)));
  }
  CHECK(turns.size() == 3);
}

TEST_CASE("what names no node is refused") {
  Client client = member_of(shared_cluster());
  const native::Error unknown =
      error_of(client.at(NodeRoute::address("127.0.0.1:1")).command({"PING"}, use_future));
  CHECK(unknown.code() == ErrorCode::invalid_argument);
  CHECK_THAT(std::string(unknown.text()), ContainsSubstring("no primary of the cluster"));
  const native::Error blocks =
      error_of(client.at(NodeRoute::any_primary()).command({"BLPOP", "k", "0"}, use_future));
  CHECK(blocks.code() == ErrorCode::refused_command);

  const ValkeyServer server;
  Client alone = connected(server.url(), cluster_options());
  const native::Error single =
      error_of(alone.at(NodeRoute::all_primaries()).command({"PING"}, use_future));
  CHECK(single.code() == ErrorCode::invalid_argument);
  CHECK_THAT(std::string(single.text()), ContainsSubstring("no cluster"));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_nodes_test
