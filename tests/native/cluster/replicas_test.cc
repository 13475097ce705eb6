#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/cluster/reading_world.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Clients of a cluster that read from replicas, while slots move and nodes end.

namespace plimsoll::testing::native_cluster_replicas_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Options;
using Replica = native::Topology::Replica;
using namespace std::chrono_literals;

constexpr std::uint16_t slots[] = {0, 8000, 16'383};  // one of each primary
constexpr std::uint16_t slot = 0;                     // of the shard that is harmed

ClusterGroup& group() {
  static ClusterGroup all(group_with_replicas());
  return all;
}

bool reads_all_slots(Client& client, const ClusterGroup& of) {
  return std::all_of(std::begin(slots), std::end(slots), [&](std::uint16_t each) {
    return comes_to_read(client, each, of.address(of.replica_of(of.owner_of(each))));
  });
}

// Each key is read right behind its write, and again once that is acknowledged.
void check_own_writes(Client& client, std::size_t count, const std::string& value) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string key = "own" + std::to_string(i);
    auto written = client.set(key, value, use_future);
    CHECK(value_of(client.get(key, use_future)) == value);
    value_of(std::move(written));
    CHECK(finish(client.get(key)) == value);
  }
}

TEST_CASE("reads are answered by the replicas of their slots, and see what was just written") {
  settle(group());
  Options options = reading_options();
  options.protocol = GENERATE(native::Protocol::resp3, native::Protocol::resp2);
  Client client = connected(group().url(), options);
  REQUIRE(reads_all_slots(client, group()));
  check_own_writes(client, 100, options.protocol == native::Protocol::resp3 ? "three" : "two");

  const native::Topology topology = client.topology();
  CHECK(topology.kind == native::Topology::Kind::cluster);
  CHECK(topology.nodes.size() == 3);
  CHECK(topology.replicas.size() == 3);
  CHECK(topology.replicas_problem.empty());
  for (const std::uint16_t each : slots) {
    const std::size_t owner = group().owner_of(each);
    const auto found = known_replica(client, group().address(group().replica_of(owner)));
    REQUIRE(found);
    CHECK(found->primary == group().address(owner));
    CHECK(found->reads > 0);
    CHECK(found->latency > 0ns);
    CHECK(found->zone.empty());
  }
  const native::Statistics statistics = client.statistics();
  CHECK(statistics.client.replicas.reads > 0);
  CHECK(statistics.client.replicas.rounds > 0);
  CHECK(statistics.client.replicas.left_out == 0);
  CHECK(statistics.client.cluster.moved == 0);
}

TEST_CASE("the servers count the reads where the client does") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  REQUIRE(reads_all_slots(client, group()));
  const std::string replica = group().address(group().replica_of(group().owner_of(slot)));
  group().reset_calls();
  const std::uint64_t before = known_replica(client, replica)->reads;
  for (int i = 0; i < 50; ++i) read(client, slot);
  const std::uint64_t reads = known_replica(client, replica)->reads - before;
  CHECK(reads > 0);
  CHECK(group().calls(group().index_of(replica), "get") == reads);
}

TEST_CASE("a client that does not ask for it reads nothing from a cluster's replicas") {
  settle(group());
  Client client = member_of(group());
  const std::size_t replica = group().replica_of(group().owner_of(slot));
  group().reset_calls();
  for (int i = 0; i < 20; ++i) read(client, slot);
  CHECK(group().calls(replica, "get") == 0);
  CHECK(client.topology().replicas.empty());
}

TEST_CASE("replicas that no read has needed are idle") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  const std::size_t owner = group().owner_of(slot);
  REQUIRE(comes_to_read(client, slot, group().address(group().replica_of(owner))));
  const auto other =
      known_replica(client, group().address(group().replica_of(group().owner_of(16'383))));
  REQUIRE(other);
  CHECK(other->state == Replica::State::idle);
  CHECK(other->reads == 0);
}

TEST_CASE("an address that does not tell of the cluster is enough, also that of a replica") {
  settle(group());
  const std::size_t node = GENERATE(as<std::size_t>(), 0, 4);
  Options options = reading_options();
  options.topology = GENERATE(TopologyChoice::automatic, TopologyChoice::cluster);
  Client client = connected("valkey://" + group().address(node), options);
  CHECK(client.topology().kind == native::Topology::Kind::cluster);
  REQUIRE(reads_all_slots(client, group()));
  check_own_writes(client, 100, "found" + std::to_string(node));
}

TEST_CASE("a slot that moves key by key costs no read, and no value") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  REQUIRE(reads_all_slots(client, group()));
  constexpr std::size_t keys = 30;
  const auto key = [](std::size_t i) { return key_in(slot, "moved" + std::to_string(i)); };
  for (std::size_t i = 0; i < keys; ++i) finish(client.set(key(i), std::to_string(i)));
  // Replicas have all of it, and are read.
  REQUIRE(comes_to_read(client, slot, group().address(group().replica_of(group().owner_of(slot)))));
  const auto check_all = [&](const std::string& when) {
    INFO(when);
    for (std::size_t i = 0; i < keys; ++i) CHECK(finish(client.get(key(i))) == std::to_string(i));
  };
  const std::size_t from = group().owner_of(slot);
  const std::size_t to = group().owner_of(8000);
  group().begin_move(slot, to);
  check_all("before the first key has left");
  for (std::size_t moved = 0; moved < keys; moved += 5) {
    REQUIRE(group().migrate_keys(slot, to, 5) > 0);
    check_all("after some keys have left");
  }
  group().finish_move(slot, to, SlotOrder::target_first);
  check_all("after the move");
  // Now the new owner's replica is read.
  CHECK(comes_to_read(client, slot, group().address(group().replica_of(to))));
  check_all("from the new owner's replica");
  finish(client.set(key(0), "0"));
  group().move_slot(slot, from);
  check_all("after the way back");
}

TEST_CASE("a replica that is killed costs no read, and is read again when it is back") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  REQUIRE(reads_all_slots(client, group()));
  finish(client.set(key_in(slot), "here"));
  const std::size_t victim = group().replica_of(group().owner_of(slot));
  const std::string address = group().address(victim);
  REQUIRE(comes_to_read(client, slot, address));
  std::vector<std::future<native::Result<std::optional<std::string>>>> reads;
  for (int i = 0; i < 50; ++i) reads.push_back(client.get(key_in(slot), use_future));
  group().kill(victim);
  for (int i = 0; i < 50; ++i) reads.push_back(client.get(key_in(slot), use_future));
  for (auto& each : reads) CHECK(value_of(std::move(each)) == "here");
  CHECK_FALSE(is_ready(client, address));
  CHECK(finish(client.get(key_in(slot))) == "here");
  check_own_writes(client, 100, "without it");
  settle(group());
  CHECK(comes_to_read(client, slot, address));
}

TEST_CASE("replicas answer while their primary is dead, and nobody has replaced it") {
  ClusterGroup own({.primaries = 1,
                    .replicas = 2,
                    .node_timeout = 60'000ms,
                    .arguments = {"--repl-ping-replica-period", "1"}});
  settle(own, 2);
  Client client = connected(own.url(), reading_options());
  finish(client.set(key_in(slot), "here"));
  REQUIRE(comes_to_read(client, slot, own.address(1)));
  REQUIRE(comes_to_read(client, slot, own.address(2)));
  // The key, too, is read from replicas: they are proved to have it.
  const auto calls = [&] { return own.calls(1, "get") + own.calls(2, "get"); };
  const std::uint64_t before = calls();
  REQUIRE(eventually([&] {
    CHECK(finish(client.get(key_in(slot))) == "here");
    return calls() > before;
  }));
  own.kill(0);
  for (int i = 0; i < 100; ++i) CHECK(finish(client.get(key_in(slot))) == "here");
}

TEST_CASE("a primary that is killed is replaced, and then all is read and written as before") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  REQUIRE(reads_all_slots(client, group()));
  const std::size_t old = group().owner_of(slot);
  const std::size_t next = group().replica_of(old);
  group().kill(old);
  for (int i = 0; i < 50; ++i) {
    for (const std::uint16_t each : slots) read(client, each);
  }
  group().wait_until_owner(slot, next);
  const auto written = finish(client.set(key_in(slot), "later", use_future));
  // The client may have sent it to the old one.
  if (!written) CHECK(written.error().executed() == Executed::maybe);
  check_own_writes(client, 100, "after the failover");
  // The old one comes back as a replica, and is read as one.
  settle(group());
  Client later = connected(group().url(), reading_options());
  CHECK(comes_to_read(later, slot, group().address(old)));
  const auto found = known_replica(later, group().address(old));
  REQUIRE(found);
  CHECK(found->primary == group().address(next));
  check_own_writes(later, 100, "from the old primary");
}

TEST_CASE("a failover that was asked for costs no read its own write") {
  settle(group());
  // A primary that hands over says nothing for a while. On a busy machine that may be the second
  // after which a node without slots is left: then its reads go on, and a write is in doubt.
  Options options = reading_options();
  options.read_resends_max = 1;
  Client client = connected(group().url(), options);
  REQUIRE(reads_all_slots(client, group()));
  const std::string key = key_in(slot, "counted");
  finish(client.set(key, "0"));
  int count = 0;
  const auto write_and_read = [&] {
    ++count;
    auto set = client.set(key, std::to_string(count), use_future);
    auto get = client.get(key, use_future);
    const auto written = finish(std::move(set));
    const auto seen = value_of(std::move(get));
    if (!written) {
      CHECK(written.error().code() == ErrorCode::lost_in_doubt);
      return;
    }
    CHECK(seen == std::to_string(count));
    CHECK(finish(client.get(key)) == std::to_string(count));
  };
  for (int i = 0; i < 2; ++i) {
    const std::size_t old = group().owner_of(slot);
    auto failover =
        std::async(std::launch::async, [&] { group().fail_over(group().replica_of(old)); });
    while (failover.wait_for(0s) != std::future_status::ready) write_and_read();
    failover.get();
    for (int more = 0; more < 50; ++more) write_and_read();
    settle(group());
    CHECK(comes_to_read(client, slot, group().address(old)));
    write_and_read();
  }
}

TEST_CASE("what was written on an exclusive connection is read back") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  REQUIRE(reads_all_slots(client, group()));
  auto own = finish(client.exclusive());
  const std::string key = key_in(slot, "own");
  for (int i = 0; i < 100; ++i) {
    finish(own.set(key, std::to_string(i)));
    REQUIRE(finish(client.get(key)) == std::to_string(i));
  }
}

TEST_CASE("reads leave a frozen replica, also when the cluster does not name it any more") {
  settle(group());
  Client client = connected(group().url(), reading_options());
  const std::string key = key_in(slot, "frozen");
  finish(client.set(key, "here"));
  const std::size_t replica = group().replica_of(group().owner_of(slot));
  REQUIRE(comes_to_read(client, slot, group().address(replica)));
  REQUIRE(eventually_while_reading(client, slot, [&] {
    const std::uint64_t before = known_replica(client, group().address(replica))->reads;
    CHECK(finish(client.get(key)) == "here");
    return known_replica(client, group().address(replica))->reads > before;
  }));
  group().freeze(replica);
  auto first = client.get(key, use_future);
  auto second = client.get(key, use_future);
  CHECK(value_of(std::move(first)) == "here");
  CHECK(value_of(std::move(second)) == "here");
  group().thaw(replica);
  settle(group());
  CHECK(comes_to_read(client, slot, group().address(replica)));
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_replicas_test
