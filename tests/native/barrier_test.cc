#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/support/valkey_server.h"

// A barrier over clients of others: what becomes of it, and of them, when these end meanwhile.

namespace plimsoll::testing::barrier_test {
namespace {

using boost::asio::awaitable;
using boost::asio::io_context;
using boost::asio::use_future;
using native::Client;
using native::ClientSideCache;
using native::ClientSideCacheOptions;

// A client of the cache on an executor that nobody runs once it is connected.
std::optional<Client> client_on(io_context& executor,
                                const std::shared_ptr<ClientSideCache>& cache) {
  native::Options options = patient_options();
  options.client_side_cache = cache;
  std::optional<Client> client;
  native::connect(executor.get_executor(), unix_url(), options,
                  [&](native::Result<Client> made) { client = std::move(made).value(); });
  while (!client) executor.run_one();
  return client;
}

TEST_CASE("a client whose executor ends does not hold up a barrier") {
  const auto cache = make();
  const Client living = cached_client(cache);
  auto executor = std::make_unique<io_context>();
  std::optional<Client> other = client_on(*executor, cache);
  auto over = cache->barrier(use_future);
  other.reset();
  executor.reset();
  CHECK(finish(std::move(over)));
}

TEST_CASE("it does not where it was the only one, or there was no time to ask it") {
  const auto cache = make();
  auto executor = std::make_unique<io_context>();
  std::optional<Client> only = client_on(*executor, cache);
  auto over = cache->barrier(use_future);
  only.reset();
  executor.reset();
  CHECK(finish(std::move(over)));
  CHECK(finish(cache->barrier(use_future)));
}

// Has a client of its own, and waits for a barrier that cannot end while the server is paused.
template <class Token>
awaitable<void> await_barrier(ValkeyServer& server, std::shared_ptr<ClientSideCache> cache,
                              std::shared_ptr<int>, bool& waits, Token token) {
  native::Options options = patient_options();
  options.client_side_cache = cache;
  Client client =
      co_await native::connect(co_await boost::asio::this_coro::executor, server.url(), options);
  server.pause();
  waits = true;
  static_cast<void>(co_await cache->barrier(token));
}

TEST_CASE("a coroutine that awaits a barrier goes with its context") {
  ValkeyServer server;
  const auto cache = make();
  std::optional<Client> another;
  SECTION("its client is the only one") {}
  SECTION("the client that answers last is another one") {
    another = cached_client(cache, server.url());
  }
  const bool is_by_token = GENERATE(false, true);
  const auto kept = std::make_shared<int>();
  {
    io_context context;
    bool waits = false;
    boost::asio::co_spawn(
        context,
        is_by_token ? await_barrier(server, cache, kept, waits, boost::asio::use_awaitable)
                    : await_barrier(server, cache, kept, waits, native::Start()),
        boost::asio::detached);
    while (!waits) context.run_one();
    for (int i = 0; i < 20; ++i) context.run_one_for(std::chrono::milliseconds(1));
    CHECK(kept.use_count() > 1);
  }
  CHECK(kept.use_count() == 1);
  server.resume();
  CHECK(finish(cache->barrier(use_future)));
  if (another) CHECK(value_of(another->ping(use_future)) == "PONG");
}

TEST_CASE("it goes with its context also if its own client has answered already") {
  const auto cache = make();
  io_context slow;  // runs only when the other one is gone
  std::optional<Client> last = client_on(slow, cache);
  const auto kept = std::make_shared<int>();
  {
    io_context context;
    bool waits = false;
    const auto wait = [&](std::shared_ptr<int>) -> awaitable<void> {
      native::Options options = patient_options();
      options.client_side_cache = cache;
      Client client =
          co_await native::connect(co_await boost::asio::this_coro::executor, unix_url(), options);
      waits = true;
      co_await cache->barrier();
    };
    boost::asio::co_spawn(context, wait(kept), boost::asio::detached);
    while (!waits) context.run_one();
    for (int i = 0; i < 50; ++i) context.run_one_for(std::chrono::milliseconds(2));
    CHECK(kept.use_count() > 1);
  }
  CHECK(kept.use_count() == 1);
  for (int i = 0; i < 20; ++i) slow.run_one_for(std::chrono::milliseconds(2));
  last.reset();
}

TEST_CASE("clients come and go with their executors while barriers are passed") {
  constexpr int rounds = 60;
  const auto cache = make();
  const Client living = cached_client(cache);
  std::atomic<bool> is_over{false};
  std::jthread others([&] {
    for (int round = 0; round < rounds; ++round) {
      io_context executor;
      std::optional<Client> client = client_on(executor, cache);
      executor.poll();
      // With handlers in it that are the client's: those of its socket and its timer.
      client.reset();
    }
    is_over = true;
  });
  int passed = 0;
  while (!is_over) passed += finish(cache->barrier(use_future)) ? 1 : 0;
  CHECK(passed > 0);
  CHECK(finish(cache->barrier(use_future)));
}

TEST_CASE("with broadcasts and without, clients that close meanwhile fail no barrier") {
  ClientSideCacheOptions broadcasts = some_cache();
  broadcasts.broadcast_prefixes = {"news:"};
  for (const ClientSideCacheOptions& options : {some_cache(), broadcasts}) {
    const auto cache = make(options);
    const Client living = cached_client(cache);
    for (int round = 0; round < 30; ++round) {
      Client closing = cached_client(cache);
      auto over = cache->barrier(use_future);
      auto closed = closing.close(use_future);
      auto again = cache->barrier(use_future);
      CHECK(finish(std::move(over)));
      CHECK(finish(std::move(again)));
      CHECK(finish(std::move(closed)));
    }
  }
}

}  // namespace
}  // namespace plimsoll::testing::barrier_test
