#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/shared_server.h"

// Every completion token, on calls and on connect().

namespace plimsoll::testing::tokens_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using native::Client;
using native::Result;
using Text = std::optional<std::string>;

TEST_CASE("a callback gets the result, on the client's own executor") {
  Client client = connected(unix_url());
  std::promise<std::pair<Text, std::thread::id>> outcome;
  auto future = outcome.get_future();
  client.set("k", "v", [](Result<void>) {});
  client.get("k", [&](Result<Text> value) {
    outcome.set_value({*std::move(value), std::this_thread::get_id()});
  });
  const auto [value, thread] = finish(std::move(future));
  CHECK(value == "v");
  CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("a callback may be move-only, and may make further calls") {
  Client client = connected(unix_url());
  auto done = std::make_unique<std::promise<Text>>();
  auto future = done->get_future();
  client.set("k", "chained", [&client, done = std::move(done)](Result<void> stored) mutable {
    if (!stored) return;
    client.get(
        "k", [done = std::move(done)](Result<Text> value) { done->set_value(*std::move(value)); });
  });
  CHECK(finish(std::move(future)) == "chained");
}

TEST_CASE("use_future gives a future of the result") {
  Client client = connected(unix_url());
  std::future<Result<void>> stored = client.set("k", "v", asio::use_future);
  std::future<Result<Text>> value = client.get("k", asio::use_future);
  CHECK(value_of(std::move(value)) == "v");
  CHECK(finish(std::move(stored)));
}

TEST_CASE("use_awaitable gives an awaitable of the result, which does not throw") {
  run([]() -> awaitable<void> {
    auto client = co_await native::connect(unix_url(), patient_options());
    const Result<void> stored = co_await client.set("k", "v", asio::use_awaitable);
    CHECK(stored);
    const Result<std::int64_t> failed = co_await client.incr("k", asio::use_awaitable);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().server_code() == "ERR");
  }());
}

TEST_CASE("a deferred call starts when it is asked to, with the arguments of its making") {
  Client client = connected(unix_url());
  value_of(client.set("k", "old", asio::use_future));
  std::string key = "a key that is longer than a short string may be, so that it would dangle";
  std::string value = "a value that is longer than a short string may be, so it would dangle too";
  auto later = client.set(key, value, asio::deferred);
  CHECK(value_of(client.get(key, asio::use_future)) == std::nullopt);
  const std::string expected = value;
  const std::string kept_key = key;
  key.assign(key.size(), 'x');
  value.assign(value.size(), 'x');
  value_of(std::move(later)(asio::use_future));
  CHECK(value_of(client.get(kept_key, asio::use_future)) == expected);
  value_of(client.del(kept_key, asio::use_future));
}

TEST_CASE("a deferred call that is never started does nothing") {
  Client client = connected(unix_url());
  value_of(client.set("k", "1", asio::use_future));
  {
    auto never = client.incr("k", asio::deferred);
  }
  CHECK(value_of(client.get("k", asio::use_future)) == "1");
}

TEST_CASE("a deferred call with many words, pairs or a refusal works as well") {
  Client client = connected(unix_url());
  value_of(client.del({"h", "s"}, asio::use_future));
  auto hset = client.hset("h", {{"a", "1"}, {"b", "2"}}, asio::deferred);
  auto sadd = client.sadd("s", std::vector<std::string>{"x", "y"}, asio::deferred);
  auto refused = client.command({"SELECT", "1"}, asio::deferred);
  CHECK(value_of(std::move(hset)(asio::use_future)) == 2);
  CHECK(value_of(std::move(sadd)(asio::use_future)) == 2);
  CHECK(error_of(std::move(refused)(asio::use_future)).code() == ErrorCode::refused_command);
}

TEST_CASE("a detached call is made, and nobody is told") {
  Client client = connected(unix_url());
  client.set("k", "detached", asio::detached);
  CHECK(value_of(client.get("k", asio::use_future)) == "detached");
}

TEST_CASE("a callback that is bound to an executor runs there") {
  asio::thread_pool pool(1);
  Client client = connected(unix_url());
  std::promise<std::thread::id> there;
  asio::post(pool, [&] { there.set_value(std::this_thread::get_id()); });
  std::promise<std::thread::id> seen;
  auto future = seen.get_future();
  client.ping(asio::bind_executor(
      pool, [&](Result<std::string>) { seen.set_value(std::this_thread::get_id()); }));
  CHECK(finish(std::move(future)) == finish(there.get_future()));
  pool.join();
}

TEST_CASE("an executor stays at work while a call is under way whose callback runs there") {
  asio::io_context context;
  Client client = connected(unix_url());
  bool called = false;
  client.ping(asio::bind_executor(context, [&](Result<std::string>) { called = true; }));
  context.run_for(patience());  // returns when there is no more work
  CHECK(called);
}

TEST_CASE("a callback on a strand runs in it") {
  asio::thread_pool pool(2);
  Client client = connected(unix_url());
  const auto strand = asio::make_strand(pool);
  std::promise<bool> inside;
  auto future = inside.get_future();
  client.ping(asio::bind_executor(
      strand, [&](Result<std::string>) { inside.set_value(strand.running_in_this_thread()); }));
  CHECK(finish(std::move(future)));
  pool.join();
}

// What Asio wants of an executor, and no more.
struct CountingExecutor {
  std::atomic<int>* count;
  template <class Task>
  void execute(Task task) const {
    ++*count;
    task();
  }
  bool operator==(const CountingExecutor&) const = default;
};

TEST_CASE("a callback runs on an executor of a user's class, which says nothing of itself") {
  Client client = connected(unix_url());
  std::atomic<int> count = 0;
  std::promise<int> seen;
  auto future = seen.get_future();
  client.ping(asio::bind_executor(CountingExecutor{&count},
                                  [&](Result<std::string>) { seen.set_value(count.load()); }));
  CHECK(finish(std::move(future)) == 1);
}

TEST_CASE("connect takes every token as well") {
  SECTION("a future") {
    Client client = value_of(native::connect(unix_url(), patient_options(), asio::use_future));
    CHECK(value_of(client.ping(asio::use_future)) == "PONG");
  }
  SECTION("a callback") {
    std::promise<Result<Client>> promise;
    auto future = promise.get_future();
    native::connect(unix_url(), patient_options(),
                    [&](Result<Client> client) { promise.set_value(std::move(client)); });
    Client client = value_of(std::move(future));
    CHECK(value_of(client.ping(asio::use_future)) == "PONG");
  }
  SECTION("deferred, which keeps the url") {
    std::string url = unix_url();
    auto later = native::connect(url, patient_options(), asio::deferred);
    url.assign(url.size(), 'x');
    Client client = value_of(std::move(later)(asio::use_future));
    CHECK(value_of(client.ping(asio::use_future)) == "PONG");
  }
  SECTION("use_awaitable") {
    run([]() -> awaitable<void> {
      Result<Client> client =
          co_await native::connect(unix_url(), patient_options(), asio::use_awaitable);
      REQUIRE(client);
      const std::string pong = co_await client->ping();
      CHECK(pong == "PONG");
    }());
  }
  SECTION("detached, which closes what it connected") {
    native::connect(unix_url(), patient_options(), asio::detached);
    CHECK(eventually([] {
      return shared_server().ask("INFO clients").find("connected_clients:1\r\n") !=
             std::string::npos;
    }));
  }
}

}  // namespace
}  // namespace plimsoll::testing::tokens_test
