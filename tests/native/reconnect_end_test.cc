#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/connection_log.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/support/fault_proxy.h"

// What callers can do while there is no connection: end the client, cancel, wait in vain.

namespace plimsoll::testing::reconnect_end_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Options;
using native::Result;
using namespace std::chrono_literals;

// A client whose server is away, and stays so until proxy.heal().
struct Outage {
  explicit Outage(Options options = patient_options()) : proxy(shared_server().socket_path()) {
    options.reconnect_wait_max = 20ms;
    log.listen(options);
    client = connected(proxy.url(), options);
    proxy.refuse();
    CHECK(eventually([&] { return log.story() == "connected disconnected"; }));
  }

  FaultProxy proxy;
  ConnectionLog log;
  Client client;
};

TEST_CASE("close() in an outage ends at once; what waited was not sent") {
  Outage outage;
  std::vector<std::future<Result<std::string>>> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(outage.client.ping(use_future));
  value_of(outage.client.close(use_future));
  for (auto& call : calls) {
    const native::Error error = error_of(std::move(call));
    CHECK(error.code() == ErrorCode::lost_unsent);
    CHECK(error.executed() == Executed::no);
  }
  CHECK(error_of(outage.client.ping(use_future)).code() == ErrorCode::closed);
  CHECK(outage.log.story() == "connected disconnected closed");
  CHECK(outage.log.last_error()->code() == ErrorCode::closed);
  value_of(outage.client.close(use_future));
}

TEST_CASE("a client that is destroyed in an outage ends what waits, and is closed") {
  Outage outage;
  auto call = outage.client.ping(use_future);
  outage.client = Client();
  CHECK(error_of(std::move(call)).code() == ErrorCode::lost_unsent);
  CHECK(eventually([&] { return outage.log.story() == "connected disconnected closed"; }));
}

TEST_CASE("a call that is cancelled in an outage is never sent") {
  Outage outage;
  asio::cancellation_signal signal;
  std::promise<Result<std::int64_t>> promise;
  outage.client.incr("cancelled",
                     asio::bind_cancellation_slot(signal.slot(), [&](Result<std::int64_t> result) {
                       promise.set_value(std::move(result));
                     }));
  auto behind = outage.client.exists("cancelled", use_future);
  signal.emit(asio::cancellation_type::total);
  const Result<std::int64_t> outcome = finish(promise.get_future());
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == ErrorCode::cancelled);
  CHECK(outcome.error().executed() == Executed::no);
  outage.proxy.heal();
  CHECK(value_of(std::move(behind)) == 0);
}

TEST_CASE("a call whose deadline passes in an outage is never sent, and is told why") {
  Outage outage;
  Client hasty = outage.client.with_timeout(test_timeout(50ms));
  CHECK(eventually([&] { return outage.client.statistics().client.counters.attempts_failed > 0; }));
  const native::Error error = error_of(hasty.incr("late", use_future));
  CHECK(error.code() == ErrorCode::timed_out);
  CHECK(error.executed() == Executed::no);
  CHECK_THAT(error.what(),
             ContainsSubstring(outage.proxy.address()) && ContainsSubstring("refused"));
  outage.proxy.heal();
  CHECK(value_of(outage.client.exists("late", use_future)) == 0);
}

TEST_CASE("what waits in an outage counts in the limit") {
  Options options = patient_options();
  options.inflight_requests_limit = 3;
  options.inflight_overflow = native::OnLimit::reject;
  Outage outage(options);
  std::vector<std::future<Result<std::string>>> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(outage.client.ping(use_future));
  CHECK(error_of(outage.client.ping(use_future)).code() == ErrorCode::rejected_by_limit);
  outage.proxy.heal();
  for (auto& call : calls) CHECK(value_of(std::move(call)) == "PONG");
}

TEST_CASE("a client gives up after reconnect_attempts_max, and says so") {
  Options options = patient_options();
  options.reconnect_attempts_max = 3;
  Outage outage(options);
  auto call = outage.client.ping(use_future);
  CHECK(eventually([&] { return outage.log.story() == "connected disconnected closed"; }));
  CHECK(outage.log.last_error()->code() == ErrorCode::connect_failed);
  CHECK_THAT(outage.log.last_error()->what(), ContainsSubstring("Connection refused"));
  CHECK(error_of(std::move(call)).code() == ErrorCode::lost_unsent);
  const native::Error closed = error_of(outage.client.ping(use_future));
  CHECK(closed.code() == ErrorCode::closed);
  CHECK_THAT(closed.what(), ContainsSubstring("Connection refused"));
  CHECK(outage.client.statistics().client.counters.attempts_failed == 3);
}

TEST_CASE("options that make no sense are refused before anything is opened") {
  Options options = patient_options();
  SECTION("tcp_user_timeout") { options.tcp_user_timeout = -1ms; }
  SECTION("reconnect_wait_min") { options.reconnect_wait_min = 0ms; }
  SECTION("reconnect_wait_max") { options.reconnect_wait_max = 1ns; }
  SECTION("health_check_interval") { options.health_check_interval = -1s; }
  SECTION("tombstone_age_max") { options.tombstone_age_max = 0s; }
  const native::Error error = error_of(native::connect(shared_server().url(), options, use_future));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK(error.executed() == Executed::no);
}

TEST_CASE(
    "an executor that served a client has nothing left to do when it is closed in an outage") {
  asio::io_context context;
  Options options = patient_options();
  options.reconnect_wait_min = options.reconnect_wait_max = 24h;
  FaultProxy proxy(shared_server().socket_path());
  Client client =
      finish(context, native::connect(context.get_executor(), proxy.url(), options, use_future))
          .value();
  proxy.refuse();
  context.restart();
  while (client.statistics().client.state != Session::State::waiting) {
    REQUIRE(context.run_one_for(patience()) > 0);
  }
  auto closed = client.close(use_future);
  context.run_for(patience());
  CHECK(context.stopped());
  CHECK(closed.wait_for(0s) == std::future_status::ready);
}

TEST_CASE("an observer hears of a loss before the calls that were lost with it end") {
  Listener listener;
  Options options = patient_options();
  auto story = std::make_shared<std::vector<std::string>>();  // told on one thread
  options.on_connection = [story](const native::ConnectionEvent& event) {
    story->push_back(event.error ? "loss" : "connection");
  };
  auto [client, peer] = listener.connect(options);
  std::promise<void> ended;
  client.get("k", [&](Result<std::optional<std::string>> result) {
    story->emplace_back(result ? "value" : name(result.error().code()));
    ended.set_value();
  });
  peer.receive();
  peer.close();
  finish(ended.get_future());
  CHECK(*story == std::vector<std::string>{"connection", "loss", "lost_in_doubt"});
}

TEST_CASE("an observer that throws is heard by whoever runs the executor, and the client goes on") {
  asio::io_context context;
  Options options = patient_options();
  options.on_connection = [](const native::ConnectionEvent&) { throw std::domain_error("no"); };
  auto connecting =
      native::connect(context.get_executor(), shared_server().url(), options, use_future);
  CHECK_THROWS_AS(context.run_for(patience()), std::domain_error);
  Client client = finish(context, std::move(connecting)).value();
  CHECK(finish(context, client.ping(use_future)).value() == "PONG");
}

TEST_CASE("an observer may close the client, and so do without new connections") {
  FaultProxy proxy(shared_server().socket_path());
  Client client;
  Options options = patient_options();
  std::promise<void> closed;
  options.on_connection = [&](const native::ConnectionEvent& event) {
    using Kind = native::ConnectionEvent::Kind;
    if (event.kind == Kind::disconnected) client.close([](Result<void>) {});
    if (event.kind == Kind::closed) closed.set_value();
  };
  client = connected(proxy.url(), options);
  value_of(client.ping(use_future));  // from here on the observer sees the client
  proxy.cut_all(Cut::reset);
  finish(closed.get_future());
  CHECK(error_of(client.ping(use_future)).code() == ErrorCode::closed);
  CHECK(proxy.connections() == 1);
}

}  // namespace
}  // namespace plimsoll::testing::reconnect_end_test
