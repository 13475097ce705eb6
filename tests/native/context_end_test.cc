#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/memory.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/finish.h"
#include "plimsoll/tests/native/patience.h"
#include "plimsoll/tests/native/scripted_peer.h"
#include "plimsoll/tests/native/shared_server.h"

// A context is destroyed while coroutines and callbacks wait for replies of clients that they have
// themselves: all of it goes with the context.

namespace plimsoll::testing::context_end_test {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using native::Client;
using namespace std::chrono_literals;

// Says when what has it is destroyed.
using Kept = std::shared_ptr<int>;
using Job = std::function<awaitable<void>(Client&, Kept)>;

awaitable<void> serve(std::string url, Kept kept, Job job, bool& is_waiting) {
  native::Options options = patient_options();
  options.inflight_requests_limit = 1;
  options.inflight_overflow = native::OnLimit::wait;
  Client client = co_await native::connect(co_await asio::this_coro::executor, url, options);
  is_waiting = true;
  co_await job(client, kept);
}

awaitable<void> block(Client& client, Kept) { co_await client.blpop({"context_end:none"}, 0s); }
awaitable<void> block_by_token(Client& client, Kept) {
  (co_await client.blpop({"context_end:none"}, 0s, asio::use_awaitable)).value();
}
awaitable<void> listen(Client& client, Kept) {
  auto subscription = co_await client.subscribe({"context_end"});
  co_await subscription.next();
}
awaitable<void> go_on(Client& client, Kept) {
  for (;;) co_await client.get("context_end:none");
}

// Runs the context until the job waits, and somewhat longer.
void run_and_destroy(const Job& job, const std::string& url = unix_url()) {
  const std::size_t clients_before = native::memory_statistics().clients;
  const std::size_t connections_before = native::memory_statistics().connections;
  const Kept kept = std::make_shared<int>();
  {
    asio::io_context context;
    bool is_waiting = false;
    asio::co_spawn(context, serve(url, kept, job, is_waiting),
                   [](const std::exception_ptr& problem) {
                     if (problem) std::rethrow_exception(problem);
                   });
    while (!is_waiting) context.run_one();
    for (int i = 0; i < 20; ++i) context.run_one_for(5ms);
    CHECK(kept.use_count() > 1);
  }
  CHECK(kept.use_count() == 1);
  CHECK(native::memory_statistics().clients == clients_before);
  CHECK(native::memory_statistics().connections == connections_before);
}

TEST_CASE("a coroutine that awaits a reply goes with its context, and its client with it") {
  SECTION("a command that blocks") { run_and_destroy(block); }
  SECTION("one with a completion token") { run_and_destroy(block_by_token); }
  SECTION("a message") { run_and_destroy(listen); }
  SECTION("requests without an end") { run_and_destroy(go_on); }
  SECTION("a place for its request") {
    ValkeyServer server;
    const auto wait_for_room = [&server](Client& client, Kept kept) -> awaitable<void> {
      server.pause();
      client.set("context_end:key", "first", [kept](const auto&) {});
      co_await client.get("context_end:none");
    };
    run_and_destroy(wait_for_room, server.url());
    server.resume();
  }
  SECTION("a connection of its own") {
    ValkeyServer server;
    const auto watch = [&server](Client& client, Kept) -> awaitable<void> {
      auto exclusive = co_await client.exclusive();
      server.pause();
      co_await exclusive.watch({"context_end:key"});
    };
    run_and_destroy(watch, server.url());
    server.resume();
  }
}

TEST_CASE("one that has yet to be connected goes with its context") {
  const Kept kept = std::make_shared<int>();
  Listener silent;
  {
    asio::io_context context;
    const auto wait = [](std::string url, Kept) -> awaitable<void> {
      co_await native::connect(co_await asio::this_coro::executor, url, patient_options());
    };
    asio::co_spawn(context, wait(silent.url(), kept), asio::detached);
    context.run_for(20ms);
  }
  CHECK(kept.use_count() == 1);
}

TEST_CASE("callbacks that own their client go with their context, each of them") {
  const std::size_t clients_before = native::memory_statistics().clients;
  const Kept kept = std::make_shared<int>();
  {
    asio::thread_pool pool(2);
    for (int i = 0; i < 20; ++i) {
      auto client =
          std::make_shared<Client>(finish(native::connect(pool.get_executor(), tcp_url(),
                                                          patient_options(), asio::use_future))
                                       .value());
      for (int each = 0; each < 3; ++each) {
        client->blpop({"context_end:none"}, 0s, [client, kept](const auto&) {});
      }
    }
    pool.stop();
  }
  CHECK(kept.use_count() == 1);
  CHECK(native::memory_statistics().clients == clients_before);
}

}  // namespace
}  // namespace plimsoll::testing::context_end_test
