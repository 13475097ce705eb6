#include <future>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"

// Cancellation by Asio's slots, in every state that a call can be in.

namespace plimsoll::testing::cancel_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::use_future;
using native::Client;
using native::Result;
using Text = std::optional<std::string>;

// A call whose outcome comes to a future, and that can be cancelled.
struct Cancellable {
  asio::cancellation_signal signal;
  std::promise<Result<Text>> promise;

  void get(Client& client, std::string_view key) {
    client.get(key, asio::bind_cancellation_slot(signal.slot(), [this](Result<Text> value) {
                 promise.set_value(std::move(value));
               }));
  }
  Result<Text> outcome() { return finish(promise.get_future()); }
};

TEST_CASE("a call that is cancelled in flight ends at once; it may have run") {
  const auto type = GENERATE(asio::cancellation_type::total, asio::cancellation_type::partial,
                             asio::cancellation_type::terminal);
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  Cancellable call;
  call.get(client, "a");
  CHECK(peer.receive() == "GET a");
  call.signal.emit(type);
  const Result<Text> outcome = call.outcome();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == ErrorCode::cancelled);
  CHECK(outcome.error().executed() == Executed::maybe);
}

TEST_CASE("the reply of a cancelled call is skipped, and the next one is the next call's") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  Cancellable call;
  call.get(client, "a");
  auto next = client.get("b", use_future);
  peer.receive();
  peer.receive();
  call.signal.emit(asio::cancellation_type::total);
  CHECK(call.outcome().error().code() == ErrorCode::cancelled);
  CHECK(client.statistics().client.in_flight == 2);
  peer.send("$1\r\na\r\n$1\r\nb\r\n");
  CHECK(value_of(std::move(next)) == "b");
  CHECK(client.statistics().client.in_flight == 0);
}

TEST_CASE("a call that is cancelled before it is sent is not sent") {
  Listener listener;
  asio::io_context context;
  auto connecting =
      native::connect(context.get_executor(), listener.url(), patient_options(), use_future);
  auto shaken = std::async(std::launch::async, [&] {
    Peer peer = listener.accept();
    peer.shake_hands();
    return peer;
  });
  Client client = finish(context, std::move(connecting)).value();
  Peer peer = finish(std::move(shaken));

  // Nobody runs the context meanwhile.
  Cancellable call;
  call.get(client, "a");
  auto next = client.get("b", use_future);
  call.signal.emit(asio::cancellation_type::total);
  context.restart();
  context.poll();
  const Result<Text> outcome = call.outcome();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == ErrorCode::cancelled);
  CHECK(outcome.error().executed() == Executed::no);
  CHECK(peer.receive() == "GET b");
  peer.send("$1\r\nb\r\n");
  CHECK(finish(context, std::move(next)).value() == "b");
}

TEST_CASE("cancelling a call that has ended does nothing, also when its client is gone") {
  Cancellable call;
  {
    Listener listener;
    auto [client, peer] = listener.connect(patient_options());
    call.get(client, "a");
    peer.receive();
    peer.send("$1\r\na\r\n");
    CHECK(call.outcome().value() == "a");
    call.signal.emit(asio::cancellation_type::total);
    auto next = client.get("b", use_future);
    peer.receive();
    peer.send("$1\r\nb\r\n");
    CHECK(value_of(std::move(next)) == "b");
    call.signal.emit(asio::cancellation_type::total);
  }
  call.signal.emit(asio::cancellation_type::total);
}

TEST_CASE("a call may be cancelled twice, and by type none not at all") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  Cancellable call;
  call.get(client, "a");
  peer.receive();
  call.signal.emit(asio::cancellation_type::none);
  CHECK(client.statistics().client.counters.failed == 0);
  call.signal.emit(asio::cancellation_type::total);
  call.signal.emit(asio::cancellation_type::total);
  CHECK(call.outcome().error().code() == ErrorCode::cancelled);
  CHECK(client.statistics().client.counters.failed == 1);
}

TEST_CASE("of two calls that are awaited with || the one without a reply is cancelled") {
  using namespace asio::experimental::awaitable_operators;
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  auto winner = std::async(std::launch::async, [&client = client] {
    return run([](Client& source) -> awaitable<std::size_t> {
      const auto get = [&](std::string key) -> awaitable<Text> {
        co_return co_await source.get(key);
      };
      const auto outcome = co_await (get("a") || get("b"));
      co_return outcome.index();
    }(client));
  });
  peer.receive();
  peer.receive();
  peer.send("$1\r\na\r\n");
  CHECK(finish(std::move(winner)) == 0);
  CHECK(client.statistics().client.counters.failed == 1);
  CHECK(client.statistics().client.in_flight == 1);
}

TEST_CASE("a timer that is awaited with || cancels the call when it is first") {
  using namespace asio::experimental::awaitable_operators;
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  const auto winner = run([](Client& source) -> awaitable<std::size_t> {
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(20));
    const auto get = [&]() -> awaitable<Text> { co_return co_await source.get("never"); };
    const auto first = co_await (get() || timer.async_wait(asio::use_awaitable));
    co_return first.index();
  }(client));
  CHECK(winner == 1);
  CHECK(client.statistics().client.counters.failed == 1);
}

TEST_CASE("a call in its default form is cancelled by what awaits it") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  asio::cancellation_signal signal;
  std::promise<std::exception_ptr> promise;
  auto call = client.get("a");
  std::move(call)(asio::bind_cancellation_slot(
      signal.slot(), [&](std::exception_ptr problem, Text) { promise.set_value(problem); }));
  signal.emit(asio::cancellation_type::total);
  const auto problem = finish(promise.get_future());
  REQUIRE(problem);
  CHECK_THROWS_AS(std::rethrow_exception(problem), native::Error);
}

TEST_CASE("a deferred call can be cancelled like any other") {
  Listener listener;
  auto [client, peer] = listener.connect(patient_options());
  asio::cancellation_signal signal;
  std::promise<Result<Text>> promise;
  auto later = client.get("a", asio::deferred);
  std::move(later)(asio::bind_cancellation_slot(
      signal.slot(), [&](Result<Text> value) { promise.set_value(std::move(value)); }));
  peer.receive();
  signal.emit(asio::cancellation_type::total);
  CHECK(finish(promise.get_future()).error().code() == ErrorCode::cancelled);
}

TEST_CASE("a connect that is cancelled ends at once, as cancelled") {
  Listener listener;
  asio::cancellation_signal signal;
  std::promise<Result<Client>> promise;
  native::connect(listener.url(), patient_options(),
                  asio::bind_cancellation_slot(signal.slot(), [&](Result<Client> client) {
                    promise.set_value(std::move(client));
                  }));
  Peer peer = listener.accept();
  peer.receive();
  signal.emit(asio::cancellation_type::total);
  const Result<Client> outcome = finish(promise.get_future());
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code() == ErrorCode::cancelled);
  CHECK(outcome.error().executed() == Executed::no);
  for (int i = 1; i < handshake_requests_count; ++i) peer.receive();
  CHECK(peer.receive().empty());  // and the connection is closed
}

TEST_CASE("cancelling a connect that has succeeded leaves the client alone") {
  Listener listener;
  asio::cancellation_signal signal;
  std::promise<Result<Client>> promise;
  native::connect(listener.url(), patient_options(),
                  asio::bind_cancellation_slot(signal.slot(), [&](Result<Client> client) {
                    promise.set_value(std::move(client));
                  }));
  Peer peer = listener.accept();
  peer.shake_hands();
  Client client = value_of(promise.get_future());
  signal.emit(asio::cancellation_type::total);
  auto call = client.get("a", use_future);
  peer.receive();
  peer.send("$1\r\na\r\n");
  CHECK(value_of(std::move(call)) == "a");
}

}  // namespace
}  // namespace plimsoll::testing::cancel_test
