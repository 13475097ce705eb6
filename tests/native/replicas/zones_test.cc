#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"
#include "plimsoll/tests/support/replicas.h"

// Reads that go by availability zones.

namespace plimsoll::testing::native_replicas_zones_test {
namespace {

using native::Client;
using native::Options;
using native::ReadFrom;

ReplicaGroup& group() {
  static ReplicaGroup all({.replicas = 3, .zones = {"quay", "east", "west", "west"}});
  return all;
}

Options options_in(const std::string& zone, ReadFrom from) {
  Options options = reading_options(from);
  options.client_az = zone;
  return options;
}

TEST_CASE("az_affinity reads in the client's zone") {
  Client client = reader_of(group(), options_in("west", ReadFrom::az_affinity));
  CHECK(only_these_answer(group(), client, {2, 3}));
  CHECK(known_replica(client, group().address(1))->zone == "east");
  CHECK(known_replica(client, group().address(2))->zone == "west");
}

TEST_CASE("az_affinity reads from any replica if there is none in the client's zone") {
  Client client = reader_of(group(), options_in("quay", ReadFrom::az_affinity));
  CHECK(only_these_answer(group(), client, {1, 2, 3}));
  Client other = reader_of(group(), options_in("nowhere", ReadFrom::az_affinity));
  CHECK(only_these_answer(group(), other, {1, 2, 3}));
}

TEST_CASE(
    "az_affinity_replicas_and_primary prefers a primary in the client's zone to far replicas") {
  const ReadFrom from = ReadFrom::az_affinity_replicas_and_primary;
  Client client = reader_of(group(), options_in("quay", from));
  CHECK(only_these_answer(group(), client, {0}));
  Client near = reader_of(group(), options_in("east", from));
  CHECK(only_these_answer(group(), near, {1}));
  Client nowhere = reader_of(group(), options_in("nowhere", from));
  CHECK(only_these_answer(group(), nowhere, {1, 2, 3}));
}

TEST_CASE("when the replicas of the client's zone are gone, others are read") {
  ReplicaGroup own({.replicas = 2, .zones = {"quay", "east", "west"}});
  Client client = reader_of(own, options_in("east", ReadFrom::az_affinity));
  CHECK(only_these_answer(own, client, {1}));
  own.detach(1);
  CHECK(only_these_answer(own, client, {2}));
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_zones_test
