#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/promise.hpp>
#include <boost/asio/experimental/use_promise.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"

// The default form of a call: it has started when it is returned.

namespace plimsoll::testing::call_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using native::Call;
using native::Client;
using Text = std::optional<std::string>;

// Runs a program with a client that is served where the program runs.
template <class Program>
void with_client(Program program) {
  run([](Program steps) -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto client = co_await native::connect(executor, unix_url(), patient_options());
    co_await steps(client);
  }(std::move(program)));
}

TEST_CASE("an awaited call gives its value") {
  with_client([](Client& client) -> awaitable<void> {
    co_await client.set("k", "v");
    const Text value = co_await client.get("k");
    CHECK(value == "v");
  });
}

TEST_CASE("an awaited call throws the error of its failure") {
  with_client([](Client& client) -> awaitable<void> {
    co_await client.set("k", "text");
    std::string text;
    try {
      co_await client.incr("k");
    } catch (const native::Error& error) {
      CHECK(error.code() == ErrorCode::server_error);
      text = error.what();
    }
    CHECK(text == "server_error: ERR value is not an integer or out of range");
  });
}

TEST_CASE("a call that is not awaited is made all the same, before what comes after it") {
  with_client([](Client& client) -> awaitable<void> {
    client.set("k", "1");
    client.incr("k");
    client.incr("k");
    const Text value = co_await client.get("k");
    CHECK(value == "3");
  });
}

TEST_CASE("calls may be started together and awaited in any order, also long after they ended") {
  with_client([](Client& client) -> awaitable<void> {
    co_await client.del("n");
    std::vector<Call<std::int64_t>> calls;
    for (int i = 0; i < 100; ++i) calls.push_back(client.incr("n"));
    const Text last = co_await client.get("n");
    CHECK(last == "100");
    for (std::size_t i = calls.size(); i > 0; --i) {
      const std::int64_t value = co_await std::move(calls[i - 1]);
      CHECK(value == static_cast<std::int64_t>(i));
    }
  });
}

TEST_CASE("a call's failure is thrown also where it is awaited after the fact") {
  with_client([](Client& client) -> awaitable<void> {
    client.set("k", "text");
    Call<std::int64_t> call = client.incr("k");
    co_await client.ping();
    bool thrown = false;
    try {
      co_await std::move(call);
    } catch (const native::Error& error) {
      thrown = error.server_code() == "ERR";
    }
    CHECK(thrown);
  });
}

TEST_CASE("a call takes any completion token, later on") {
  with_client([](Client& client) -> awaitable<void> {
    client.set("k", "v");
    bool called = false;
    std::move(client.get("k"))([&](std::exception_ptr problem, Text value) {
      CHECK_FALSE(problem);
      CHECK(value == "v");
      called = true;
    });
    auto deferred = std::move(client.get("k"))(asio::deferred);
    const Text first = co_await std::move(deferred)(asio::use_awaitable);
    CHECK(first == "v");
    const Text second = co_await std::move(client.get("k"))(asio::use_awaitable);
    CHECK(second == "v");
    std::move(client.get("k"))(asio::detached);
    std::move(client.set("k", "v"))([](std::exception_ptr problem) { CHECK_FALSE(problem); });
    co_await client.ping();
    CHECK(called);
  });
}

TEST_CASE("a call can be waited for from a thread, as a future that throws") {
  Client client = connected(unix_url());
  std::move(client.set("k", "text"))(asio::use_future).get();
  CHECK(std::move(client.get("k"))(asio::use_future).get() == "text");
  CHECK_THROWS_AS(std::move(client.incr("k"))(asio::use_future).get(), native::Error);
}

TEST_CASE("calls can be awaited together") {
  using namespace asio::experimental::awaitable_operators;
  with_client([](Client& client) -> awaitable<void> {
    const auto get = [&](std::string key) -> awaitable<Text> {
      co_return co_await client.get(key);
    };
    client.set("a", "1");
    client.set("b", "2");
    const auto [a, b] = co_await (get("a") && get("b"));
    CHECK(a == "1");
    CHECK(b == "2");
  });
}

TEST_CASE("an awaited call resumes the coroutine where that runs, whoever serves the client") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    const auto before = std::this_thread::get_id();
    co_await client.ping();
    CHECK(std::this_thread::get_id() == before);
    Call<std::string> call = client.ping();
    co_await client.ping();
    co_await std::move(call);
    CHECK(std::this_thread::get_id() == before);
  }());
}

// A callback that was moved from has lost its pointer, which ends the test's process.
TEST_CASE("one callback may be used for many calls of all kinds: it is copied") {
  const auto told = std::make_shared<int>(0);
  run([](std::shared_ptr<int> counter) -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    asio::cancellation_signal signal;  // a handler with associates of its own
    auto callback = [counter](const auto&) { ++*counter; };
    for (int i = 0; i < 2; ++i) native::connect(executor, unix_url(), patient_options(), callback);
    auto client = co_await native::connect(executor, unix_url(), patient_options());
    for (int i = 0; i < 2; ++i) {
      client.set("k", "v", callback);
      client.get("k", callback);
      client.command({"GET", "k"}, asio::bind_cancellation_slot(signal.slot(), callback));
      client.exclusive(callback);
      client.subscribe({"call_test"}, callback);
      native::Transaction transaction = client.transaction();
      transaction.ping();
      transaction.exec(callback);
    }
    for (int i = 0; i < 2; ++i) client.close(callback);
    co_await client.close();
  }(told));
  CHECK(*told == 16);
}

TEST_CASE("a call can be given asio::experimental::use_promise") {
  run([]() -> awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    auto client = co_await native::connect(executor, unix_url(), patient_options());
    co_await client.set("k", "v");
    auto promise = client.get("k", asio::experimental::use_promise);
    const native::Result<Text> value = co_await std::move(promise)(asio::use_awaitable);
    CHECK(value.value() == "v");
  }());
}

TEST_CASE("connect can be awaited later, and dropped") {
  run([]() -> awaitable<void> {
    Call<Client> connecting = native::connect(unix_url(), patient_options());
    {
      Call<Client> dropped = native::connect(unix_url(), patient_options());
    }
    Client client = co_await std::move(connecting);
    const std::string pong = co_await client.ping();
    CHECK(pong == "PONG");
  }());
}

}  // namespace
}  // namespace plimsoll::testing::call_test
