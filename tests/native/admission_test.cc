#include <atomic>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/script.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/transaction.h"

// More calls at a time than there may be requests: Options::inflight_overflow.

namespace plimsoll::testing::admission_test {
namespace {

namespace asio = boost::asio;
using asio::use_future;
using native::Client;
using native::OnLimit;
using native::Options;
using native::Result;
using Text = std::optional<std::string>;

Options waiting_options(std::size_t requests_max, std::size_t waiters_max = 1000) {
  Options options = patient_options();
  options.inflight_requests_limit = requests_max;
  options.inflight_overflow = OnLimit::wait;
  options.waiters_max = waiters_max;
  return options;
}

// A client whose only place is taken, by a GET of "first" that the peer has and does not answer.
struct FullClient {
  explicit FullClient(const Options& options = waiting_options(1)) {
    auto both = listener.connect(options);
    client = std::move(both.first);
    peer.emplace(std::move(both.second));
    first = client.get("first", use_future);
    CHECK(peer->receive() == "GET first");
  }
  ClientStatistics statistics() { return client.statistics().client; }

  // Answers what was received last, and receives what comes next.
  std::string next() {
    peer->send("$1\r\nx\r\n");
    return peer->receive();
  }

  Listener listener;
  Client client;
  std::optional<Peer> peer;
  std::future<Result<Text>> first;
};

asio::awaitable<void> increment(Client& client, std::vector<std::int64_t>& counts) {
  const std::int64_t count = co_await client.incr("admission:count");
  counts.push_back(count);
}

TEST_CASE("a hundred coroutines through four places succeed, in the order of asking") {
  Client client = connected(unix_url(), waiting_options(4));
  value_of(client.del({"admission:count"}, use_future));
  asio::io_context context;
  std::vector<std::int64_t> counts;
  for (int i = 0; i < 100; ++i) asio::co_spawn(context, increment(client, counts), asio::detached);
  context.run_for(patience());
  REQUIRE(counts.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(counts[i] == static_cast<std::int64_t>(i + 1));
  const ClientStatistics statistics = client.statistics().client;
  CHECK(statistics.submitted == 101);
  CHECK(statistics.rejected == 0);
  CHECK(statistics.waiting == 0);
}

TEST_CASE("by default thousands of calls at once wait their turn") {
  Client client = connected(unix_url());
  value_of(client.del({"admission:count"}, use_future));
  std::vector<std::future<Result<std::int64_t>>> calls;
  for (int i = 0; i < 5000; ++i) calls.push_back(client.incr("admission:count", use_future));
  std::int64_t count = 0;
  for (auto& call : calls) CHECK(value_of(std::move(call)) == ++count);
  CHECK(client.statistics().client.rejected == 0);
}

TEST_CASE("by default the requests pool bounds the calls that wait") {
  std::optional<FullClient> full(std::in_place, patient_options());
  const std::string large(100'000, 'x');
  std::vector<std::future<Result<std::int64_t>>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(full->client.append("k", large, use_future));
  const ClientStatistics statistics = full->statistics();
  CHECK(statistics.waiting > 0);
  CHECK(statistics.waiters_refused > 0);
  CHECK(statistics.rejected == statistics.waiters_refused);
  full.reset();
  for (auto& call : calls) CHECK_FALSE(finish(std::move(call)));
}

TEST_CASE("without waiting, what is more than the limit is rejected, and nothing else") {
  Options options = patient_options();
  options.inflight_overflow = OnLimit::reject;
  options.inflight_requests_limit = 4;
  FullClient full(options);
  std::vector<std::future<Result<Text>>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(full.client.get(std::to_string(i), use_future));
  for (std::size_t i = 3; i < 10; ++i) {
    const native::Error error = error_of(std::move(calls[i]));
    CHECK(error.code() == ErrorCode::rejected_by_limit);
    CHECK(std::string(error.what()).find("inflight_requests_limit") != std::string::npos);
  }
  CHECK(full.statistics().rejected == 7);
  CHECK(full.statistics().in_flight == 4);
  CHECK(full.statistics().waited == 0);
  full.peer->send("$1\r\nx\r\n$1\r\n0\r\n$1\r\n1\r\n$1\r\n2\r\n");
  for (std::size_t i = 0; i < 3; ++i) CHECK(value_of(std::move(calls[i])) == std::to_string(i));
}

TEST_CASE("calls of every form wait, in the order in which they began") {
  FullClient full;
  auto future = full.client.get("future", use_future);
  std::promise<Result<Text>> told;
  full.client.get("callback", [&](Result<Text> value) { told.set_value(std::move(value)); });
  native::Call<Text> call = full.client.get("call");
  auto lazy = full.client.get("deferred", asio::deferred);
  full.client.get("detached", asio::detached);
  auto started = std::move(lazy)(use_future);
  auto any = full.client.command<std::string>({"GET", "any"}, use_future);
  native::Transaction tx = full.client.transaction();
  tx.get("queued");
  auto done = tx.exec(use_future);
  auto script = native::Script("return 1").run<std::int64_t>(full.client, {"k"}, {}, use_future);
  CHECK(full.statistics().waiting == 8);

  for (const char* request : {"GET future", "GET callback", "GET call", "GET detached",
                              "GET deferred", "GET any", "MULTI"}) {
    CHECK(full.next() == request);
  }
  CHECK(full.peer->receive() == "GET queued");
  CHECK(full.peer->receive() == "EXEC");
  full.peer->send("+OK\r\n+QUEUED\r\n*1\r\n$1\r\nx\r\n");
  CHECK(full.peer->receive().starts_with("EVALSHA "));
  full.peer->send(":1\r\n");

  CHECK(value_of(std::move(future)) == "x");
  CHECK(finish(told.get_future()).value() == "x");
  CHECK(finish(std::move(call)) == "x");
  CHECK(value_of(std::move(started)) == "x");
  CHECK(value_of(std::move(any)) == "x");
  CHECK(value_of(std::move(done)).committed());
  CHECK(value_of(std::move(script)) == 1);
}

TEST_CASE("the line has an end") {
  FullClient full(waiting_options(1, 2));
  auto second = full.client.get("second", use_future);
  auto third = full.client.get("third", use_future);
  const native::Error error = error_of(full.client.get("fourth", use_future));
  CHECK(error.code() == ErrorCode::rejected_by_limit);
  CHECK(std::string(error.what()).find("waiters_max") != std::string::npos);
  CHECK(full.statistics().waiters_refused == 1);
  CHECK(full.statistics().rejected == 1);
}

TEST_CASE("the time that a call waits counts in its timeout") {
  FullClient full;
  const native::Error error =
      error_of(full.client.with_timeout(std::chrono::milliseconds(30)).get("second", use_future));
  CHECK(error.code() == ErrorCode::timed_out);
  CHECK(error.executed() == Executed::no);
  auto third = full.client.get("third", use_future);
  CHECK(full.next() == "GET third");
  full.peer->send("$1\r\ny\r\n");
  CHECK(value_of(std::move(third)) == "y");
}

// A call whose outcome comes to a future, and that can be cancelled.
template <class T>
struct Cancellable {
  auto token() {
    return asio::bind_cancellation_slot(
        signal.slot(), [this](Result<T> value) { promise.set_value(std::move(value)); });
  }
  void cancel() { signal.emit(asio::cancellation_type::total); }
  native::Error error() { return finish(promise.get_future()).error(); }

  asio::cancellation_signal signal;
  std::promise<Result<T>> promise;
};

TEST_CASE("a call that is cancelled while it waits is never sent") {
  FullClient full;
  Cancellable<Text> second;
  full.client.get("second", second.token());
  auto third = full.client.get("third", use_future);
  second.cancel();
  const native::Error error = second.error();
  CHECK(error.code() == ErrorCode::cancelled);
  CHECK(error.executed() == Executed::no);
  CHECK(full.next() == "GET third");
}

TEST_CASE("a call that has waited can be cancelled when it is sent") {
  FullClient full;
  Cancellable<Text> second;
  full.client.get("second", second.token());
  CHECK(full.next() == "GET second");
  second.cancel();
  const native::Error error = second.error();
  CHECK(error.code() == ErrorCode::cancelled);
  CHECK(error.executed() == Executed::maybe);
}

TEST_CASE("a call of several requests can be cancelled while any of them waits") {
  const native::Script script("return 1");
  FullClient full;
  Cancellable<std::int64_t> first;
  script.run<std::int64_t>(full.client, {"k"}, {}, first.token());
  first.cancel();
  CHECK(first.error().executed() == Executed::no);

  Cancellable<std::int64_t> second;
  script.run<std::int64_t>(full.client, {"k"}, {}, second.token());
  auto behind = full.client.get("behind", use_future);
  CHECK(full.next().starts_with("EVALSHA "));
  full.peer->send("-NOSCRIPT No matching script\r\n");
  // Its text is behind.
  CHECK(full.peer->receive() == "GET behind");
  CHECK(eventually([&] { return full.statistics().waiting == 1; }));
  second.cancel();
  CHECK(second.error().code() == ErrorCode::cancelled);
  CHECK(full.statistics().waiting == 0);
  full.peer->send("$1\r\ny\r\n");
  CHECK(value_of(std::move(behind)) == "y");
  CHECK_FALSE(full.peer->has_more());
}

TEST_CASE("who waits is told of the end, whichever it is") {
  FullClient full;
  auto second = full.client.get("second", use_future);
  SECTION("an orderly one") {
    auto closed = full.client.close(use_future);
    CHECK(error_of(std::move(second)).code() == ErrorCode::closed);
    full.peer->send("$1\r\nx\r\n");
    finish(std::move(closed)).value();
    CHECK(value_of(std::move(full.first)) == "x");
  }
  SECTION("an abrupt one") {
    full.client = {};
    CHECK(error_of(std::move(second)).code() == ErrorCode::closed);
  }
}

TEST_CASE("who waits survives the loss of the connection") {
  FullClient full;
  auto second = full.client.get("second", use_future);
  full.peer->reset();
  CHECK(error_of(std::move(full.first)).code() == ErrorCode::lost_in_doubt);
  Peer next = full.listener.accept();
  next.shake_hands();
  CHECK(next.receive() == "GET second");
  next.send("$1\r\ny\r\n");
  CHECK(value_of(std::move(second)) == "y");
}

TEST_CASE("large requests wait for what is being sent") {
  Client client = connected(tcp_url(), waiting_options(3));
  const std::string large(700'000, 'x');
  std::vector<std::future<Result<void>>> calls;
  for (int i = 0; i < 12; ++i) calls.push_back(client.set("admission:large", large, use_future));
  for (auto& call : calls) CHECK_NOTHROW(finish(std::move(call)).value());
  CHECK(value_of(client.strlen("admission:large", use_future)) == 700'000);
  value_of(client.del({"admission:large"}, use_future));
}

TEST_CASE("threads that ask together all have their turn") {
  Client client = connected(unix_url(), waiting_options(4, 100'000));
  value_of(client.del({"admission:count"}, use_future));
  constexpr int threads_count = 4;
  constexpr int calls_count = 500;
  std::atomic<int> overtaken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&client, &overtaken] {
      std::vector<std::future<Result<std::int64_t>>> calls;
      for (int call = 0; call < calls_count; ++call) {
        calls.push_back(client.incr("admission:count", use_future));
      }
      std::int64_t last = 0;
      for (auto& call : calls) {
        const std::int64_t count = finish(std::move(call)).value();
        if (count <= last) ++overtaken;
        last = count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(overtaken == 0);
  CHECK(value_of(client.get("admission:count", use_future)) == "2000");
  CHECK(client.statistics().client.rejected == 0);
}

}  // namespace
}  // namespace plimsoll::testing::admission_test
