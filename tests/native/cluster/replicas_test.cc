#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/cluster/world.h"
#include "plimsoll/tests/native/connected.h"

// Reads from the replicas of a real cluster: whatever becomes of slots and nodes, a read sees what
// the same client has written, and no call fails.

namespace plimsoll::testing::native_cluster_replicas_test {
namespace {

using boost::asio::use_future;
using native::Client;
using native::Topology;
using ReplicaState = Topology::Replica::State;

constexpr std::uint16_t slot = 0;

ClusterGroup& group() {
  static ClusterGroup all({.replicas = 1, .arguments = {"--cluster-require-full-coverage", "no"}});
  return all;
}

native::Options reading() {
  native::Options options = cluster_options();
  options.read_from = native::ReadFrom::prefer_replica;
  return options;
}

Client reader() { return connected(group().url(), reading()); }

std::uint64_t replica_reads(const Client& client) {
  return client.statistics().client.replicas.reads;
}

// Reads the key until a replica has answered so many more reads. All see the same.
bool is_read_at_replicas(Client& client, const std::string& key, const std::string& value,
                         std::uint64_t more = 10) {
  const std::uint64_t before = replica_reads(client);
  return eventually([&] {
    REQUIRE(finish(client.get(key)) == value);
    return replica_reads(client) >= before + more;
  });
}

Topology::Replica replica_at(const Client& client, const std::string& address) {
  const Topology topology = client.topology();
  const auto found = std::find_if(topology.replicas.begin(), topology.replicas.end(),
                                  [&](const auto& each) { return each.address == address; });
  return found == topology.replicas.end() ? Topology::Replica() : *found;
}

TEST_CASE("replicas of a cluster are read, and topology says which") {
  group().settle();
  const bool is_told = GENERATE(true, false);
  const std::string url = group().url();
  Client client = connected(is_told ? url : "valkey" + url.substr(url.find("://")), reading());
  const std::string key = key_in(slot, is_told ? "told" : "found");
  finish(client.set(key, "here"));
  const std::size_t owner = group().owner_of(slot);
  const std::string address = group().address(group().replica_of(owner));
  REQUIRE(is_read_at_replicas(client, key, "here"));
  const Topology::Replica known = replica_at(client, address);
  CHECK(known.state == ReplicaState::ready);
  CHECK(known.reads >= 10);
  CHECK(known.primary == group().address(owner));
  CHECK(known.problem.empty());
  CHECK(client.topology().replicas.size() == 3);
  CHECK(client.topology().nodes.size() == 3);
  CHECK(client.topology().replicas_problem.empty());
  // No read has needed the others.
  for (const Topology::Replica& each : client.topology().replicas) {
    if (each.address != address) CHECK(each.state == ReplicaState::idle);
  }
}

TEST_CASE("what was just written is read back, on whichever connection it was written") {
  group().settle();
  Client client = reader();
  const std::string key = key_in(slot, "own");
  finish(client.set(key, "0"));
  REQUIRE(is_read_at_replicas(client, key, "0"));
  for (int i = 0; i < 300; ++i) {
    const std::string value = std::to_string(i);
    finish(client.set(key, value));
    REQUIRE(finish(client.get(key)) == value);
  }
  auto own = finish(client.exclusive());
  for (int i = 0; i < 100; ++i) {
    const std::string value = "own" + std::to_string(i);
    finish(own.set(key, value));
    REQUIRE(finish(client.get(key)) == value);
  }
  CHECK(client.statistics().client.replicas.reads_behind > 0);
}

TEST_CASE("a slot that goes to and fro is read through all of it") {
  group().settle();
  Client client = reader();
  const std::string key = key_in(slot, "moved");
  finish(client.set(key, "start"));
  REQUIRE(is_read_at_replicas(client, key, "start"));
  const std::size_t first = group().owner_of(slot);
  const std::size_t second = (first + 1) % 3;
  int count = 0;
  for (const std::size_t to : {second, first, second, first}) {
    group().begin_move(slot, to);
    for (int i = 0; i < 20; ++i) {
      const std::string value = std::to_string(++count);
      finish(client.set(key, value));
      REQUIRE(finish(client.get(key)) == value);
    }
    group().move_slot(slot, to);
    for (int i = 0; i < 20; ++i) {
      const std::string value = std::to_string(++count);
      finish(client.set(key, value));
      REQUIRE(finish(client.get(key)) == value);
    }
    REQUIRE(is_read_at_replicas(client, key, std::to_string(count), 3));
  }
}

TEST_CASE("a replica that is killed costs no call, and is read again") {
  group().settle();
  Client client = reader();
  const std::string key = key_in(slot, "lost");
  finish(client.set(key, "here"));
  REQUIRE(is_read_at_replicas(client, key, "here"));
  const std::size_t replica = group().replica_of(group().owner_of(slot));
  group().kill(replica);
  for (int i = 0; i < 200; ++i) REQUIRE(finish(client.get(key)) == "here");
  group().settle();
  REQUIRE(is_read_at_replicas(client, key, "here"));
}

TEST_CASE("reads leave a frozen replica, also when the cluster does not name it any more") {
  group().settle();
  native::Options options = reading();
  // Half of it is longer than the nodes wait before they leave out the replica.
  options.request_timeout = std::chrono::seconds(40);
  Client client = connected(group().url(), options);
  const std::string key = key_in(slot, "frozen");
  finish(client.set(key, "here"));
  REQUIRE(is_read_at_replicas(client, key, "here"));
  const std::size_t replica = group().replica_of(group().owner_of(slot));
  group().freeze(replica);
  auto first = client.get(key, use_future);
  auto second = client.get(key, use_future);
  CHECK(value_of(std::move(first)) == "here");
  CHECK(value_of(std::move(second)) == "here");
  group().thaw(replica);
  group().settle();
  REQUIRE(is_read_at_replicas(client, key, "here"));
}

TEST_CASE("after a failover the new primary's replica is read") {
  group().settle();
  Client client = reader();
  const std::string key = key_in(slot, "failed over");
  finish(client.set(key, "before"));
  REQUIRE(is_read_at_replicas(client, key, "before"));
  const std::size_t old = group().owner_of(slot);
  group().fail_over(group().replica_of(old));
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(i);
    finish(client.set(key, value));
    REQUIRE(finish(client.get(key)) == value);
  }
  group().settle();
  REQUIRE(is_read_at_replicas(client, key, "99"));
  CHECK(replica_at(client, group().address(old)).reads > 0);
}

TEST_CASE("a cache and replicas of a cluster do not go together yet") {
  native::Options options = reading();
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 64;
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  const native::Error error = refusal(group().url(), std::move(options));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK(std::string(error.what()).find("client_side_cache") != std::string::npos);
}

}  // namespace
}  // namespace plimsoll::testing::native_cluster_replicas_test
