#include <optional>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/support/valkey_server.h"

// A real server that is killed and comes back, or throws its clients out: one a test.

namespace plimsoll::testing::reconnect_server_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

Options eager_options() {
  Options options = patient_options();
  options.reconnect_wait_max = 50ms;
  options.inflight_requests_limit = 10'000;
  return options;
}

std::uint64_t bytes_written(const Client& client) {
  return client.statistics().client.counters.bytes_written;
}

TEST_CASE("what was sent to a server that is killed is in doubt; the rest waits for the next") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  Increments work;
  Client client = connected(server.url(), eager_options());
  server.pause();
  const auto before = bytes_written(client);
  work.start(client, 100);
  CHECK(eventually([&] { return bytes_written(client) > before; }));
  server.kill();
  CHECK(eventually([&] { return client.statistics().client.counters.connections_lost == 1; }));
  work.start(client, 100);
  server.restart();
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.completed() >= 100);
  CHECK(work.count(ErrorCode::lost_in_doubt) > 0);
  CHECK(work.count(ErrorCode::lost_in_doubt) == 200 - work.completed());
  CHECK(work.broken_promises(client).empty());  // the killed server had run nothing
}

TEST_CASE("through kills and restarts with its data, each request has one outcome that is true") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp,
                       .arguments = {"--appendonly", "yes", "--appendfsync", "no"}});
  Increments work;
  Client client = connected(server.url(), eager_options());
  for (int round = 0; round < 4; ++round) {
    const std::size_t completed = work.completed();
    work.start(client, 2'000);
    CHECK(eventually([&] { return work.completed() > completed; }));
    server.kill();
    work.start(client, 200);
    server.restart(Data::kept);
    CHECK(eventually([&] { return work.all_ended(); }));
  }
  CHECK(work.broken_promises(client) == "");
  CHECK(work.count(ErrorCode::lost_in_doubt) + work.completed() == work.started());
  CHECK(client.statistics().client.counters.connections == 5);
}

TEST_CASE("through kills and restarts without its data, nothing runs twice") {
  ValkeyServer server;
  Increments work;
  Client client = connected(server.url(), eager_options());
  for (int round = 0; round < 4; ++round) {
    const std::size_t completed = work.completed();
    work.start(client, 2'000);
    CHECK(eventually([&] { return work.completed() > completed; }));
    server.restart();
    CHECK(eventually([&] { return work.all_ended(); }));
  }
  CHECK(work.broken_promises_but_lost_data(client) == "");
}

TEST_CASE("a client that is thrown out again and again comes back, and its outcomes are true") {
  ValkeyServer server({.listen = Listen::unix_socket_and_tcp});
  Increments work;
  Client client = connected(server.url(), eager_options());
  for (std::uint64_t round = 1; round <= 20; ++round) {
    work.start(client, 300);
    server.ask("CLIENT KILL TYPE normal");
    CHECK(eventually([&] { return client.statistics().client.counters.connections > round; }));
  }
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.broken_promises(client) == "");
}

TEST_CASE("a server that has too many clients is asked again until it has room") {
  ValkeyServer server;
  Client other = connected(server.url());
  Client client = connected(server.url(), eager_options());
  value_of(other.command({"CONFIG", "SET", "maxclients", "1"}, use_future));
  value_of(other.command({"CLIENT", "KILL", "TYPE", "normal"}, use_future));
  CHECK(eventually([&] {
    return client.statistics().last_problem.find("too_many_clients") != std::string::npos;
  }));
  CHECK_THAT(client.statistics().last_problem, ContainsSubstring("a higher maxclients"));
  auto call = client.ping(use_future);
  value_of(other.command({"CONFIG", "SET", "maxclients", "100"}, use_future));
  CHECK(value_of(std::move(call)) == "PONG");
}

TEST_CASE("a server that loads its data is waited for; whoever cannot wait is told so") {
  ValkeyServer server({.arguments = {"--enable-debug-command", "yes", "--rdbcompression", "no"}});
  server.ask("DEBUG POPULATE 2000 key 1000");
  server.ask("SAVE");
  Client client = connected(server.url(), eager_options());
  server.restart_loading();
  auto waiting = client.dbsize(use_future);
  CHECK(eventually([&] {
    return client.statistics().last_problem.find("server_loading") != std::string::npos;
  }));

  Options hasty = patient_options();
  hasty.connect_timeout = test_timeout(100ms);
  const native::Error refused = error_of(native::connect(server.url(), hasty, use_future));
  CHECK((refused.code() == ErrorCode::server_loading ||
         refused.code() == ErrorCode::connect_failed));  // the server answers now and then only
  const native::Error late = error_of(client.with_timeout(test_timeout(50ms)).ping(use_future));
  CHECK(late.code() == ErrorCode::timed_out);
  CHECK(late.executed() == Executed::no);

  server.finish_loading();
  CHECK(value_of(std::move(waiting)) == 2000);
}

TEST_CASE("a replica without its primary is asked again until it may serve") {
  ValkeyServer server;
  Client client = connected(server.url(), eager_options());
  server.ask("CONFIG SET replica-serve-stale-data no");
  server.ask("REPLICAOF 127.0.0.1 1");
  CHECK(error_of(client.get("k", use_future)).server_code() == "MASTERDOWN");
  server.ask("CLIENT KILL TYPE normal");
  CHECK(eventually(
      [&] { return client.statistics().last_problem.find("primary_down") != std::string::npos; }));
  auto call = client.get("k", use_future);
  server.ask("REPLICAOF NO ONE");
  CHECK_FALSE(value_of(std::move(call)));
}

TEST_CASE("a server that is held up by a script is busy, until the script is killed") {
  ValkeyServer server({.arguments = {"--busy-reply-threshold", "20"}});
  Client holder = connected(server.url());
  auto script = holder.command({"EVAL", "while true do end", "0"}, use_future);
  Options options = patient_options();
  options.connect_timeout = test_timeout(200ms);
  std::optional<native::Error> busy;
  // On a slow machine it does not get round to saying so each time. If it has, and the last attempt
  // is not answered in time, the error is that of an earlier one, without the server's text.
  REQUIRE(eventually([&] {
    busy = error_of(native::connect(server.url(), options, use_future));
    return busy->code() == ErrorCode::server_busy && !busy->server_code().empty();
  }));
  CHECK(busy->server_code() == "BUSY");
  CHECK_THAT(busy->what(), ContainsSubstring("SCRIPT KILL"));
  auto connecting = native::connect(server.url(), patient_options(), use_future);
  server.ask("SCRIPT KILL");
  CHECK(value_of(value_of(std::move(connecting)).ping(use_future)) == "PONG");
  CHECK(error_of(std::move(script)).code() == ErrorCode::server_error);
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_server_test
