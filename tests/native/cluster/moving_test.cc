#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/pushes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Slots that move while callers use them. None of the calls may fail, nor be run in another order,
// nor twice.

namespace plimsoll::testing::native_cluster_moving_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::size_t keys_per_slot = 20;

void check_clean(Pushes& pushes, const ClusterGroup& group) {
  REQUIRE(pushes.stop());
  for (const std::string& error : pushes.errors()) UNSCOPED_INFO(error);
  CHECK(pushes.refused() == 0);
  CHECK(pushes.in_doubt() == 0);
  const Pushes::Verdict verdict = pushes.verdict(group);
  CHECK(verdict.inversions == 0);
  CHECK(verdict.twice == 0);
  CHECK(verdict.lost == 0);
  CHECK(verdict.phantoms == 0);
}

TEST_CASE("forty slots go to and fro under two callers who await nothing") {
  constexpr std::uint16_t first = 200;
  constexpr std::uint16_t slots_moved = 40;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  std::vector<std::string> lists;
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    lists.push_back(key_in(slot, "list"));
    for (std::size_t i = 0; i < keys_per_slot; ++i) {
      value_of(client.set(key_in(slot, std::to_string(i)), std::to_string(i), use_future));
    }
  }
  group.reset_calls();
  Pushes pushes(client, {.lists = lists, .callers = 2});
  REQUIRE(pushes.go_on());
  for (const std::size_t to : {1u, 2u, 0u}) {
    for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
      group.move_slot(slot, to);
      const std::size_t any = slot % keys_per_slot;
      CHECK(finish(client.get(key_in(slot, std::to_string(any)))) == std::to_string(any));
    }
    REQUIRE(pushes.go_on());
  }
  // They were in use while they moved.
  CHECK(errors_of(group, "MOVED") >= slots_moved);
  check_clean(pushes, group);
  for (std::uint16_t slot = first; slot < first + slots_moved; ++slot) {
    for (std::size_t i = 0; i < keys_per_slot; ++i) {
      CHECK(finish(client.get(key_in(slot, std::to_string(i)))) == std::to_string(i));
    }
  }
}

TEST_CASE("one slot goes to and fro forty times under one caller who awaits nothing") {
  constexpr std::uint16_t slot = 300;
  const auto order = GENERATE(SlotOrder::target_first, SlotOrder::source_first);
  INFO(
      (order == SlotOrder::target_first ? "the target is told first" : "the source is told first"));
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  const std::string name = key_in(slot, order == SlotOrder::target_first ? "one" : "two");
  group.reset_calls();
  Pushes pushes(client, {.lists = {name}, .window = 256});
  for (std::size_t i = 0; i < 40; ++i) {
    REQUIRE(pushes.go_on(1000));
    group.move_slot(slot, i % 2 == 0 ? 1 : 0, order);
  }
  REQUIRE(pushes.go_on(1000));
  CHECK(errors_of(group, "MOVED") >= 40);
  check_clean(pushes, group);
  group.wait_until_owner(slot, 0);
}

// Both kinds of redirects in one pipeline: the list may be here or there.
TEST_CASE("a slot is opened, left half way and called off again and again under load") {
  constexpr std::uint16_t slot = 301;
  ClusterGroup& group = shared_cluster();
  Client client = member_of(group);
  group.reset_calls();
  // A list that is made anew is made at the target.
  std::vector<std::string> lists;
  for (int i = 0; i < 8; ++i) lists.push_back(key_in(slot, "list" + std::to_string(i)));
  Pushes pushes(client, {.lists = lists, .callers = 2});
  REQUIRE(pushes.go_on());
  for (std::size_t i = 0; i < 10; ++i) {
    const std::size_t to = i % 2 == 0 ? 1 : 0;
    group.begin_move(slot, to);
    REQUIRE(pushes.go_on(200));
    CHECK(group.migrate_keys(slot, to, 5) == 5);
    REQUIRE(pushes.go_on(200));
    group.migrate_keys(slot, to);
    REQUIRE(pushes.go_on(200));
    group.finish_move(slot, to, SlotOrder::target_first);
    group.wait_until_owner(slot, to);
  }
  CHECK(errors_of(group, "ASK") > 0);
  check_clean(pushes, group);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_moving_test
