#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cached.h"
#include "plimsoll/tests/native/shared_server.h"
#include "plimsoll/tests/native/synchronous.h"

// Many threads share a client whose calls block: who runs the loop changes all the time. What TSan
// is for.

namespace plimsoll::testing::sync_threads_test {
namespace {

using native::Result;
using native::SyncClient;
using namespace std::chrono_literals;

constexpr int threads_count = 8;
constexpr int calls_per_thread = 200;

template <class Program>
void in_threads(int count, const Program& program) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&program, i] { program(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("many threads increment through one client") {
  SyncClient client = sync_connected(tcp_url());
  REQUIRE(client.del("sync:count"));
  std::atomic<int> failures{0};
  in_threads(threads_count, [&](int) {
    for (int call = 0; call < calls_per_thread; ++call) {
      if (!client.incr("sync:count")) ++failures;
    }
  });
  CHECK(failures == 0);
  CHECK(client.get("sync:count").value() == std::to_string(threads_count * calls_per_thread));
}

TEST_CASE("more threads than there are places to sleep, with clients of their own") {
  std::atomic<int> failures{0};
  in_threads(40, [&](int number) {
    SyncClient client = sync_connected(unix_url());
    const std::string key = "sync:own:" + std::to_string(number);
    for (int call = 0; call < 20; ++call) {
      const std::string value = std::to_string(call);
      if (!client.set(key, value) || client.get(key).value() != value) ++failures;
    }
  });
  CHECK(failures == 0);
}

TEST_CASE("threads mix commands, timeouts, transactions, cached reads and subscriptions") {
  native::Options options = patient_options();
  options.client_side_cache = make();
  SyncClient client = sync_connected(unix_url(), options);
  REQUIRE(client.set("sync:mix", "value"));
  std::atomic<int> failures{0};
  const auto count = [&](bool good) {
    if (!good) ++failures;
  };
  in_threads(threads_count, [&](int number) {
    const std::string own = "sync:mix:" + std::to_string(number);
    for (int call = 0; call < calls_per_thread / 4; ++call) {
      switch ((number + call) % 6) {
        case 0: count(client.set(own, std::string(100, 'x')).has_value()); break;
        case 1: count(client.get("sync:mix").value() == "value"); break;
        case 2: {
          auto tx = client.transaction();
          tx.set(own, "1");
          const auto second = tx.incr(own);
          const auto done = tx.exec();
          count(done && done->committed() && done->get(second) == 2);
          break;
        }
        case 3:
          // Ends by its timeout, or with its reply.
          static_cast<void>(client.with_timeout(1us).get(own));
          break;
        case 4: {
          auto sub = client.subscribe({own});
          if (!sub) {  // more than subscriptions_max are not asked for
            count(false);
            break;
          }
          count(client.publish(own, "word").has_value());
          const auto message = sub->next(patience());
          count(message && *message && (*message)->payload == "word");
          break;
        }
        case 5: count(!client.blpop({"sync:empty"}, 1ms).value().has_value()); break;
      }
    }
  });
  CHECK(failures == 0);
}

TEST_CASE("a thread that waits for messages leaves the loop to the others") {
  SyncClient client = sync_connected(unix_url());
  auto sub = client.subscribe({"sync:slow"}).value();
  std::atomic<int> received{0};
  std::thread reader([&] {
    while (sub.next().value()) ++received;
  });
  for (int call = 0; call < calls_per_thread; ++call) {
    CHECK(client.ping().value() == "PONG");
    if (call % 10 == 0) CHECK(client.publish("sync:slow", "word"));
  }
  CHECK(eventually([&] { return received == calls_per_thread / 10; }));
  sub.close();
  reader.join();
}

TEST_CASE("a server that dies ends all calls, and later calls work again") {
  ValkeyServer server;
  SyncClient client = sync_connected(server.url());
  std::atomic<bool> stops{false};
  std::atomic<bool> is_down{false};
  std::atomic<int> errors{0};
  std::atomic<int> replies_afterwards{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      const SyncClient hasty = client.with_timeout(patience() / 100);
      SyncClient own = hasty.with_timeout(patience() / 100);
      while (!stops) {
        const auto reply = own.incr("sync:dies");
        if (!reply) {
          ++errors;
        } else if (errors > 0 && !is_down) {
          ++replies_afterwards;
        }
      }
    });
  }
  is_down = true;
  server.kill();
  CHECK(eventually([&] { return errors >= threads_count; }));
  server.restart();
  is_down = false;
  CHECK(eventually([&] { return replies_afterwards > 100; }));
  stops = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(client.ping().value() == "PONG");
}

}  // namespace
}  // namespace plimsoll::testing::sync_threads_test
