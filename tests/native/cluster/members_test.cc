#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/pushes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Nodes that come back, come empty, or leave.

namespace plimsoll::testing::native_cluster_members_test {
namespace {

using boost::asio::use_future;
using native::Client;

// Long enough that nobody takes a dead node for failed.
ClusterGroupOptions patient_group(std::size_t primaries) {
  return {.primaries = primaries, .node_timeout = std::chrono::milliseconds(60'000)};
}

TEST_CASE("a node that starts again, empty, serves its slots, and calls wait for it") {
  ClusterGroup group(patient_group(2));
  Client client = member_of(group);
  finish(client.set(key_in(0), "here"));
  finish(client.set(key_in(16'383), "there"));
  group.kill(0);
  auto waiting = client.get(key_in(0), use_future);
  CHECK(finish(client.get(key_in(16'383))) == "there");
  group.restart(0);
  // Written to a connection of which the client did not know yet that it was lost, or not.
  const auto answer = finish(std::move(waiting));
  if (answer) CHECK(*answer == std::nullopt);
  CHECK(finish(client.get(key_in(0))) == std::nullopt);
  finish(client.set(key_in(0), "again"));
  CHECK(finish(client.get(key_in(0))) == "again");
}

TEST_CASE("all nodes may start again at once") {
  ClusterGroup group(patient_group(3));
  Client client = member_of(group);
  for (const std::uint16_t slot : {0, 8000, 16'383}) finish(client.set(key_in(slot), "here"));
  for (std::size_t i = 0; i < 3; ++i) group.kill(i);
  for (std::size_t i = 0; i < 3; ++i) group.restart(i);
  for (const std::uint16_t slot : {0, 8000, 16'383}) {
    REQUIRE(eventually(
        [&] { return finish(client.set(key_in(slot), "again", use_future)).has_value(); }));
    CHECK(finish(client.get(key_in(slot))) == "again");
  }
}

TEST_CASE("a node that was taken out of the cluster, and still answers, is left") {
  ClusterGroup group(patient_group(2));
  // The only node that the client was told of, so its main connection is there.
  Client client = connected(group.url({0}), cluster_options());
  const std::string list = key_in(0, "list");
  Pushes pushes(client, {.lists = {list, key_in(16'383, "list")}});
  REQUIRE(pushes.go_on());
  group.move_slot(slot_of(list), 1);
  group.give_empty_slots(0, 1);
  REQUIRE(pushes.go_on());
  group.remove(0);
  REQUIRE(pushes.go_on(5000));
  for (const std::uint16_t slot : {0, 4000, 8191, 16'383}) {
    value_of(client.set(key_in(slot), "here", use_future));
    CHECK(value_of(client.get(key_in(slot), use_future)) == "here");
  }
  REQUIRE(pushes.stop());
  for (const std::string& error : pushes.errors()) UNSCOPED_INFO(error);
  CHECK(pushes.refused() == 0);
  CHECK(pushes.in_doubt() == 0);
  CHECK(pushes.verdict(group) == Pushes::Verdict{});
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_members_test
