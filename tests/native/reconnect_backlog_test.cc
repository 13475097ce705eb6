#include <string>
#include <utility>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/increments.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/support/valkey_server.h"

// What is sent on a new connection: the backlog in steps, reads again where that was asked for,
// writes never.

namespace plimsoll::testing::reconnect_backlog_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using namespace std::chrono_literals;

Options eager_options() {
  Options options = patient_options();
  options.reconnect_wait_max = 20ms;
  options.inflight_requests_limit = 20'000;
  return options;
}

TEST_CASE("thousands of calls that gathered in an outage all run once when it is over") {
  ValkeyServer server;
  Increments work;
  Client client = connected(server.url(), eager_options());
  server.kill();
  CHECK(eventually([&] { return client.statistics().client.counters.connections_lost == 1; }));
  work.start(client, 10'000);
  server.restart();
  CHECK(eventually([&] { return work.all_ended(); }));
  CHECK(work.completed() == 10'000);
  CHECK(work.broken_promises(client) == "");
}

TEST_CASE("what gathered in an outage is sent in steps that grow with the replies") {
  Listener listener;
  auto [client, first] = listener.connect(eager_options());
  first.close();
  CHECK(eventually(
      [&, &client = client] { return client.statistics().client.counters.connections_lost == 1; }));
  std::vector<std::future<native::Result<std::int64_t>>> calls;
  for (int i = 0; i < 1'000; ++i) calls.push_back(client.incr("n", use_future));
  Peer peer = listener.accept();
  peer.shake_hands();
  std::size_t received = 0;
  for (std::size_t step = reconnect_window_min; received < 1'000; step *= 2) {
    std::string replies;
    for (std::size_t i = 0; i < step && received < 1'000; ++i, ++received) {
      REQUIRE(peer.receive() == "INCR n");
      replies += ":1\r\n";
    }
    if (step == reconnect_window_min) CHECK_FALSE(peer.has_more());
    peer.send(replies);
  }
  for (auto& call : calls) CHECK(value_of(std::move(call)) == 1);
}

TEST_CASE("reads that were lost are sent again where that is asked for, as often as asked for") {
  const int resends = GENERATE(0, 1, 2);
  Listener listener;
  Options options = eager_options();
  options.read_resends_max = static_cast<std::uint8_t>(resends);
  auto [client, peer] = listener.connect(options);
  auto get = client.get("k", use_future);
  for (int i = 0; i < resends; ++i) {
    CHECK(peer.receive() == "GET k");
    peer.close();
    peer = listener.accept();
    peer.shake_hands();
  }
  CHECK(peer.receive() == "GET k");
  SECTION("until it has its reply") {
    peer.send("$1\r\nv\r\n");
    CHECK(value_of(std::move(get)) == "v");
  }
  SECTION("and not once more") {
    peer.close();
    const native::Error error = error_of(std::move(get));
    CHECK(error.code() == ErrorCode::lost_in_doubt);
    CHECK(error.executed() == Executed::maybe);
  }
  CHECK(client.statistics().client.counters.requests_resent == static_cast<std::uint64_t>(resends));
}

TEST_CASE(
    "writes that were lost, and commands that the table does not know, are never sent again") {
  Listener listener;
  Options options = eager_options();
  options.read_resends_max = 5;
  auto [client, peer] = listener.connect(options);
  auto set = client.set("k", "v", use_future);
  auto incr = client.incr("n", use_future);
  auto any = client.command({"MODULE.GET", "k"}, use_future);
  auto get = client.get("k", use_future);
  for (int i = 0; i < 4; ++i) peer.receive();
  peer.close();
  CHECK(error_of(std::move(set)).code() == ErrorCode::lost_in_doubt);
  CHECK(error_of(std::move(incr)).code() == ErrorCode::lost_in_doubt);
  CHECK(error_of(std::move(any)).code() == ErrorCode::lost_in_doubt);
  Peer next = listener.accept();
  next.shake_hands();
  CHECK(next.receive() == "GET k");
  next.send("$1\r\nv\r\n");
  CHECK(value_of(std::move(get)) == "v");
}

TEST_CASE("a read that was deferred is still a read") {
  Listener listener;
  Options options = eager_options();
  options.read_resends_max = 1;
  auto [client, peer] = listener.connect(options);
  auto later = client.get("k", boost::asio::deferred);
  auto get = std::move(later)(use_future);
  peer.receive();
  peer.close();
  Peer next = listener.accept();
  next.shake_hands();
  CHECK(next.receive() == "GET k");
  next.send("_\r\n");
  CHECK_FALSE(value_of(std::move(get)));
}

TEST_CASE("reads are sent again to a real server that was killed, and only in-doubt writes fail") {
  ValkeyServer server({.arguments = {"--appendonly", "yes", "--appendfsync", "no"}});
  Options options = eager_options();
  options.read_resends_max = 10;
  Increments work;
  Client client = connected(server.url(), options);
  value_of(client.set("k", "v", use_future));
  for (int round = 0; round < 3; ++round) {
    server.pause();
    work.start(client, 50);
    std::vector<std::future<native::Result<std::optional<std::string>>>> reads;
    for (int i = 0; i < 500; ++i) reads.push_back(client.get("k", use_future));
    server.restart(Data::kept);
    for (auto& read : reads) REQUIRE(value_of(std::move(read)) == "v");
    CHECK(eventually([&] { return work.all_ended(); }));
  }
  CHECK(work.broken_promises(client) == "");
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_backlog_test
