#include <chrono>
#include <future>
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
#include "plimsoll/tests/support/replicas.h"
#include "plimsoll/tests/support/test_timeout.h"

// Servers that die or fall silent: no read fails for as long as another server can answer it.

namespace plimsoll::testing::native_replicas_silent_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using namespace std::chrono_literals;
using Read = std::future<native::Result<std::optional<std::string>>>;

constexpr std::size_t reads_count = 200;

std::vector<Read> start_reads(Client& client) {
  std::vector<Read> all;
  for (std::size_t i = 0; i < reads_count; ++i) all.push_back(client.get("ship", use_future));
  return all;
}

void check_all_read(std::vector<Read> reads) {
  std::size_t right = 0;
  for (Read& each : reads) right += value_of(std::move(each)) == "here" ? 1 : 0;
  CHECK(right == reads_count);
}

std::size_t in_flight(const Client& client, const std::string& address) {
  const auto found = known_replica(client, address);
  return found ? found->in_flight : 0;
}

TEST_CASE("reads that are in flight at a replica that dies go on to another server") {
  const std::size_t replicas = GENERATE(as<std::size_t>(), 1, 2);
  const auto protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  ReplicaGroup group({.replicas = replicas});
  seed(group, "ship", "here");
  Options options = reading_options();
  options.protocol = protocol;
  Client client = reader_of(group, options);
  group.server(1).pause();
  std::vector<Read> reads = start_reads(client);
  CHECK(in_flight(client, group.address(1)) > 0);
  group.server(1).kill();
  check_all_read(std::move(reads));
  // It comes back, and is read again.
  group.server(1).restart();
  group.wait_until_online({1});
  REQUIRE(become_ready(client, group, {1}));
  CHECK(finish(client.get("ship")) == "here");
}

TEST_CASE("a replica that falls silent is left, and read again once it speaks") {
  const std::size_t replicas = GENERATE(as<std::size_t>(), 1, 2);
  ReplicaGroup group({.replicas = replicas});
  seed(group, "ship", "here");
  Options options = reading_options();
  // Half of this is how long a read waits for the replica, and the other half must do for the rest.
  options.request_timeout = test_timeout(1s);
  Client client = reader_of(group, options);
  group.server(1).pause();
  std::vector<Read> reads = start_reads(client);
  CHECK(in_flight(client, group.address(1)) > 0);
  check_all_read(std::move(reads));
  const auto state = known_replica(client, group.address(1));
  REQUIRE(state);
  // Lost: on a slow machine the client has connected to it anew by now, in vain.
  CHECK((state->state == ReplicaState::suspect || state->state == ReplicaState::lost));
  CHECK(state->reads_moved > 0);

  // New reads do not wait for it.
  for (std::size_t i = 0; i < reads_count; ++i) CHECK(finish(client.get("ship")) == "here");
  CHECK(known_replica(client, group.address(1))->reads == state->reads);

  group.server(1).resume();
  REQUIRE(become_ready(client, group, {1}));
  CHECK(eventually_while_reading(client, [&] {
    const auto now = known_replica(client, group.address(1));
    return now && now->reads > state->reads;
  }));
}

TEST_CASE("if no server answers, a read ends at its deadline, wherever it is") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  Client client = reader_of(group, reading_options());
  group.server(1).pause();
  group.primary().pause();
  for (int i = 0; i < 5; ++i) {
    const native::Error error = error_of(client.with_timeout(100ms).get("ship", use_future));
    CHECK(error.code() == ErrorCode::timed_out);
  }
  group.server(1).resume();
  group.primary().resume();
  CHECK(finish(client.get("ship")) == "here");
  REQUIRE(become_ready(client, group, {1}));
}

TEST_CASE("a client that ends while a replica owes it reads ends each of them, once") {
  const bool closes = GENERATE(false, true);
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  Options options = reading_options();
  options.close_timeout = 50ms;
  Client client = reader_of(group, options);
  group.server(1).pause();
  std::vector<Read> reads = start_reads(client);
  CHECK(in_flight(client, group.address(1)) > 0);
  if (closes) {
    value_of(client.close(use_future));
  } else {
    client = Client();
  }
  for (Read& each : reads) {
    const auto result = finish(std::move(each));
    if (result) continue;
    INFO(result.error().what());
    // It may have run at the replica, or was not sent yet.
    const ErrorCode code = result.error().code();
    CHECK((code == ErrorCode::closed || code == ErrorCode::lost_in_doubt ||
           code == ErrorCode::lost_unsent));
  }
}

TEST_CASE("a replica that was silent for long is connected to again") {
  ReplicaGroup group({.replicas = 1});
  seed(group, "ship", "here");
  Options options = reading_options();
  options.request_timeout = test_timeout(1s);
  options.health_check_interval = 100ms;
  options.tombstone_age_max = 200ms;
  options.connect_timeout = test_timeout(500ms);
  Client client = reader_of(group, options);
  group.server(1).pause();
  REQUIRE(eventually([&] {
    // A read that the replica takes meanwhile may be late, and goes on to the primary in time.
    (void)finish(client.get("ship", use_future));
    return is_in(client, group.address(1), ReplicaState::lost);
  }));
  CHECK_FALSE(known_replica(client, group.address(1))->problem.empty());
  group.server(1).resume();
  REQUIRE(become_ready(client, group, {1}));
}

TEST_CASE("without a primary, replicas answer reads until they may be too old") {
  ReplicaGroup group;
  seed(group, "ship", "here");
  group.ask(0, "SAVE");
  Options options = reading_options();
  options.replica_lag_max = test_timeout(1s);
  options.request_timeout = test_timeout(200ms);
  Client client = reader_of(group, options);
  REQUIRE(eventually_while_reading(client, [&] { return group.calls(1, "get") > 0; }));
  const auto lag_began = std::chrono::steady_clock::now();
  group.primary().kill();
  const std::uint64_t before = reads_at_replicas(client);
  std::size_t answered = 0;
  std::optional<native::Error> failed;
  while (!failed) {
    const auto result = finish(client.get("ship", use_future));
    if (result) {
      if (*result != "here") FAIL("a replica answers what is not there");
      ++answered;
      // Nobody may answer once the last proof is older than the limit.
      REQUIRE(std::chrono::steady_clock::now() - lag_began < patience() + options.replica_lag_max);
    } else {
      failed = result.error();
    }
  }
  CHECK(answered > 0);
  CHECK(reads_at_replicas(client) >= before + answered);
  CHECK(failed->executed() == Executed::no);

  group.primary().restart(Data::kept);
  group.wait_until_online({1, 2});
  REQUIRE(eventually([&] { return finish(client.get("ship", use_future)).has_value(); }));
  REQUIRE(become_ready(client, group, {1, 2}));
  CHECK(finish(client.get("ship")) == "here");
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_silent_test
