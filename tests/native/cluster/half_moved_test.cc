#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/optimistic.h"
#include "plimsoll/script.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/transaction.h"

// A slot of which some keys are here and some there.

namespace plimsoll::testing::native_cluster_half_moved_test {
namespace {

using boost::asio::awaitable;
using boost::asio::use_future;
using native::Client;
using native::Script;

constexpr std::size_t keys_count = 10;

std::string key_of(std::uint16_t slot, std::size_t number) {
  return key_in(slot, std::to_string(number));
}

// A slot of node 0 of which half of the keys are at node 1. Ends with the slot where it was before.
class HalfMoved {
 public:
  explicit HalfMoved(std::uint16_t slot) : slot_(slot) {
    for (std::size_t i = 0; i < keys_count; ++i) {
      group_.ask(0, {"SET", key_of(slot, i), std::to_string(i)});
    }
    group_.begin_move(slot, 1);
    group_.migrate_keys(slot, 1, keys_count / 2);
    group_.reset_calls();
  }
  ~HalfMoved() {
    if (group_.owner_of(slot_) == 0) finish_move();
    group_.move_slot(slot_, 0);
    group_.wait_until_owner(slot_, 0);
    for (std::size_t i = 0; i < keys_count; ++i) group_.ask(0, {"DEL", key_of(slot_, i)});
  }
  HalfMoved(const HalfMoved&) = delete;
  HalfMoved& operator=(const HalfMoved&) = delete;

  void finish_move() {
    group_.migrate_keys(slot_, 1);
    group_.finish_move(slot_, 1, SlotOrder::target_first);
    group_.wait_until_owner(slot_, 1);
  }

  // Keys of which the first has been moved, and the second has not.
  std::pair<std::string, std::string> apart() const {
    std::pair<std::string, std::string> found;
    const RawReply here = group_.ask(0, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot_), "100"});
    found.second = here.elements.at(0).text;
    for (std::size_t i = 0; i < keys_count && found.first.empty(); ++i) {
      const std::string key = key_of(slot_, i);
      const bool is_here = std::any_of(here.elements.begin(), here.elements.end(),
                                       [&](const RawReply& each) { return each.text == key; });
      if (!is_here) found.first = key;
    }
    return found;
  }

 private:
  ClusterGroup& group_ = shared_cluster();
  const std::uint16_t slot_;
};

TEST_CASE("keys are read and written wherever they are, and new ones at the target") {
  constexpr std::uint16_t slot = 10;
  Client client = member_of(shared_cluster());
  const HalfMoved half(slot);
  ClusterGroup& group = shared_cluster();
  for (std::size_t i = 0; i < keys_count; ++i) {
    CHECK(finish(client.get(key_of(slot, i))) == std::to_string(i));
    finish(client.set(key_of(slot, i), std::to_string(i + 100)));
    CHECK(finish(client.get(key_of(slot, i))) == std::to_string(i + 100));
  }
  CHECK(finish(client.get(key_in(slot, "none"))) == std::nullopt);
  finish(client.set(key_in(slot, "new"), "here"));
  CHECK(finish(client.get(key_in(slot, "new"))) == "here");
  CHECK(group.errors(0, "ASK") > keys_count);
  CHECK(group.errors(1, "MOVED") == 0);
  // The slot has not moved.
  CHECK(group.calls(0, "get") > 0);
}

TEST_CASE("a transaction is redirected as a whole") {
  constexpr std::uint16_t slot = 11;
  Client client = member_of(shared_cluster());
  const HalfMoved half(slot);
  const auto [moved, still] = half.apart();
  for (const std::string& key : {moved, still, key_in(slot, "new")}) {
    auto tx = client.transaction();
    tx.set(key, "7");
    auto sum = tx.incr(key);
    auto text = tx.get(key);
    auto done = finish(tx.exec());
    CHECK(done.get(sum) == 8);
    CHECK(done.get(text) == "8");
    CHECK(finish(client.get(key)) == "8");
  }
}

// An exclusive connection leads to the owner, which refuses the keys that it has given away.
TEST_CASE("an optimistic transaction waits until the rest of its slot has moved") {
  constexpr std::uint16_t slot = 16;
  Client client = member_of(shared_cluster());
  HalfMoved half(slot);
  const std::string moved = half.apart().first;
  constexpr std::uint64_t attempts_seen = 4;
  const std::jthread mover([&] {
    eventually([&] { return shared_cluster().errors(0, "ASK") >= attempts_seen; });
    half.finish_move();
  });
  run([&]() -> awaitable<void> {
    co_await native::optimistic_transaction(
        client, {moved}, [&](native::Exclusive& own) -> awaitable<native::Transaction> {
          auto tx = own.transaction();
          tx.set(moved, "counted");
          co_return tx;
        });
  }());
  CHECK(finish(client.get(moved)) == "counted");
}

TEST_CASE("scripts follow their keys") {
  constexpr std::uint16_t slot = 12;
  Client client = member_of(shared_cluster());
  const HalfMoved half(slot);
  const auto [moved, still] = half.apart();
  const Script put("redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[1])");
  for (const std::string& key : {moved, still, key_in(slot, "new")}) {
    CHECK(finish(put.run<std::string>(client, {key}, {"by script"})) == "by script");
    CHECK(finish(client.get(key)) == "by script");
  }
}

TEST_CASE("a command whose keys are apart waits until they are together, and others behind it") {
  constexpr std::uint16_t slot = 13;
  Client client = member_of(shared_cluster());
  HalfMoved half(slot);
  const auto [moved, still] = half.apart();
  auto both = client.mget({moved, still}, use_future);
  auto written = client.set(moved, "later", use_future);
  REQUIRE(eventually([] { return errors_of(shared_cluster(), "TRYAGAIN") > 0; }));
  half.finish_move();
  const auto read = value_of(std::move(both));
  CHECK(read.at(0).value_or("none") == moved.substr(moved.find('}') + 1));
  CHECK(read.at(1).value_or("none") == still.substr(still.find('}') + 1));
  value_of(std::move(written));
  CHECK(finish(client.get(moved)) == "later");
}

TEST_CASE("a move that is called off leaves nothing behind") {
  constexpr std::uint16_t slot = 14;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  group.ask(0, {"SET", key_in(slot), "here"});
  group.begin_move(slot, 1);
  CHECK(finish(client.get(key_in(slot, "none"))) == std::nullopt);
  group.cancel_move(slot, 1);
  finish(client.set(key_in(slot, "none"), "there"));
  CHECK(group.ask(0, {"GET", key_in(slot, "none")}).text == "there");
  CHECK(finish(client.get(key_in(slot))) == "here");
  CHECK(finish(client.del({key_in(slot), key_in(slot, "none")})) == 2);
}

TEST_CASE("while both nodes send a client to each other, its calls wait, and then go on") {
  constexpr std::uint16_t slot = 15;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  finish(client.set(key_in(slot), "here"));
  group.begin_move(slot, 1);
  group.migrate_keys(slot, 1);
  group.ask(0, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", group.id(1)});
  group.reset_calls();
  auto first = client.get(key_in(slot), use_future);
  auto second = client.set(key_in(slot), "there", use_future);
  auto third = client.get(key_in(slot), use_future);
  REQUIRE(eventually([&] { return group.errors(1, "MOVED") > 0; }));
  group.ask(1, {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", group.id(1)});
  CHECK(value_of(std::move(first)) == "here");
  value_of(std::move(second));
  CHECK(value_of(std::move(third)) == "there");
  group.wait_until_owner(slot, 1);
  group.move_slot(slot, 0);
  group.wait_until_owner(slot, 0);
  CHECK(finish(client.del({key_in(slot)})) == 1);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_half_moved_test
