#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/scan.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Walks over all keys of a cluster whose primaries are replaced in the middle. A server's cursor is
// worthless at its successor.

namespace plimsoll::testing::native_cluster_scan_failover_test {
namespace {

using boost::asio::use_future;
using native::Client;

constexpr std::size_t keys_count = 6'000;
constexpr std::uint16_t slot = 0;  // of the shard that is harmed

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

std::string key_of(std::size_t number) { return "ship:" + std::to_string(number); }

// Each key has reached the replica of its primary.
void fill(Client& client) {
  group().settle();
  for (std::size_t i = 0; i < keys_count; ++i) {
    auto set = client.set(key_of(i), "x", use_future);
    if (i % 500 == 0 || i + 500 > keys_count) value_of(std::move(set));
  }
  for (std::size_t i = 0; i < group().primaries_count(); ++i) {
    const std::uint16_t any = static_cast<std::uint16_t>(i * 5461 + 100);
    value_of(client.set(key_in(any), "x", use_future));
  }
  group().settle();
  for (std::size_t node = 0; node < group().nodes_count(); ++node) {
    group().try_to_ask(node, {"WAIT", "1", "10000"});
  }
}

// Calls `strike` once, before page `at`, and returns how many keys were not found.
std::size_t missing(Client& client, std::size_t at, const std::function<void()>& strike) {
  std::set<std::string> found;
  native::ScanOptions options;
  options.count = 100;
  options.pattern = "ship:*";
  native::KeyScan scan(client, options);
  std::size_t pages = 0;
  for (;;) {
    if (pages++ == at) strike();
    auto page = value_of(scan.next(use_future));
    if (!page) break;
    for (std::string& key : *page) found.insert(std::move(key));
  }
  CHECK(pages > at);
  return keys_count - found.size();
}

TEST_CASE("a walk misses no key through failovers that are asked for, to and back") {
  Client client = member_of(group());
  fill(client);
  CHECK(missing(client, 12,
                [] { group().fail_over(group().replica_of(group().owner_of(slot))); }) == 0);
  group().settle();
  CHECK(missing(client, 10, [] {
          const std::size_t old = group().owner_of(slot);
          group().fail_over(group().replica_of(old));
          group().settle();
          group().fail_over(old);
        }) == 0);
  group().settle();
}

TEST_CASE("a walk misses no key through the death of the primary that it is at") {
  Client client = member_of(group());
  fill(client);
  // The second one is not the primary that the walk is at: it is at one that has been done, or not.
  for (const std::size_t at : {6u, 35u}) {
    const std::size_t old = group().owner_of(slot);
    const std::size_t next = group().replica_of(old);
    CHECK(missing(client, at, [old] { group().kill(old); }) == 0);
    group().wait_until_owner(slot, next);
    group().settle();
  }
}

TEST_CASE("a walk misses no key through the death of a primary whose answer is under way") {
  Client client = member_of(group());
  fill(client);
  const std::size_t old = group().owner_of(slot);
  const std::size_t next = group().replica_of(old);
  CHECK(missing(client, 6, [old] { group().freeze(old); }) == 0);
  group().wait_until_owner(slot, next);
  group().settle();
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_scan_failover_test
