#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"

// What others write is seen at the latest after replica_lag_max.

namespace plimsoll::testing::native_replicas_lag_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

TEST_CASE("a replica that falls behind is not read once it may be too far behind") {
  ReplicaGroup group({.replicas = 1, .has_link = true});
  seed(group, "ship", "1");
  Options options = reading_options();
  options.replica_lag_max = 200ms;
  Client client = reader_of(group, options);
  REQUIRE(eventually_while_reading(client, [&] { return group.calls(1, "get") > 0; }));

  group.link().stall();
  group.ask(0, "SET ship 2");
  std::this_thread::sleep_for(options.replica_lag_max);
  for (int i = 0; i < 50; ++i) CHECK(finish(client.get("ship")) == "2");
  CHECK(finish(client.get("nobody writes this")) == std::nullopt);
  // topology() says so, too.
  CHECK(eventually_while_reading(
      client, [&] { return is_in(client, group.address(1), ReplicaState::checking); }));
  CHECK(eventually_while_reading(client, [&] {
    return known_replica(client, group.address(1))->problem ==
           "the replica is further behind its primary than replica_lag_max";
  }));
  group.reset_calls();
  for (int i = 0; i < 50; ++i) finish(client.get("ship"));
  CHECK(group.calls(1, "get") == 0);

  group.link().heal();
  REQUIRE(become_ready(client, group, {1}));
  CHECK(eventually_while_reading(client, [&] { return group.calls(1, "get") > 0; }));
}

TEST_CASE("with a link that comes and goes, reads see what was written replica_lag_max ago") {
  ReplicaGroup group({.replicas = 2, .has_link = true});
  seed(group, "ship", "0");
  Options options = reading_options();
  options.replica_lag_max = 100ms;
  Client client = reader_of(group, options);
  std::atomic<std::uint64_t> seen_by_all = 0;
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    for (std::uint64_t value = 1; value <= 20; ++value) {
      if (value % 2 == 1) group.link().stall();
      group.ask(0, "SET ship " + std::to_string(value));
      std::this_thread::sleep_for(options.replica_lag_max);
      seen_by_all = value;
      if (value % 2 == 0) group.link().heal();
    }
    is_over = true;
  });
  std::uint64_t old_values = 0;
  while (!is_over) {
    const std::uint64_t must_see = seen_by_all;
    const auto read = finish(client.get("ship"));
    old_values += std::stoull(*read) < must_see ? 1 : 0;
  }
  other.join();
  CHECK(old_values == 0);
}

// The replica owes the answer to INFO, and to the reads that it was sent.
TEST_CASE("a replica that is busy for long holds up no read for longer than half of its time") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  Client client = reader_of(group, reading_options());
  std::thread busy([&] { group.ask(1, "DEBUG SLEEP 2"); });
  for (int i = 0; i < 200; ++i) CHECK(finish(client.get("ship")) == "here");
  busy.join();
  REQUIRE(become_ready(client, group, {1}));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_lag_test
