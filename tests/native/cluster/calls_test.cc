#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/script.h"
#include "plimsoll/subscription.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// What callers do with a cluster that is at rest: each call goes to the node that has its key.

namespace plimsoll::testing::native_cluster_calls_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Result;
using native::Script;

constexpr std::uint16_t first_slot = 0;      // at node 0
constexpr std::uint16_t middle_slot = 8000;  // at node 1
constexpr std::uint16_t last_slot = 16'383;  // at node 2

std::int64_t size_of(std::size_t node) {
  return std::stoll(shared_cluster().ask(node, {"DBSIZE"}).text);
}

TEST_CASE("ten thousand keys are set at their owners without a redirect, and read back") {
  constexpr std::size_t keys_count = 10'000;
  ClusterGroup& group = shared_cluster();
  for (std::size_t i = 0; i < 3; ++i) group.ask(i, {"FLUSHALL"});
  Client client = member_of(group);
  finish(client.get("the nodes are known by then"));
  group.reset_calls();
  std::vector<std::future<Result<void>>> sets;
  for (std::size_t i = 0; i < keys_count; ++i) {
    sets.push_back(client.set("ship:" + std::to_string(i), std::to_string(i * 7), use_future));
  }
  for (auto& each : sets) value_of(std::move(each));
  CHECK(size_of(0) + size_of(1) + size_of(2) == static_cast<std::int64_t>(keys_count));
  for (std::size_t node = 0; node < 3; ++node) {
    CHECK(size_of(node) > static_cast<std::int64_t>(keys_count) / 4);
    CHECK(group.errors(node, "MOVED") == 0);
    CHECK(group.calls(node, "set") == static_cast<std::uint64_t>(size_of(node)));
  }
  std::vector<std::future<Result<std::optional<std::string>>>> gets;
  for (std::size_t i = 0; i < keys_count; ++i) {
    gets.push_back(client.get("ship:" + std::to_string(i), use_future));
  }
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < keys_count; ++i) {
    if (value_of(std::move(gets[i])) != std::to_string(i * 7)) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("commands with several keys of one slot work, at each of the nodes") {
  Client client = member_of(shared_cluster());
  for (const std::uint16_t slot : {first_slot, middle_slot, last_slot}) {
    const std::string one = key_in(slot, "one");
    const std::string two = key_in(slot, "two");
    value_of(client.command<void>({"MSET", one, "1", two, "2"}, use_future));
    const std::vector<std::optional<std::string>> both = {"1", "2"};
    CHECK(finish(client.mget({one, two})) == both);
    CHECK(finish(client.exists({one, two, one})) == 3);
    finish(client.command<std::string>("RENAME", one, two));
    CHECK(finish(client.get(two)) == "1");
    CHECK(finish(client.del({one, two})) == 1);
  }
}

TEST_CASE("a transaction goes to the node of its keys, and runs as one there") {
  Client client = member_of(shared_cluster());
  for (const std::uint16_t slot : {first_slot, middle_slot, last_slot}) {
    finish(client.del({key_in(slot, "hits"), key_in(slot, "name")}));
    auto tx = client.transaction();
    auto hits = tx.incr(key_in(slot, "hits"));
    tx.set(key_in(slot, "name"), "Leviathan");
    auto name = tx.get(key_in(slot, "name"));
    auto done = finish(tx.exec());
    CHECK(done.get(hits) == 1);
    CHECK(done.get(name) == "Leviathan");
  }
  // No key: at any node.
  auto tx = client.transaction();
  auto echoed = tx.command<std::string>("ECHO", "here");
  CHECK(finish(tx.exec()).get(echoed) == "here");
}

TEST_CASE("scripts run where their keys are, and each node learns them") {
  Client client = member_of(shared_cluster());
  const Script put("redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])");
  for (int round = 0; round < 2; ++round) {
    for (const std::uint16_t slot : {first_slot, middle_slot, last_slot}) {
      const std::string key = key_in(slot, "scripted");
      CHECK(finish(put.run<std::string>(client, {key}, {"by script"})) == "by script");
      CHECK(finish(client.get(key)) == "by script");
      const auto read = finish(client.eval("return redis.call('GET', KEYS[1])", {key}));
      CHECK(read.value().as_bytes()->view() == "by script");
    }
  }
  CHECK(finish(client.eval("return 42")).value().as_integer().value() == 42);
}

TEST_CASE("messages reach subscribers of channels and patterns, whichever node publishes") {
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  auto news = finish(client.subscribe({"news"}));
  auto all = finish(client.psubscribe({"new*"}));
  finish(client.publish("news", "by the client"));
  for (std::size_t i = 0; i < 3; ++i) {
    group.ask(i, {"PUBLISH", "news", "by node " + std::to_string(i)});
  }
  for (auto* sub : {&news, &all}) {
    std::vector<std::string> seen;
    for (int i = 0; i < 4; ++i) seen.push_back(finish(sub->next()).value().payload);
    std::sort(seen.begin(), seen.end());
    CHECK(seen == std::vector<std::string>{"by node 0", "by node 1", "by node 2", "by the client"});
  }
}

TEST_CASE("commands without a key are answered by one of the nodes") {
  Client client = member_of(shared_cluster());
  CHECK(finish(client.command<std::string>("ECHO", "here")) == "here");
  const std::string id = finish(client.command<std::string>("CLUSTER", "MYID"));
  CHECK((id == shared_cluster().id(0) || id == shared_cluster().id(1) ||
         id == shared_cluster().id(2)));
}

TEST_CASE("keys and values of any bytes and sizes go to their nodes") {
  Client client = member_of(shared_cluster());
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{70'000}}) {
    for (std::size_t i = 0; i < 40; ++i) {
      std::string key(size, static_cast<char>(i));
      key += static_cast<char>(i * 7);
      const std::string value(size * 3, static_cast<char>(i));
      value_of(client.set(key, value, use_future));
      CHECK(value_of(client.get(key, use_future)) == value);
      value_of(client.del({key}, use_future));
    }
  }
}

TEST_CASE("an error of the node about the command itself is the outcome") {
  Client client = member_of(shared_cluster());
  for (const std::uint16_t slot : {first_slot, middle_slot, last_slot}) {
    const std::string key = key_in(slot, "text");
    finish(client.set(key, "no number"));
    const native::Error error = error_of(client.incr(key, use_future));
    CHECK(error.code() == ErrorCode::server_error);
    // A script may write what looks like a redirect: it has run, and is not followed.
    const native::Error written = error_of(client.eval(
        "redis.call('SET', KEYS[1], 'written'); return redis.error_reply('MOVED 5 127.0.0.1:1')",
        {key}, use_future));
    INFO(written.what());
    CHECK(written.server_code() == "MOVED");
    CHECK(written.executed() != Executed::no);
    CHECK(finish(client.get(key)) == "written");
  }
}

TEST_CASE("a client that is closed leaves no connection at the nodes") {
  ClusterGroup& group = shared_cluster();
  native::Options options = cluster_options();
  options.client_name = "stoker";
  Client client = connected(group.url(), options);
  const auto is_named_at = [&](std::size_t node) {
    return group.ask(node, {"CLIENT", "LIST"}).text.find("name=stoker") != std::string::npos;
  };
  for (const std::uint16_t slot : {first_slot, middle_slot, last_slot}) {
    finish(client.get(key_in(slot)));
  }
  for (std::size_t i = 0; i < 3; ++i) CHECK(is_named_at(i));
  value_of(client.close(use_future));
  CHECK(eventually([&] { return !is_named_at(0) && !is_named_at(1) && !is_named_at(2); }));
  CHECK(error_of(client.get(key_in(first_slot), use_future)).code() == ErrorCode::closed);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_calls_test
