#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/optimistic.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// Crowds of commands that block, users with few rights, and RESP2: what the tests of blocking,
// exclusive and shard channels leave out.

namespace plimsoll::testing::native_cluster_sides_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::awaitable;
using boost::asio::use_future;
using native::Client;
using native::Exclusive;
using native::KeyAndElement;
using Popped = native::Result<std::optional<KeyAndElement>>;

// A command that blocks, and can be cancelled.
struct Call {
  boost::asio::cancellation_signal signal{};
  std::promise<Popped> promise{};
  std::future<Popped> popped = promise.get_future();

  void begin(Client& client, const std::string& key) {
    client.blpop({key}, 600s,
                 boost::asio::bind_cancellation_slot(
                     signal.slot(), [this](Popped value) { promise.set_value(std::move(value)); }));
  }
};

std::size_t blocked_at_all(const ClusterGroup& group) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    const std::string info = group.ask(i, {"INFO", "clients"}).text;
    const auto at = info.find("blocked_clients:") + std::string("blocked_clients:").size();
    sum += std::stoul(info.substr(at));
  }
  return sum;
}

TEST_CASE("two hundred commands on eight connections end once each, also with cancellations") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const bool moves = GENERATE(false, true);
  constexpr std::uint16_t slots[] = {760, 8760, 15'760};
  std::deque<Call> calls(200);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].begin(client, key_in(slots[i % 3], "crowd"));
  }
  CHECK(client.statistics().client.blocking_connections <= 8);
  std::size_t cancelled = 0;
  for (std::size_t i = 0; i < calls.size(); i += 3 - i % 2) {
    calls[i].signal.emit(boost::asio::cancellation_type::terminal);
    if (moves && i == 0) group.move_slot(slots[0], 1);
  }
  std::size_t pushed = 0;
  std::size_t elements = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    // As many elements as are needed: one that is too many would stay in its list.
    while (calls[i].popped.wait_for(20ms) != std::future_status::ready) {
      for (const std::uint16_t slot : slots) {
        value_of(client.rpush(key_in(slot, "crowd"), {std::to_string(++pushed)}, use_future));
      }
    }
    const Popped popped = calls[i].popped.get();
    if (popped) {
      CHECK(popped->has_value());
      ++elements;
    } else {
      CHECK(popped.error().code() == ErrorCode::cancelled);
      CHECK(popped.error().executed() == Executed::no);
      ++cancelled;
    }
  }
  CHECK(cancelled > 0);
  std::size_t left = 0;
  for (const std::uint16_t slot : slots) {
    left += static_cast<std::size_t>(value_of(client.llen(key_in(slot, "crowd"), use_future)));
    value_of(client.del({key_in(slot, "crowd")}, use_future));
  }
  CHECK(elements + left == pushed);
  CHECK(eventually([&] { return blocked_at_all(group) == 0; }));
  CHECK(client.statistics().client.blocking_connections <= 8);
  if (moves) group.move_slot(slots[0], 0);
}

TEST_CASE("without RESP3 all of it works, too") {
  ClusterGroup& group = shared_cluster();
  native::Options options = cluster_options();
  options.protocol = native::Protocol::resp2;
  Client client = connected(group.url(), options);
  constexpr std::uint16_t slot = 770;
  const std::string key = key_in(slot, "old");

  Call call;
  call.begin(client, key);
  group.wait_until_blocked(0, 1);
  group.move_slot(slot, 1);
  group.wait_until_blocked(1, 1);
  call.signal.emit(boost::asio::cancellation_type::terminal);
  CHECK(call.popped.get().error().code() == ErrorCode::cancelled);
  group.wait_until_blocked(1, 0);
  CHECK_FALSE(value_of(client.blpop({key}, 20ms, use_future)));

  Exclusive own = value_of(client.exclusive(use_future));
  value_of(own.watch({key}, use_future));
  value_of(client.set(key, "theirs", use_future));
  auto tx = own.transaction();
  tx.set(key, "mine");
  CHECK_FALSE(value_of(tx.exec(use_future)).committed());
  value_of(client.del({key}, use_future));

  auto subscription = value_of(client.ssubscribe({key}, use_future));
  value_of(client.spublish(key, "one", use_future));
  CHECK(value_of(subscription.next(use_future))->payload == "one");
  group.move_slot(slot, 0);
  auto next = subscription.next(use_future);
  for (;;) {
    value_of(client.spublish(key, "two", use_future));
    if (next.wait_for(20ms) == std::future_status::ready) break;
  }
  const auto heard = value_of(std::move(next));
  CHECK(heard->payload == "two");
  CHECK(heard->gaps > 0);
}

TEST_CASE("a user who may not unblock loses the connection when a call is cancelled, and no more") {
  ClusterGroup& group = shared_cluster();
  for (std::size_t i = 0; i < group.nodes_count(); ++i) {
    group.ask(i, {"ACL", "SETUSER", "stoker", "on", ">coal", "~*", "resetchannels", "+@all",
                  "-client|unblock", "-ssubscribe"});
  }
  native::Options options = cluster_options();
  options.username = "stoker";
  options.password = "coal";
  Client client = connected(group.url(), options);
  const std::string key = key_in(780, "coal");
  for (int i = 0; i < 3; ++i) {
    Call call;
    call.begin(client, key);
    group.wait_until_blocked(0, 1);
    call.signal.emit(boost::asio::cancellation_type::terminal);
    CHECK(call.popped.get().error().code() == ErrorCode::cancelled);
    group.wait_until_blocked(0, 0);
  }
  value_of(client.rpush(key, {"lump"}, use_future));
  CHECK(value_of(client.blpop({key}, 60s, use_future))->element == "lump");

  const native::Error error = error_of(client.ssubscribe({key}, use_future));
  INFO(error.what());
  CHECK(error.code() == ErrorCode::permission_denied);
  CHECK(value_of(client.get(key_in(781), use_future)) == std::nullopt);
}

TEST_CASE("an optimistic transaction begins anew when its slot moves between WATCH and GET") {
  constexpr std::uint16_t slot = 790;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "watched");
  value_of(client.set(key, "1", use_future));
  std::size_t attempts = 0;
  const auto add_one = [&]() -> awaitable<void> {
    co_await native::optimistic_transaction(client, {key},
                                            [&](Exclusive& own) -> awaitable<native::Transaction> {
                                              if (++attempts <= 2) group.move_slot(slot, attempts);
                                              const auto before = co_await own.get(key);
                                              auto tx = own.transaction();
                                              tx.set(key, std::to_string(std::stoi(*before) + 1));
                                              co_return tx;
                                            });
  };
  run(add_one());
  CHECK(attempts == 3);
  CHECK(value_of(client.get(key, use_future)) == "2");
  group.move_slot(slot, 0);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_sides_test
