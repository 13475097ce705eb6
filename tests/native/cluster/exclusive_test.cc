#include "plimsoll/exclusive.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "plimsoll/client.h"
#include "plimsoll/optimistic.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// Exclusive connections: they lead to the owner of the keys that their user names, and what is
// watched holds.

namespace plimsoll::testing::native_cluster_exclusive_test {
namespace {

using boost::asio::awaitable;
using boost::asio::use_future;
using Catch::Matchers::ContainsSubstring;
using native::Client;
using native::Exclusive;

TEST_CASE("a transaction is committed only if no key that was watched has changed") {
  Client client = member_of(shared_cluster());
  for (const std::uint16_t slot : {std::uint16_t{2}, std::uint16_t{9000}, std::uint16_t{15'000}}) {
    const std::string key = key_in(slot, "watched");
    Exclusive own = value_of(client.exclusive(use_future));
    value_of(own.watch({key}, use_future));
    auto first = own.transaction();
    first.set(key, "mine");
    CHECK(value_of(first.exec(use_future)).committed());

    value_of(own.watch({key}, use_future));
    value_of(client.set(key, "theirs", use_future));
    auto second = own.transaction();
    second.set(key, "mine");
    CHECK_FALSE(value_of(second.exec(use_future)).committed());
    CHECK(value_of(client.get(key, use_future)) == "theirs");
  }
}

TEST_CASE("while nothing is watched the connection follows the keys; then it stays") {
  Client client = member_of(shared_cluster());
  Exclusive own = value_of(client.exclusive(use_future));
  for (std::uint16_t slot = 0; slot < 16'000; slot += 1000) {
    const std::string key = key_in(slot, "follows");
    value_of(own.set(key, std::to_string(slot), use_future));
    CHECK(value_of(own.get(key, use_future)) == std::to_string(slot));
  }
  value_of(own.watch({key_in(3, "follows")}, use_future));
  const native::Error error = error_of(own.get(key_in(4, "follows"), use_future));
  CHECK(error.code() == ErrorCode::invalid_argument);
  CHECK_THAT(std::string(error.text()), ContainsSubstring("watches keys of another slot"));
  value_of(own.unwatch(use_future));
  value_of(own.get(key_in(4, "follows"), use_future));
  // As many at a time as the options say, and no more.
  std::vector<Exclusive> others;
  for (int i = 1; i < 8; ++i) others.push_back(value_of(client.exclusive(use_future)));
  CHECK(error_of(client.exclusive(use_future)).code() == ErrorCode::rejected_by_limit);
  for (std::size_t i = 0; i < others.size(); ++i) {
    value_of(others[i].set(key_in(static_cast<std::uint16_t>(i * 2000), "all"), "1", use_future));
  }
  CHECK(client.statistics().client.blocking_connections <= 8);
}

TEST_CASE("what concerns every node is not asked of the one that the connection leads to") {
  Client client = member_of(shared_cluster());
  Exclusive own = value_of(client.exclusive(use_future));
  value_of(own.set(key_in(7), "1", use_future));
  for (const auto& words : std::vector<std::vector<std::string_view>>{
           {"DBSIZE"}, {"SCAN", "0"}, {"FLUSHALL"}, {"KEYS", "*"}, {"INFO"}}) {
    const native::Error error = error_of(own.command(native::Words(words), use_future));
    CHECK(error.code() == ErrorCode::refused_command);
    CHECK_THAT(std::string(error.text()), ContainsSubstring("every node of the cluster"));
  }
  CHECK(value_of(own.command<std::int64_t>({"WAIT", "0", "10"}, use_future)) == 0);
  CHECK(value_of(own.get(key_in(7), use_future)) == "1");
}

TEST_CASE("keys that are watched in a slot that moves make the transaction fail") {
  constexpr std::uint16_t slot = 720;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "watched");
  value_of(client.set(key, "before", use_future));
  Exclusive own = value_of(client.exclusive(use_future));
  value_of(own.watch({key}, use_future));
  group.move_slot(slot, 1);
  auto tx = own.transaction();
  tx.set(key, "mine");
  const auto done = finish(tx.exec(use_future));
  if (done) {
    CHECK_FALSE(done->committed());
  } else {
    CHECK(done.error().executed() == Executed::no);
  }
  CHECK(value_of(client.get(key, use_future)) == "before");
  group.move_slot(slot, 0);
}

TEST_CASE("an optimistic transaction follows a slot that moves to and fro") {
  constexpr std::uint16_t slot = 730;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "counter");
  int expected = 0;
  for (const std::size_t to : {1u, 2u, 0u, 1u, 0u}) {
    // The client is told by nobody before it asks.
    group.move_slot(slot, to);
    for (int i = 0; i < 5; ++i) {
      const auto add_one = [&]() -> awaitable<void> {
        co_await native::optimistic_transaction(
            client, {key}, [&](Exclusive& own) -> awaitable<native::Transaction> {
              const auto before = co_await own.get(key);
              auto tx = own.transaction();
              tx.set(key, std::to_string(before ? std::stoi(*before) + 1 : 1));
              co_return tx;
            });
      };
      run(add_one());
      ++expected;
    }
  }
  CHECK(value_of(client.get(key, use_future)) == std::to_string(expected));
}

TEST_CASE("an optimistic transaction waits while nobody serves its slot") {
  constexpr std::uint16_t slot = 740;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "counter");
  const std::uint64_t refused_before = group.errors(0, "CLUSTERDOWN");
  std::atomic<bool> is_down = false;
  int attempts = 0;
  const auto add_one = [&]() -> awaitable<void> {
    co_await native::optimistic_transaction(
        client, {key}, [&](Exclusive& own) -> awaitable<native::Transaction> {
          if (++attempts == 1) {
            group.ask(0, {"CLUSTER", "DELSLOTS", std::to_string(slot)});
            is_down = true;
          }
          auto tx = own.transaction();
          tx.incr(key);
          co_return tx;
        });
  };
  // EXEC is refused, and the next WATCH; then the node serves the slot again.
  std::thread mends([&] {
    eventually([&] { return is_down && group.errors(0, "CLUSTERDOWN") > refused_before + 1; });
    group.ask(0, {"CLUSTER", "ADDSLOTS", std::to_string(slot)});
  });
  run(add_one());
  mends.join();
  CHECK(attempts == 2);
  CHECK(value_of(client.get(key, use_future)) == "1");
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_exclusive_test
