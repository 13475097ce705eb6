#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// A real server that falls silent (SIGSTOP) with its connections open, and goes on: one a test.

namespace plimsoll::testing::reconnect_pause_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

// Gives a silent connection up soon.
Options strict_options() {
  Options options = patient_options();
  options.request_timeout = test_timeout(50ms);
  options.connect_timeout = test_timeout(100ms);
  options.tombstone_age_max = test_timeout(50ms);
  options.reconnect_wait_max = 20ms;
  return options;
}

std::uint64_t connections_dead(const Client& client) {
  return client.statistics().client.counters.connections_dead;
}

TEST_CASE("a connection that is silent for a moment is kept, and stays in step") {
  ValkeyServer server;
  Options options = strict_options();
  options.tombstone_age_max = patience();
  Client client = connected(server.url(), options);
  for (int round = 0; round < 3; ++round) {
    server.pause();
    std::vector<std::future<native::Result<std::int64_t>>> calls;
    for (int i = 0; i < 50; ++i) calls.push_back(client.incr("n", use_future));
    for (auto& call : calls) CHECK(error_of(std::move(call)).executed() == Executed::maybe);
    server.resume();
    CHECK(eventually([&] { return client.statistics().client.in_flight == 0; }));
    auto call = client.with_timeout(patience()).get("n", use_future);
    CHECK(value_of(std::move(call)) == std::to_string(50 * (round + 1)));
  }
  CHECK(client.statistics().client.counters.connections == 1);
}

TEST_CASE("a connection that is silent for long is dead, and replaced when the server goes on") {
  ValkeyServer server;
  Options options = strict_options();
  ConnectionLog log;
  log.listen(options);
  Increments work;
  Client client = connected(server.url(), options);
  server.pause();
  work.start(client, 100);
  CHECK(eventually([&] { return connections_dead(client) == 1; }));
  CHECK(eventually([&] { return log.story() == "connected disconnected"; }));
  CHECK(log.last_error()->code() == ErrorCode::connection_dead);
  CHECK_THAT(log.last_error()->what(), ContainsSubstring("tombstone_age_max"));
  work.start(client, 100);
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.count(ErrorCode::timed_out) == 200);
  // Attempts are made meanwhile, and fail.
  CHECK(eventually([&] { return client.statistics().client.counters.attempts_failed >= 2; }));
  CHECK_THAT(client.statistics().last_problem, ContainsSubstring("did not answer the handshake"));
  server.resume();
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  Client patient = client.with_timeout(patience());
  CHECK(work.broken_promises(patient) == "");
}

TEST_CASE("a connection on which somebody waits is not dead, however long it takes") {
  ValkeyServer server;
  Options options = strict_options();
  Client waiting = connected(server.url(), options);
  Client witness = connected(server.url(), options);
  server.pause();
  auto call = waiting.with_timeout(patience()).incr("n", use_future);
  auto given_up = waiting.incr("n", use_future);  // behind it: not due yet
  CHECK(error_of(std::move(given_up)).code() == ErrorCode::timed_out);
  error_of(witness.ping(use_future));
  CHECK(eventually([&] { return connections_dead(witness) == 1; }));
  CHECK(eventually([&] { return witness.statistics().client.counters.attempts_failed >= 3; }));
  CHECK(connections_dead(waiting) == 0);
  server.resume();
  CHECK(value_of(std::move(call)) == 1);
}

TEST_CASE("a connection with nothing to do is checked, and found dead") {
  ValkeyServer server;
  Options options = strict_options();
  options.health_check_interval = test_timeout(20ms);
  Client client = connected(server.url(), options);
  CHECK(eventually([&] { return client.statistics().client.counters.health_checks >= 3; }));
  CHECK(connections_dead(client) == 0);
  CHECK(client.statistics().client.counters.completed == 0);
  server.pause();
  CHECK(eventually([&] { return connections_dead(client) == 1; }));
  server.resume();
  CHECK(value_of(client.with_timeout(patience()).ping(use_future)) == "PONG");
}

TEST_CASE("a server that drops idle connections keeps one that is checked") {
  // The server looks at its clients a few times a second, and drops those idle for a second.
  ValkeyServer server({.arguments = {"--timeout", "1"}});
  Options checked = patient_options();
  checked.health_check_interval = 200ms;
  Options unchecked = patient_options();
  unchecked.health_check_interval = 0s;
  Client kept = connected(server.url(), checked);
  Client dropped = connected(server.url(), unchecked);
  CHECK(eventually([&] { return dropped.statistics().client.counters.connections == 2; }));
  CHECK(kept.statistics().client.counters.connections == 1);
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_pause_test
