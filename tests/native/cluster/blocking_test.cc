#include <chrono>
#include <cstddef>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Commands that block wait at the node that has their key, also if that changes while they wait.

namespace plimsoll::testing::native_cluster_blocking_test {
namespace {

using namespace std::chrono_literals;
using boost::asio::use_future;
using native::Client;

using Popping = std::future<native::Result<std::optional<native::KeyAndElement>>>;

Popping begin_to_wait(Client& client, const std::string& key, std::chrono::milliseconds time) {
  return client.blpop({key}, time, use_future);
}

std::string element_of(Popping popping) {
  const auto popped = value_of(std::move(popping));
  return popped ? popped->element : "nothing";
}

TEST_CASE("a command blocks at the owner of its key, wherever that is") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  for (const std::uint16_t slot : {std::uint16_t{1}, std::uint16_t{8000}, std::uint16_t{16'000}}) {
    const std::string key = key_in(slot, "queue");
    auto popped = begin_to_wait(client, key, 60s);
    group.wait_until_blocked(group.owner_of(slot), 1);
    value_of(client.rpush(key, {"one"}, use_future));
    CHECK(element_of(std::move(popped)) == "one");
  }
  CHECK(client.statistics().client.blocking_connections == 3);
}

TEST_CASE("without an element the answer is null when the time is over") {
  Client client = member_of(shared_cluster());
  CHECK(element_of(begin_to_wait(client, key_in(5), 20ms)) == "nothing");
}

TEST_CASE("keys of several slots are refused") {
  Client client = member_of(shared_cluster());
  const native::Error error = error_of(client.blpop({key_in(5), key_in(9000)}, 1s, use_future));
  CHECK(error.code() == ErrorCode::invalid_argument);
}

TEST_CASE("a command that blocks goes along when its slot moves") {
  constexpr std::uint16_t slot = 700;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "moving");
  for (const std::size_t to : {1u, 2u, 0u}) {
    auto popped = begin_to_wait(client, key, 60s);
    group.wait_until_blocked(group.owner_of(slot), 1);
    group.move_slot(slot, to);
    group.wait_until_blocked(to, 1);
    value_of(client.rpush(key, {"here"}, use_future));
    CHECK(element_of(std::move(popped)) == "here");
  }
}

TEST_CASE("a command that has moved ends when its own time is over, and not later") {
  constexpr std::uint16_t slot = 710;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string key = key_in(slot, "moving");
  auto popped = begin_to_wait(client, key, 2s);
  group.wait_until_blocked(group.owner_of(slot), 1);
  group.move_slot(slot, 1);
  CHECK(element_of(std::move(popped)) == "nothing");
  group.wait_until_blocked(1, 0);
  group.move_slot(slot, 0);
}

TEST_CASE("more commands than connections wait for one, whatever their nodes") {
  ClusterGroup& group = shared_cluster();
  native::Options options = cluster_options();
  options.blocking_connections_max = 2;
  Client client = connected(group.url(), options);
  std::vector<std::string> keys;
  std::vector<Popping> popped;
  for (std::uint16_t i = 0; i < 30; ++i) {
    keys.push_back(key_in(static_cast<std::uint16_t>(i * 500), "crowd"));
    popped.push_back(begin_to_wait(client, keys.back(), 60s));
  }
  for (const std::string& key : keys) value_of(client.rpush(key, {"one"}, use_future));
  for (Popping& each : popped) {
    CHECK(element_of(std::move(each)) == "one");
  }
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_blocking_test
