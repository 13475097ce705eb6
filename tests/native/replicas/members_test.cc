#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"

// Replicas that come and go while a client reads.

namespace plimsoll::testing::native_replicas_members_test {
namespace {

using boost::asio::use_future;
using native::Client;

TEST_CASE("a replica that has left its primary is not read any more, whatever it has") {
  ReplicaGroup group({.replicas = 2});
  seed(group, "ship", "here");
  Client client = reader_of(group, reading_options());
  group.detach(1);
  // Until the client knows, what the server had from its primary is still an answer.
  REQUIRE(eventually_while_reading(
      client, [&] { return !known_replica(client, group.address(1)).has_value(); }));
  group.ask(1, "SET ship elsewhere");
  group.ask(1, "CONFIG RESETSTAT");
  for (int i = 0; i < 200; ++i) CHECK(finish(client.get("ship")) == "here");
  CHECK(group.calls(1, "get") == 0);

  // It follows again, and has what its primary has.
  group.attach(1);
  group.wait_until_online({1});
  REQUIRE(become_ready(client, group, {1, 2}));
  CHECK(only_these_answer(group, client, {1, 2}));
  for (int i = 0; i < 20; ++i) CHECK(finish(client.get("ship")) == "here");
}

TEST_CASE("replicas that are added are found while there are reads, up to eight") {
  ReplicaGroup group({.replicas = 0});
  group.ask(0, "SET ship here");
  Client client = connected(group.url(), reading_options());
  CHECK(finish(client.get("ship")) == "here");
  CHECK(client.topology().replicas.empty());
  const std::size_t first = group.add_replica();
  group.wait_until_online({first});
  REQUIRE(become_ready(client, group, {first}));
  CHECK(only_these_answer(group, client, {first}));

  std::vector<std::size_t> others;
  for (int i = 0; i < 8; ++i) others.push_back(group.add_replica());
  group.wait_until_online(others);
  const auto ready_count = [&] {
    std::size_t count = 0;
    for (const auto& each : client.topology().replicas) {
      count += each.state == ReplicaState::ready ? 1 : 0;
    }
    return count;
  };
  CHECK(eventually_while_reading(client, [&] { return ready_count() == 8; }));
  CHECK(client.topology().replicas.size() == 8);

  // One that has no place gets it when another one has gone.
  group.server(first).kill();
  CHECK(eventually_while_reading(
      client, [&] { return !known_replica(client, group.address(first)) && ready_count() == 8; }));
  CHECK(finish(client.get("ship")) == "here");
}

TEST_CASE("a primary that becomes a replica is left, and its former replicas are not read") {
  ReplicaGroup group({.replicas = 2});
  seed(group, "ship", "here");
  native::Options options = reading_options();
  for (const std::size_t other : {1u, 2u}) options.seeds.push_back(group.address(other));
  Client client = reader_of(group, options);

  // Server 1 takes over.
  group.detach(1);
  const std::string port = std::to_string(group.server(1).port());
  group.ask(2, "REPLICAOF 127.0.0.1 " + port);
  group.ask(0, "REPLICAOF 127.0.0.1 " + port);
  // The former primary refuses writes until the client has left it.
  REQUIRE(eventually([&] { return finish(client.set("ship", "there", use_future)).has_value(); }));
  CHECK(client.topology().primary == group.address(1));
  for (int i = 0; i < 20; ++i) CHECK(finish(client.get("ship")) == "there");
  REQUIRE(become_ready(client, group, {0, 2}));
  CHECK(only_these_answer(group, client, {0, 2}));
  for (int i = 0; i < 20; ++i) CHECK(finish(client.get("ship")) == "there");
}

TEST_CASE("a client that is closed leaves no connection at the replicas") {
  ReplicaGroup group({.replicas = 1});
  native::Options options = reading_options();
  options.client_name = "reader";
  Client client = reader_of(group, options);
  CHECK(group.ask(1, "CLIENT LIST").find("name=reader") != std::string::npos);
  value_of(client.close(use_future));
  CHECK(eventually(
      [&] { return group.ask(1, "CLIENT LIST").find("name=reader") == std::string::npos; }));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_members_test
