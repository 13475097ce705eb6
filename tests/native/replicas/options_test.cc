#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/use_future.hpp>
#include <catch2/catch_test_macros.hpp>

#include "plimsoll/client.h"
#include "plimsoll/client_side_cache.h"
#include "plimsoll/tests/native/connected.h"
#include "plimsoll/tests/native/replicas/world.h"

// Options that do not go together, each with its text. No server is asked.

namespace plimsoll::testing::native_replicas_options_test {
namespace {

using boost::asio::use_future;
using native::Options;
using native::ReadFrom;
using namespace std::chrono_literals;

Options reading(ReadFrom from = ReadFrom::prefer_replica) {
  Options options;
  options.read_from = from;
  return options;
}

std::string refusal(Options options, const std::string& url = "valkey://127.0.0.1:1") {
  const native::Error error = error_of(native::connect(url, std::move(options), use_future));
  CHECK(error.code() == ErrorCode::invalid_option);
  CHECK(error.executed() == Executed::no);
  return error.what();
}

TEST_CASE("reads from replicas do not go with a bridge, or a cache by prefixes") {
  Options options = reading();
  native::ClientSideCacheOptions wanted;
  wanted.max_cache_kb = 64;
  wanted.broadcast_prefixes = {"user:"};
  options.client_side_cache = native::ClientSideCache::create(wanted).value();
  CHECK(refusal(options) ==
        "invalid_option: the client_side_cache has broadcast_prefixes, and read_from names "
        "replicas; expected a client_side_cache without broadcast_prefixes; or primary as "
        "read_from");
  CHECK(refusal(reading(), "ws://127.0.0.1:1") ==
        "invalid_option: read_from names replicas, and the address is that of a bridge; expected "
        "primary as read_from");
}

TEST_CASE("client_az goes with a choice by zones, and that with client_az") {
  for (const ReadFrom from : {ReadFrom::az_affinity, ReadFrom::az_affinity_replicas_and_primary}) {
    CHECK(refusal(reading(from)) ==
          "invalid_option: read_from goes by zones, and client_az is empty; expected the zone in "
          "which the client runs, as the servers' availability-zone has it");
  }
  for (const ReadFrom from :
       {ReadFrom::primary, ReadFrom::prefer_replica, ReadFrom::lowest_latency}) {
    Options options = reading(from);
    options.client_az = "east";
    CHECK(refusal(options) ==
          "invalid_option: client_az is given, and read_from does not go by zones; expected "
          "az_affinity or az_affinity_replicas_and_primary as read_from");
  }
  for (const std::string& zone : {std::string(64, 'z'), std::string("east\n")}) {
    Options options = reading(ReadFrom::az_affinity);
    options.client_az = zone;
    CHECK(refusal(options) ==
          "invalid_option: client_az is too long, or has a special character; expected printable "
          "ASCII, 63 bytes at most");
  }
}

TEST_CASE("replica_lag_max has a lower bound") {
  Options options = reading();
  options.replica_lag_max = 99ms;
  CHECK(refusal(options) ==
        "invalid_option: replica_lag_max is too short; expected 100 ms or more");
}

TEST_CASE("replicas need connections, too") {
  Options options = reading();
  options.blocking_connections_max = 24;
  CHECK(refusal(options) ==
        "invalid_option: blocking_connections_max and subscriptions_max are too large together; "
        "expected 39 or less, because replicas and sentinels take 24 connections");
}

}  // namespace
}  // namespace plimsoll::testing::native_replicas_options_test
