#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/pushes.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Primaries that fall silent with their connections open, and are replaced meanwhile.

namespace plimsoll::testing::native_cluster_frozen_test {
namespace {

using boost::asio::use_future;
using native::Client;
using namespace std::chrono_literals;

constexpr std::uint16_t slot = 0;
constexpr std::uint16_t other_slot = 16'383;

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

// A silent node is found out by requests that end by their time.
native::Options watchful_options() {
  native::Options options = cluster_options();
  options.request_timeout = 500ms;
  options.tombstone_age_max = 500ms;
  options.health_check_interval = 500ms;
  return options;
}

TEST_CASE("a primary that is frozen is left for its successor while it is still frozen") {
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::string list = key_in(slot, "list");
  Pushes pushes(client, {.lists = {list}, .callers = 2});
  Pushes others(client, {.lists = {key_in(other_slot, "list")}});
  REQUIRE(pushes.go_on());
  const std::size_t old = group().owner_of(slot);
  group().freeze(old);
  REQUIRE(others.go_on(5000));
  REQUIRE(pushes.go_on(5000));
  CHECK_FALSE(group().is_running(old));

  // What lay in its socket is run when it wakes, and is gone when it follows the new primary.
  group().thaw(old);
  group().settle();
  REQUIRE(pushes.go_on());
  REQUIRE(pushes.stop());
  for (const std::string& error : pushes.errors()) UNSCOPED_INFO(error);
  const Pushes::Verdict verdict = pushes.verdict(group());
  CHECK(verdict.inversions == 0);
  CHECK(verdict.twice == 0);
  CHECK(verdict.phantoms == 0);
  REQUIRE(others.stop());
  for (const std::string& error : others.errors()) UNSCOPED_INFO(error);
  CHECK(others.verdict(group()) == Pushes::Verdict{});
}

TEST_CASE("a frozen main connection's server does not stop calls with keys") {
  group().settle();
  Client client = connected(group().url(), watchful_options());
  const std::size_t main = group().index_of(client.statistics().server);
  std::uint16_t elsewhere = slot;
  if (group().owner_of(slot) == main) elsewhere = other_slot;
  finish(client.set(key_in(elsewhere), "before"));
  group().freeze(main);
  for (int i = 0; i < 100; ++i) {
    value_of(client.set(key_in(elsewhere), std::to_string(i), use_future));
  }
  REQUIRE(eventually([&] {
    return finish(client.command<std::string>({"ECHO", "here"}, use_future)).has_value();
  }));
  CHECK(client.statistics().server != group().address(main));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_frozen_test
