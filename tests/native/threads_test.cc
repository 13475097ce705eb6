#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/shared_server.h"

// One client, many threads: what TSan is for.

namespace plimsoll::testing::threads_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Result;

constexpr int threads_count = 8;
constexpr int calls_per_thread = 250;

// Every thread increments the same key and waits for each answer.
void increment_from_many_threads(Client& client, const std::string& key) {
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < calls_per_thread; ++call) {
        if (!finish(client.incr(key, use_future))) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(value_of(client.incr(key, use_future)) == threads_count * calls_per_thread + 1);
}

TEST_CASE("many threads share a client on the shared thread") {
  Client client = connected(tcp_url());
  increment_from_many_threads(client, "threads:shared");
}

TEST_CASE("many threads share a client that many threads serve") {
  boost::asio::thread_pool pool(4);
  {
    Client client =
        finish(native::connect(pool.get_executor(), unix_url(), patient_options(), use_future))
            .value();
    increment_from_many_threads(client, "threads:pool");
    finish(client.close(use_future)).value();
  }
  pool.join();
}

TEST_CASE("a client's callbacks run one at a time on an executor of several threads") {
  constexpr int calls = 2000;
  boost::asio::thread_pool pool(4);
  int told = 0;  // no atomic: TSan would see two threads at a time
  {
    Client client =
        finish(native::connect(pool.get_executor(), unix_url(), patient_options(), use_future))
            .value();
    for (int i = 0; i < calls; ++i) client.ping([&told](const auto&) { ++told; });
    finish(client.close(use_future)).value();
  }
  pool.join();
  CHECK(told == calls);
}

TEST_CASE("a thousand calls in flight from callbacks all end, in their order") {
  Client client = connected(unix_url());
  std::promise<void> done;
  std::atomic<int> next{0};
  std::atomic<bool> in_order{true};
  constexpr int calls = 1000;
  for (int i = 0; i < calls; ++i) {
    client.incr("threads:order", [&, i](Result<std::int64_t> result) {
      if (!result || *result != i + 1) in_order = false;
      if (++next == calls) done.set_value();
    });
  }
  finish(done.get_future());
  CHECK(in_order);
}

TEST_CASE("replies are released on other threads, and after their client is gone") {
  std::vector<native::Reply> replies;
  {
    Client client = connected(tcp_url());
    value_of(client.set("threads:large", std::string(200'000, 'x'), use_future));
    for (int i = 0; i < 8; ++i) {
      replies.push_back(finish(client.command({"GET", "threads:large"}, use_future)).value());
    }
  }
  CHECK(replies.front().value().as_bytes()->size() == 200'000);
  std::thread([held = std::move(replies)]() mutable { held.clear(); }).join();
}

TEST_CASE("a client is destroyed while other threads' calls are under way") {
  std::vector<std::future<Result<std::optional<std::string>>>> calls;
  {
    Client client = connected(unix_url());
    for (int i = 0; i < 200; ++i) calls.push_back(client.get("threads:none", use_future));
  }
  for (auto& call : calls) {
    const auto result = finish(std::move(call));
    if (result) continue;
    const ErrorCode code = result.error().code();
    CHECK((code == ErrorCode::lost_unsent || code == ErrorCode::lost_in_doubt));
  }
}

}  // namespace
}  // namespace plimsoll::testing::threads_test
