#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/stalled_peer.h"
#include "plimsoll/tests/support/fault_proxy.h"

// A network that fails and heals, between a client and a real server.

namespace plimsoll::testing::reconnect_proxy_test {
namespace {

using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

Options eager_options() {
  Options options = patient_options();
  options.reconnect_wait_max = 20ms;
  return options;
}

SessionCounters counters(const Client& client) { return client.statistics().client.counters; }

TEST_CASE("a network that swallows everything is noticed by an idle client, and replaced") {
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.health_check_interval = test_timeout(20ms);
  options.tombstone_age_max = test_timeout(50ms);
  options.connect_timeout = test_timeout(100ms);
  ConnectionLog log;
  log.listen(options);
  Client client = connected(proxy.url(), options);
  proxy.swallow();
  CHECK(eventually([&] { return counters(client).connections_dead == 1; }));
  CHECK(eventually([&] { return counters(client).attempts_failed >= 2; }));
  proxy.heal();
  CHECK(eventually([&] { return log.story() == "connected disconnected connected"; }));
  CHECK(value_of(client.ping(use_future)) == "PONG");
}

TEST_CASE("a network that swallows everything is noticed by a client whose calls time out") {
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.health_check_interval = 0s;
  options.tombstone_age_max = test_timeout(50ms);
  options.request_timeout = test_timeout(50ms);
  options.connect_timeout = test_timeout(100ms);  // an attempt may be swallowed as well
  Client client = connected(proxy.url(), options);
  proxy.swallow();
  Increments work;
  work.start(client, 100);
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.count(ErrorCode::timed_out) == 100);
  CHECK(eventually([&] { return counters(client).connections_dead == 1; }));
  proxy.heal();
  CHECK(value_of(client.with_timeout(patience()).ping(use_future)) == "PONG");
}

TEST_CASE("a network that takes nothing more is noticed by the system, after tcp_user_timeout") {
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.health_check_interval = 0s;
  options.tombstone_age_max = 24h;
  options.tcp_user_timeout = 300ms;
  // Or half of the pool would be for calls that wait, and the rest fits into the system's buffers.
  options.inflight_overflow = native::OnLimit::reject;
  ConnectionLog log;
  log.listen(options);
  Client client = connected(proxy.url(), options);
  proxy.stall();
  const std::string megabyte(1 << 20, 'x');
  std::vector<std::future<native::Result<void>>> calls;
  for (int i = 0; i < 12; ++i) calls.push_back(client.set("large", megabyte, use_future));
  CHECK(eventually([&] { return log.story() == "connected disconnected"; }));
  CHECK(log.last_error()->code() == ErrorCode::connection_lost);
  CHECK_THAT(log.last_error()->what(), ContainsSubstring("tcp_user_timeout"));
  proxy.heal();
  int in_doubt = 0;
  for (auto& call : calls) {
    const native::Result<void> result = finish(std::move(call));
    if (result) continue;
    CHECK(result.error().code() == ErrorCode::lost_in_doubt);
    ++in_doubt;
  }
  CHECK(in_doubt > 0);   // wholly taken by the system
  CHECK(in_doubt < 12);  // not all: these waited for the next connection
}

TEST_CASE("a peer that reads nothing fills the buffers; when it goes on all is in step") {
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.tombstone_age_max = 24h;
  options.tcp_user_timeout = 0ms;
  Client client = connected(proxy.url(), options);
  check_stall(proxy, client);
}

TEST_CASE("a peer that reads nothing is left by a client that ends") {
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.close_timeout = 50ms;
  options.inflight_overflow = native::OnLimit::reject;  // what waits ends with `closed`
  Client client = connected(proxy.url(), options);
  proxy.stall();
  std::vector<std::future<native::Result<void>>> calls;
  const std::string megabyte(1 << 20, 'x');
  for (int i = 0; i < 12; ++i) calls.push_back(client.set("large", megabyte, use_future));
  SECTION("in order") { value_of(client.close(use_future)); }
  SECTION("at once") { client = Client(); }
  for (auto& call : calls) {
    const ErrorCode code = error_of(std::move(call)).code();
    CHECK((code == ErrorCode::lost_unsent || code == ErrorCode::lost_in_doubt));
  }
}

TEST_CASE("a write that fails while a call waits for room is not tried for ever") {
  boost::asio::io_context context;
  FaultProxy proxy(shared_server().socket_path());
  Options options = eager_options();
  options.inflight_requests_limit = 1;
  Client client =
      finish(context, native::connect(context.get_executor(), proxy.url(), options, use_future))
          .value();
  // Nobody runs the context here, so the client writes before it sees the reset.
  proxy.cut_all(Cut::reset);
  auto first = client.ping(use_future);
  auto second = client.ping(use_future);
  CHECK(client.statistics().client.waiting == 1);
  CHECK(finish(context, std::move(first)).value() == "PONG");
  CHECK(finish(context, std::move(second)).value() == "PONG");
  CHECK(counters(client).connections == 2);
}

TEST_CASE("a connection that is refused for a while is made at last, and the waiting go on") {
  FaultProxy proxy(shared_server().socket_path());
  Client client = connected(proxy.url(), eager_options());
  proxy.refuse();
  CHECK(eventually([&] { return counters(client).connections_lost == 1; }));
  auto call = client.ping(use_future);
  CHECK(eventually([&] { return counters(client).attempts_failed >= 5; }));
  const std::string problem = client.statistics().last_problem;
  CHECK_THAT(problem, ContainsSubstring("connect_failed") && ContainsSubstring(proxy.address()) &&
                          ContainsSubstring("Connection refused"));
  proxy.heal();
  CHECK(value_of(std::move(call)) == "PONG");
  CHECK(counters(client).connections == 2);
}

TEST_CASE("a name is resolved again for each connection") {
  FaultProxy proxy(shared_server().socket_path());
  Client client = connected("valkey://localhost:" + std::to_string(proxy.port()), eager_options());
  for (std::uint64_t round = 1; round <= 3; ++round) {
    proxy.refuse();
    CHECK(eventually([&] { return counters(client).connections_lost == round; }));
    proxy.heal();
    CHECK(value_of(client.ping(use_future)) == "PONG");
  }
}

TEST_CASE("whichever direction ends alone, the connection is replaced") {
  const auto direction = GENERATE(Direction::to_server, Direction::to_client);
  FaultProxy proxy(shared_server().socket_path());
  proxy.cut_after(direction, 400, Cut::half_close);
  Increments work;
  Client client = connected(proxy.url(), eager_options());
  work.start(client, 200);
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(eventually([&] { return counters(client).connections == 2; }));
  CHECK(work.broken_promises(client) == "");
  value_of(client.command({"FLUSHALL"}, use_future));
}

TEST_CASE(
    "through a network that resets again and again, many threads serve a client as one does") {
  boost::asio::thread_pool pool(4);
  FaultProxy proxy(shared_server().socket_path());
  Increments work;
  {
    Client client =
        finish(native::connect(pool.get_executor(), proxy.url(), eager_options(), use_future))
            .value();
    for (int round = 0; round < 10; ++round) {
      const std::size_t ended = work.ended();
      work.start(client, 200);
      CHECK(eventually([&] { return work.ended() > ended; }));
      proxy.cut_all(Cut::reset);
    }
    CHECK(eventually([&] { return work.all_ended(); }));
    CHECK(work.broken_promises(client) == "");
    value_of(client.command({"FLUSHALL"}, use_future));
  }
  pool.join();
}

TEST_CASE("through a network that resets again and again, each outcome is true") {
  FaultProxy proxy(shared_server().socket_path());
  Increments work;
  Client client = connected(proxy.url(), eager_options());
  for (int round = 0; round < 20; ++round) {
    const std::size_t ended = work.ended();
    work.start(client, 200);
    CHECK(eventually([&] { return work.ended() > ended; }));
    proxy.cut_all(round % 2 == 0 ? Cut::reset : Cut::close);
  }
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.broken_promises(client) == "");
  value_of(client.command({"FLUSHALL"}, use_future));
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_proxy_test
