#include <algorithm>
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

// Primaries that their replicas replace, under load. Replication is asynchronous: what a primary
// that dies has acknowledged may be lost with it, so these tests look at order and at what is told.

namespace plimsoll::testing::native_cluster_failover_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::uint16_t slot = 0;  // of the shard that is harmed
constexpr std::uint16_t other_slot = 16'383;

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

void tell(const Pushes& pushes) {
  for (const std::string& error : pushes.errors()) UNSCOPED_INFO(error);
}

// Lists that nobody has used before.
std::string new_list(std::uint16_t in) {
  static int count = 0;
  return key_in(in, "list" + std::to_string(++count));
}

void check_order(const Pushes& pushes) {
  const Pushes::Verdict verdict = pushes.verdict(group());
  CHECK(verdict.inversions == 0);
  CHECK(verdict.twice == 0);
  CHECK(verdict.phantoms == 0);
}

void check_untouched(Pushes& pushes) {
  REQUIRE(pushes.stop());
  tell(pushes);
  CHECK(pushes.refused() == 0);
  CHECK(pushes.in_doubt() == 0);
  CHECK(pushes.verdict(group()) == Pushes::Verdict{});
}

TEST_CASE("a failover that was asked for costs no call, nor its order") {
  group().settle();
  Client client = member_of(group());
  Pushes pushes(client, {.lists = {new_list(slot)}, .callers = 2});
  Pushes others(client, {.lists = {new_list(other_slot)}});
  // To and back: within two node timeouts nobody votes for a successor of the same primary again.
  for (int i = 0; i < 2; ++i) {
    REQUIRE(pushes.go_on());
    const std::size_t old = group().owner_of(slot);
    group().fail_over(group().replica_of(old));
    REQUIRE(pushes.go_on());
    group().settle();
    CHECK(group().owner_of(slot) != old);
  }
  check_untouched(pushes);
  check_untouched(others);
}

TEST_CASE("a primary that is killed costs what it owed, which is told, and calls go on") {
  group().settle();
  Client client = member_of(group());
  constexpr std::size_t window = 64;
  Pushes pushes(client, {.lists = {new_list(slot)}, .callers = 2, .window = window});
  Pushes others(client, {.lists = {new_list(other_slot)}});
  REQUIRE(pushes.go_on());
  const std::size_t old = group().owner_of(slot);
  group().kill(old);
  REQUIRE(others.go_on(5000));
  REQUIRE(pushes.go_on(5000));
  CHECK(group().owner_of(slot) != old);
  // It comes back as a replica of the new primary.
  group().settle();
  REQUIRE(pushes.go_on());
  REQUIRE(pushes.stop());
  tell(pushes);
  CHECK(pushes.refused() == 0);
  // No more than were under way.
  CHECK(pushes.in_doubt() <= 2 * window);
  for (const ErrorCode code : pushes.error_codes()) CHECK(code == ErrorCode::lost_in_doubt);
  check_order(pushes);
  check_untouched(others);
}

TEST_CASE("a replica that takes over without asking anybody is followed") {
  group().settle();
  Client client = member_of(group());
  Pushes pushes(client, {.lists = {new_list(slot)}, .callers = 2});
  REQUIRE(pushes.go_on());
  const std::size_t old = group().owner_of(slot);
  const std::size_t now = group().replica_of(old);
  group().fail_over(now, Takeover::alone);
  group().wait_until_owner(slot, now);
  group().settle();
  REQUIRE(pushes.go_on());
  REQUIRE(pushes.stop());
  tell(pushes);
  CHECK(pushes.refused() == 0);
  check_order(pushes);
}

TEST_CASE("calls that come while a shard has no primary wait for the next one") {
  group().settle();
  Client client = member_of(group());
  const std::string key = key_in(slot, "waited for");
  finish(client.set(key, "0"));
  group().kill(group().owner_of(slot));
  for (int i = 0; i < 20; ++i) {
    // The first may be in doubt: the client did not know yet.
    const auto written = finish(client.set(key, std::to_string(i), use_future));
    if (!written) CHECK(written.error().executed() == Executed::maybe);
  }
  CHECK(finish(client.get(key)) == "19");
}

TEST_CASE("the main connection's server may die: another node takes its place") {
  group().settle();
  Client client = member_of(group());
  const std::size_t main = group().index_of(client.statistics().server);
  CHECK(finish(client.command<std::string>("CLUSTER", "MYID")) == group().id(main));
  auto sub = finish(client.subscribe({"news"}));
  group().kill(main);
  REQUIRE(eventually([&] {
    const auto answer = finish(client.command<std::string>({"CLUSTER", "MYID"}, use_future));
    return answer && *answer != group().id(main);
  }));
  for (const std::uint16_t each : {slot, other_slot}) {
    REQUIRE(eventually(
        [&] { return finish(client.set(key_in(each), "here", use_future)).has_value(); }));
    CHECK(finish(client.get(key_in(each))) == "here");
  }
  // The subscription is made again, too.
  REQUIRE(eventually([&] {
    const auto published = finish(client.publish("news", "here", use_future));
    return published && *published > 0;
  }));
  CHECK(finish(sub.next()).value().payload == "here");
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_failover_test
