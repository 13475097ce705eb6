#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/exclusive.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// The owner of a slot is handed over, killed or frozen while commands block there, keys are watched
// and shard channels are subscribed to.

namespace plimsoll::testing::native_cluster_sides_failover_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using native::Client;
using native::Exclusive;
using native::Message;
using native::Subscription;
using Popping = std::future<native::Result<std::optional<native::KeyAndElement>>>;

constexpr std::uint16_t slot = 0;

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

// A silent node is found out within seconds.
native::Options watchful_options() {
  native::Options options = cluster_options();
  options.health_check_interval = 500ms;
  return options;
}

enum class Fault { killed, frozen };

void strike(Fault fault, std::size_t node) {
  fault == Fault::killed ? group().kill(node) : group().freeze(node);
}

std::string new_name() {
  static int count = 0;
  return key_in(slot, "name" + std::to_string(++count));
}

/// A node that runs has the slot, and takes writes for it.
void wait_for_successor(Client& client, const std::string& key) {
  REQUIRE(eventually([&] { return finish(client.set(key, "1", use_future)).has_value(); }));
}

TEST_CASE("commands that block go on where a primary hands over, and their user does not notice") {
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::string key = new_name();
  std::vector<Popping> popping;
  for (int i = 0; i < 5; ++i) popping.push_back(client.blpop({key}, 600s, use_future));
  const std::size_t old = group().owner_of(slot);
  group().wait_until_blocked(old, 5);
  const std::size_t next = group().replica_of(old);
  group().fail_over(next);
  group().wait_until_blocked(next, 5);
  for (int i = 0; i < 5; ++i) value_of(client.rpush(key, {"x"}, use_future));
  for (Popping& each : popping) CHECK(value_of(std::move(each))->element == "x");
}

TEST_CASE("a command whose node dies, or freezes and is replaced, is in doubt, and no other") {
  const Fault fault = GENERATE(Fault::killed, Fault::frozen);
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::string key = new_name();
  std::vector<Popping> popping;
  for (int i = 0; i < 5; ++i) popping.push_back(client.blpop({key}, 0s, use_future));
  const std::size_t old = group().owner_of(slot);
  group().wait_until_blocked(old, 5);
  strike(fault, old);
  for (Popping& each : popping) {
    const native::Error error = error_of(std::move(each));
    INFO(error.what());
    CHECK(error.code() == ErrorCode::lost_in_doubt);
  }
  auto again = client.blpop({key}, 0s, use_future);
  wait_for_successor(client, key_in(slot));
  value_of(client.rpush(key, {"here"}, use_future));
  CHECK(value_of(std::move(again))->element == "here");
  CHECK(client.statistics().client.blocking_connections <= 8);
}

TEST_CASE("a subscription follows when its node dies, or freezes and is replaced") {
  const Fault fault = GENERATE(Fault::killed, Fault::frozen);
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::string channel = new_name();
  Subscription subscription = value_of(client.ssubscribe({channel}, use_future));
  value_of(client.spublish(channel, "before", use_future));
  CHECK(value_of(subscription.next(use_future))->payload == "before");
  strike(fault, group().owner_of(slot));
  auto next = subscription.next(use_future);
  REQUIRE(eventually([&] {
    static_cast<void>(finish(client.spublish(channel, "after", use_future)));
    return next.wait_for(20ms) == std::future_status::ready;
  }));
  const std::optional<Message> heard = value_of(std::move(next));
  REQUIRE(heard);
  CHECK(heard->payload == "after");
  CHECK(heard->gaps > 0);
}

TEST_CASE("an exclusive user whose node dies, or freezes and is replaced, commits nothing there") {
  const Fault fault = GENERATE(Fault::killed, Fault::frozen);
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::string key = new_name();
  value_of(client.set(key, "before", use_future));
  Exclusive own = value_of(client.exclusive(use_future));
  value_of(own.watch({key}, use_future));
  strike(fault, group().owner_of(slot));
  wait_for_successor(client, key);
  auto tx = own.transaction();
  tx.set(key, "mine");
  const auto done = finish(tx.exec(use_future));
  CHECK_FALSE((done && done->committed()));
  CHECK(value_of(client.get(key, use_future)) == "1");
  // A new one works. It begins with a PING on a connection to the main connection's node, which may
  // be the frozen one, until the client finds another for that.
  std::optional<Exclusive> begun;
  REQUIRE(eventually([&] {
    native::Result<Exclusive> next = finish(client.exclusive(use_future));
    if (next) begun = *std::move(next);
    return begun.has_value();
  }));
  Exclusive other = *std::move(begun);
  value_of(other.watch({key}, use_future));
  auto again = other.transaction();
  again.set(key, "mine");
  CHECK(value_of(again.exec(use_future)).committed());
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_sides_failover_test
