#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/raw_client.h"
#include "plimsoll/tests/support/replicas.h"

// Replicas that refuse what they are asked: the read goes on to another server.

namespace plimsoll::testing::native_replicas_refused_test {
namespace {

using boost::asio::use_future;
using native::Client;

bool has_error(const ReplicaGroup& group, std::size_t server, const std::string& name) {
  return group.ask(server, "INFO errorstats").find("errorstat_" + name) != std::string::npos;
}

// Reads until the server has refused one.
bool is_refused(const ReplicaGroup& group, Client& client, std::size_t server,
                const std::string& name) {
  return eventually([&] {
    for (int i = 0; i < 20; ++i) REQUIRE(finish(client.get("ship")) == "here");
    return has_error(group, server, name);
  });
}

TEST_CASE("reads that a replica refuses because it has lost its primary go on to another server") {
  const std::size_t replicas = GENERATE(as<std::size_t>(), 1, 2);
  ReplicaGroup group({.replicas = replicas, .arguments = {"--replica-serve-stale-data", "no"}});
  seed(group, "ship", "here");
  Client client = reader_of(group, reading_options());
  // Nobody listens at port 1. It keeps its data and its history.
  group.ask(1, "REPLICAOF 127.0.0.1 1");
  CHECK(is_refused(group, client, 1, "MASTERDOWN"));
  group.attach(1);
  group.wait_until_online({1});
  REQUIRE(become_ready(client, group, {1}));
  CHECK(finish(client.get("ship")) == "here");
}

TEST_CASE("reads that a replica refuses because it loads its data go on to another server") {
  const std::size_t replicas = GENERATE(as<std::size_t>(), 1, 2);
  ReplicaGroup group({.replicas = replicas});
  seed(group, "ship", "here");
  // Of its own, and large, so that it looks at its clients at each of them.
  group.ask(1, "DEBUG POPULATE 3000 filling 2000");
  Client client = reader_of(group, reading_options());
  group.ask(1, "CONFIG SET key-load-delay 2000");
  group.ask(1, "CONFIG SET loading-process-events-interval-bytes 1024");
  RawClient loader(unix_address(group.server(1).socket_path()));
  loader.send({"DEBUG", "RELOAD"});
  CHECK(is_refused(group, client, 1, "LOADING"));
  group.ask(1, "CONFIG SET key-load-delay 0");
  REQUIRE(loader.receive(patience()));
  group.wait_until_online({1});
  REQUIRE(become_ready(client, group, {1}));
  const auto before = known_replica(client, group.address(1));
  CHECK(eventually_while_reading(
      client, [&] { return known_replica(client, group.address(1))->reads > before->reads; }));
}

TEST_CASE("a replica that starts anew and loads for long is not read until it has loaded") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  group.ask(1, "DEBUG POPULATE 3000 filling 2000");
  group.ask(1, "SAVE");
  Client client = reader_of(group, reading_options());
  group.server(1).restart_loading();
  for (int i = 0; i < 100; ++i) CHECK(finish(client.get("ship")) == "here");
  group.server(1).finish_loading();
  group.wait_until_online({1});
  REQUIRE(become_ready(client, group, {1}));
}

TEST_CASE("what a replica's server says of the command itself is the outcome") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  Client client = reader_of(group, reading_options());
  for (int i = 0; i < 20; ++i) {
    const native::Error error = error_of(client.command({"HGET", "ship", "f"}, use_future));
    CHECK(error.code() == ErrorCode::server_error);
    CHECK(error.text().find("WRONGTYPE") != std::string_view::npos);
  }
  CHECK(only_these_answer(group, client, {1}));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_refused_test
